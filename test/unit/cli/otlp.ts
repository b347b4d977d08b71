/** OTLP as its own .proto files have it (opentelemetry-proto 1.x, metrics/v1), read without the package that wrote it. */

interface Field {
  number: number;
  value: bigint | Buffer;
}

/** Of a message in protocol buffers' wire format: varint, fixed64, length-delimited and fixed32. */
function* fields(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let [result, shift] = [0n, 0n];
    for (;;) {
      const byte = message[at++]!;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
      shift += 7n;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [number, type] = [Number(key >> 3n), Number(key & 7n)];
    if (type === 0) yield { number, value: varint() };
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : Number(varint());
      yield { number, value: message.subarray(at, at + length) };
      at += length;
    }
  }
}

function all(message: Buffer, number: number): Buffer[] {
  return [...fields(message)].flatMap((field) => (field.number === number ? [field.value as Buffer] : []));
}

/** KeyValue: key = 1, value = 2, an AnyValue: string_value = 1. */
function attributesOf(message: Buffer, number: number): Record<string, string> {
  return Object.fromEntries(
    all(message, number).map((pair) => {
      const [value] = all(pair, 2);
      return [all(pair, 1)[0]!.toString(), all(value!, 1)[0]?.toString() ?? ''];
    }),
  );
}

/** Gauges (5) and sums (7) of ResourceMetrics (1) → ScopeMetrics (2) → Metric (2), by their names. */
export function figuresIn(body: Buffer) {
  const figures = new Map<string, { value: number; attributes: Record<string, string> }[]>();
  const [resourceMetrics] = all(body, 1);
  for (const scope of all(resourceMetrics!, 2))
    for (const metric of all(scope, 2)) {
      const points = [...all(metric, 5), ...all(metric, 7)].flatMap((data) => all(data, 1));
      figures.set(
        all(metric, 1)[0]!.toString(),
        points.map((point) => {
          // NumberDataPoint: as_double = 4, as_int = 6, attributes = 7.
          const [double, integer] = [all(point, 4)[0], all(point, 6)[0]];
          const value = double === undefined ? Number(integer!.readBigInt64LE()) : double.readDoubleLE();
          return { value, attributes: attributesOf(point, 7) };
        }),
      );
    }
  return { resource: attributesOf(all(resourceMetrics!, 1)[0]!, 1), figures };
}
