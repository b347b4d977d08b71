import { setImmediate as turn } from 'node:timers/promises';
import type { FieldSchema, FieldType, MetadataValue, PointBatch } from '../../dataset.js';
import { EVERY_TYPE, type FormatWriter, type TableSpec } from '../writer.js';
import { loadArrow } from './load.js';

type Arrow = Awaited<ReturnType<typeof loadArrow>>;

/** Arrow IPC files (Feather version 2): `id`, the fields, and `vector` as a list of fixed size of float32. */
export const arrowWriter: FormatWriter = {
  component: () => 'f4',
  ids: true,
  idWidths: false,
  fields: EVERY_TYPE,
  changed: {},
  queries: 'beside',
  neighbors: 'column',
  metric: false,
  to: {
    kind: 'bytes',
    async open(sink, spec) {
      const arrow = await loadArrow();
      const stream = /\.arrows(\.\w+)?$/i.test(spec.path);
      const writer = stream ? new arrow.RecordBatchStreamWriter() : new arrow.RecordBatchFileWriter();
      const schema = schemaOf(arrow, spec);
      writer.reset(undefined, schema);
      const done = (async () => {
        for await (const chunk of writer) await sink.write(chunk);
      })();
      // A failure is seen by whoever waits for the end.
      done.catch(() => undefined);
      return {
        async write(batch) {
          writer.write(recordBatch(arrow, schema, batch, spec));
          // Lets the bytes be taken before more are made.
          await turn();
        },
        async finish() {
          writer.finish();
          writer.close();
          await done;
        },
        abandon: () => writer.abort(),
      };
    },
  },
};

function schemaOf(arrow: Arrow, { fields, id, dimensions }: TableSpec) {
  const item = new arrow.Field('item', new arrow.Float32(), false);
  return new arrow.Schema([
    ...(id === null ? [] : [new arrow.Field(id, new arrow.Utf8(), false)]),
    ...fields.map(({ name, type, nullable }) => new arrow.Field(name, typeOf(arrow, type), nullable)),
    new arrow.Field('vector', new arrow.FixedSizeList(dimensions, item), false),
  ]);
}

function typeOf(arrow: Arrow, type: FieldType): InstanceType<Arrow['DataType']> {
  if (type.endsWith('[]')) {
    const element = typeOf(arrow, type.slice(0, -2) as FieldType);
    return new arrow.List(new arrow.Field('item', element, false)) as never;
  }
  const types = {
    string: () => new arrow.Utf8(),
    integer: () => new arrow.Int64(),
    float: () => new arrow.Float64(),
    boolean: () => new arrow.Bool(),
    timestamp: () => new arrow.Timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'),
  } as const;
  return types[type as keyof typeof types]() as never;
}

function recordBatch(
  arrow: Arrow,
  schema: InstanceType<Arrow['Schema']>,
  { count, ids, vectors, metadata }: PointBatch,
  { dimensions, fields, id }: TableSpec,
) {
  const texts = id === null ? [] : [arrow.vectorFromArray([...ids], new arrow.Utf8()).data[0]!];
  const columns = fields.map((field) => columnData(arrow, field, metadata![field.name]!));
  const data = Float32Array.from(vectors.subarray(0, count * dimensions));
  const child = arrow.makeData({ type: new arrow.Float32(), length: data.length, nullCount: 0, data });
  const type = schema.fields.at(-1)!.type as InstanceType<Arrow['FixedSizeList']>;
  const list = arrow.makeData({ type, length: count, nullCount: 0, child: child as never });
  const struct = arrow.makeData({
    type: new arrow.Struct(schema.fields),
    length: count,
    nullCount: 0,
    children: [...texts, ...columns, list] as never,
  });
  return new arrow.RecordBatch(schema, struct as never);
}

function columnData(arrow: Arrow, { type }: FieldSchema, values: readonly MetadataValue[]) {
  // The library's builder takes timestamps as milliseconds only.
  if (type === 'integer' || type === 'timestamp') return integers(arrow, typeOf(arrow, type), values);
  const physical =
    type === 'integer[]'
      ? values.map((value) => value && (value as (number | bigint)[]).map(BigInt))
      : values;
  return arrow.vectorFromArray([...physical], typeOf(arrow, type) as never).data[0]!;
}

/** 64-bit values with a bit for each that is not null. */
function integers(arrow: Arrow, type: unknown, values: readonly MetadataValue[]) {
  const data = BigInt64Array.from(values, (value) => BigInt((value ?? 0) as number | bigint));
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 64) * 8);
  let nullCount = 0;
  for (const [i, value] of values.entries()) {
    if (value === null) nullCount++;
    else nullBitmap[i >> 3]! |= 1 << (i & 7);
  }
  return arrow.makeData({
    type: type as never,
    length: values.length,
    nullCount,
    nullBitmap,
    data: data as never,
  });
}
