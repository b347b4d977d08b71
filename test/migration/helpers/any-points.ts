import fc from 'fast-check';
import type { IdKind } from '../../../engines/contract/ids.js';
import type { Point, PointValue } from '../../../engines/contract/points.js';
import { elementsOf, type VectorField, type VectorValue } from '../../../engines/contract/vectors.js';
import { denseArray } from '../../../engines/kit/vectors.js';

/** Points with everything that the contract knows, for the format itself: no engine holds all of it at once. */

export const VECTORS: readonly VectorField[] = [
  { name: 'vector', kind: 'dense', type: 'f32', dimensions: 5, metric: 'cosine' },
  { name: 'half "é"', kind: 'dense', type: 'f16', dimensions: 3, metric: 'l2' },
  { name: 'brain', kind: 'dense', type: 'bf16', dimensions: 3, metric: null },
  { name: 'a.b', kind: 'dense', type: 'int8', dimensions: 4, metric: 'dot' },
  { name: '__proto__', kind: 'dense', type: 'bit', dimensions: 11, metric: 'hamming' },
  { name: 'words', kind: 'sparse', type: 'f32', dimensions: 0, metric: 'dot' },
  { name: 'tokens', kind: 'multi', type: 'f32', dimensions: 2, metric: 'cosine' },
  { name: 'codes', kind: 'multi', type: 'int8', dimensions: 3, metric: 'dot' },
];

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', '\ufeffbom', 'é', 'e\u0301', '\0', '=1+1', '7', '💥', 'x'.repeat(70_000)),
);
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 5e-324, 2 ** 53 - 1, -(2 ** 53) + 1, 1e300, 0.1, 2 ** 60),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
const scalar: fc.Arbitrary<PointValue> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 1n, -(2n ** 63n)),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.array(text, { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b.c', '__proto__', ''), tie('value'), { maxKeys: 2 }),
  ),
}));

/** Fields of one type, of mixed ones, and of names that programs trip over. */
const metadata = fc.dictionary(
  fc.constantFrom('n', 's', 'at', 'id', 'vector', 'metadata', '__proto__', 'constructor', '', 'a.b', 'ä'),
  value as fc.Arbitrary<PointValue>,
  { maxKeys: 6, noNullPrototype: false },
);

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
/** Bits of halves and bfloat16s that are finite numbers. */
const bits = (exponent: number) =>
  fc.integer({ min: 0, max: 0xffff }).filter((each) => (each & exponent) !== exponent);

function numbers({ type, dimensions }: VectorField, rows: number) {
  const length = elementsOf({ type, dimensions }) * rows;
  const size = { minLength: length, maxLength: length };
  const each =
    type === 'f32'
      ? fc.array(float32, size)
      : type === 'f16'
        ? fc.array(bits(0x7c00), size)
        : type === 'bf16'
          ? fc.array(bits(0x7f80), size)
          : fc.array(fc.integer(type === 'bit' ? { min: 0, max: 255 } : { min: -128, max: 127 }), size);
  return each.map((values) => {
    const array = denseArray(type, length);
    array.set(values);
    return array;
  });
}

function vector(field: VectorField): fc.Arbitrary<VectorValue> {
  if (field.kind === 'dense') return numbers(field, 1);
  if (field.kind === 'multi')
    return fc.nat({ max: 3 }).chain((rows) => numbers(field, rows).map((values) => ({ rows, values })));
  return fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 4 }).chain((indices) =>
    fc.array(float32, { minLength: indices.length, maxLength: indices.length }).map((values) => ({
      indices: Uint32Array.from(indices).sort(),
      values: Float32Array.from(values),
    })),
  );
}

const ids: Record<IdKind | 'mixed', fc.Arbitrary<string | bigint>> = {
  u32: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
  u64: fc.oneof(
    fc.constantFrom(2n ** 53n + 1n, 2n ** 64n - 1n, 0n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ),
  string: text,
  uuid: fc.uuid().map((each) => each.toLowerCase()),
  mixed: fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.uuid().map((each) => each.toLowerCase()),
  ),
};

/** Up to `most` points with different ids of a kind; any of the vectors may be absent. */
export function anyPoints(kind: IdKind | 'mixed', most = 12): fc.Arbitrary<Point[]> {
  const vectors = fc
    .tuple(...VECTORS.map((field) => fc.option(vector(field), { nil: undefined })))
    .map((values) => {
      const named = Object.create(null) as Record<string, VectorValue>;
      values.forEach((each, at) => {
        if (each !== undefined) named[VECTORS[at]!.name] = each;
      });
      return named;
    });
  const part = fc.option(text, { nil: undefined });
  const int64 = fc.oneof(
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n),
    fc.bigInt({ min: 0n, max: 2n ** 53n }),
  );
  const instant = fc.option(fc.bigInt({ min: -(2n ** 55n), max: 2n ** 55n }), { nil: undefined });
  const provenance = fc.record(
    {
      model: text,
      modelVersion: text,
      chunking: text,
      language: text,
      created: fc.constantFrom(0n, 1_711_846_799_999_999n),
    },
    { requiredKeys: [] },
  );
  const point: fc.Arbitrary<Point> = fc.record({
    id: ids[kind],
    vectors,
    metadata,
    text: part,
    uri: part,
    tenant: part,
    namespace: part,
    partition: part,
    version: fc.option(int64, { nil: undefined }),
    updated: instant,
    provenance: fc.option(
      provenance.filter((each) => Object.keys(each).length > 0),
      { nil: undefined },
    ),
  });
  return fc.uniqueArray(point, { selector: ({ id }) => id, minLength: 1, maxLength: most });
}
