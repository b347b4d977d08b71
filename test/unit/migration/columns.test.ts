import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIELD_TYPES, type FieldType } from '../../../datasets/dataset.js';
import type { PointColumns } from '../../../engines/contract/columns.js';
import type { Description, Point, PointValue } from '../../../engines/contract/points.js';
import type { VectorField } from '../../../engines/contract/vectors.js';
import { pointsIn } from '../../../engines/kit/columns.js';
import { joinColumns } from '../../../engines/kit/join-columns.js';
import { piecesOf } from '../../../engines/kit/slice-columns.js';
import { CAPABILITIES as LANCEDB } from '../../../engines/lancedb/capabilities.js';
import type { Filter } from '../../../filters/filter.js';
import {
  canonicalBytes,
  canonicalPoint,
  type PointShape,
  samePoints,
} from '../../../migration/export/canonical.js';
import { CanonicalRows } from '../../../migration/export/column-bytes.js';
import type { PartShape } from '../../../migration/export/columns.js';
import { ColumnEncoder } from '../../../migration/export/encoder.js';
import { FieldTypes } from '../../../migration/export/field-types.js';
import { OpenPart } from '../../../migration/export/open-part.js';
import { canReadColumns, readPartColumns } from '../../../migration/export/part-columns.js';
import { readParquetPart } from '../../../migration/export/part-reader.js';
import { pointHash } from '../../../migration/export/row-hash.js';
import { hasPages } from '../../../migration/export/vector-pages.js';
import { applyMapping } from '../../../migration/load/apply.js';
import { columnMapping } from '../../../migration/load/columns.js';
import type { Mapping } from '../../../migration/mapping/mapping.js';
import { Observer } from '../../../migration/mapping/observe.js';
import { expectation } from '../../../migration/verify/expected.js';
import { expectedColumns } from '../../../migration/verify/expected-columns.js';
import { SideTally } from '../../../migration/verify/tally.js';
import { columnsOf } from '../../migration/helpers/columns-of.js';
import { GOLDEN_VECTORS, goldenPoints } from '../../migration/helpers/golden.js';

const FIELDS: Description['fields'] = [
  ...FIELD_TYPES.map((type) => ({ name: `a ${type}`, type, native: type, nullable: true })),
  { name: 'ünnamed', type: null, native: 'any', nullable: true },
];
const TIMESTAMPS = new Set(['a timestamp']);
const VECTORS = GOLDEN_VECTORS;

const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const long = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const integer = long.map((value) =>
  BigInt(Number(value)) === value && value < 2n ** 53n && value > -(2n ** 53n) ? Number(value) : value,
);
const small = fc.integer();
const SCALARS: Readonly<Record<string, fc.Arbitrary<PointValue>>> = {
  string: text,
  integer: fc.oneof(small, integer),
  float: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    small,
    fc.constantFrom(-0, 1e300, 2 ** 60),
  ),
  boolean: fc.boolean(),
  timestamp: long,
};
const value = (type: FieldType): fc.Arbitrary<PointValue> =>
  type.endsWith('[]')
    ? (fc.array(SCALARS[type.slice(0, -2)]!, { maxLength: 4 }) as fc.Arbitrary<PointValue>)
    : SCALARS[type]!;
const anything = fc.oneof(
  text,
  small,
  fc.boolean(),
  fc.record({ b: text }),
  fc.array(text),
  fc.constant(null),
);

const metadata = fc.record(
  Object.fromEntries(
    FIELDS.map(({ name, type }) => [
      name,
      type === null
        ? anything
        : fc.oneof({ weight: 20, arbitrary: value(type) }, { weight: 2, arbitrary: fc.constant(null) }),
    ]),
  ),
  { requiredKeys: [] },
);
/** Some of which are not of their field's type. */
const drifting = fc.oneof(
  { weight: 9, arbitrary: metadata },
  fc.record({ 'a string': anything, 'a float': anything }),
);

const vectors = fc.record(
  {
    vector: fc
      .array(fc.oneof(fc.float(), fc.constantFrom(Number.NaN, -0)), { minLength: 3, maxLength: 3 })
      .map((all) => Float32Array.from(all)),
    half: fc.uint16Array({ minLength: 2, maxLength: 2 }),
    brain: fc.uint16Array({ minLength: 2, maxLength: 2 }),
    int8: fc.int8Array({ minLength: 2, maxLength: 2 }),
    bits: fc
      .uint8Array({ minLength: 2, maxLength: 2 })
      .map((bytes) => Uint8Array.of(bytes[0]!, bytes[1]! & 0xe0)),
    words: fc.uint32Array({ maxLength: 3 }).map((all) => {
      const indices = Uint32Array.from(new Set(all)).sort();
      return { indices, values: Float32Array.from(indices, (each) => each / 3) };
    }),
  },
  { requiredKeys: [] },
);

function points(id: fc.Arbitrary<Point['id']>): fc.Arbitrary<Point[]> {
  const point = fc.record(
    { id, vectors, metadata: drifting, text, uri: text, tenant: text, namespace: text, version: long },
    { requiredKeys: ['id', 'vectors', 'metadata'] },
  );
  return fc.array(point, { minLength: 1, maxLength: 12 }) as fc.Arbitrary<Point[]>;
}

const KINDS: readonly [
  ids: PointShape['ids'],
  idColumn: PartShape['idColumn'],
  id: fc.Arbitrary<Point['id']>,
][] = [
  ['string', 'text', text],
  ['uuid', 'text', fc.uuid()],
  ['integer', 'int64', long],
  ['integer', 'uint64', fc.bigInt(0n, 2n ** 64n - 1n)],
  [null, 'typed text', fc.oneof(long, fc.uuid(), text)],
];

/** Those that parts are read from as columns. */
const FLOATS = VECTORS.filter(hasPages);

function withFloats(point: Point): Point {
  const kept = Object.entries(point.vectors).filter(([name]) => FLOATS.some((field) => field.name === name));
  return { ...point, vectors: Object.fromEntries(kept) };
}

/** A value of every type, and nothing else. */
const SIMPLE: Point = {
  id: 'a',
  vectors: { vector: Float32Array.of(1, 2, 3) },
  metadata: {
    'a string': 'ä',
    'a integer': 7,
    'a float': 0.5,
    'a boolean': true,
    'a timestamp': 5n,
    'a string[]': ['x', ''],
    'a float[]': [-0],
  },
  text: 'text',
  uri: 'left out',
};

/** Points whose values are of their fields' types, or null, or not there. */
const typedPoints: fc.Arbitrary<Point[]> = fc
  .array(
    fc.record(
      {
        metadata: fc.record(
          Object.fromEntries(
            FIELD_TYPES.map((type) => [
              `a ${type}`,
              type === 'float[]' ? value(type) : fc.option(value(type), { nil: null }),
            ]),
          ),
          { requiredKeys: ['a float[]'] },
        ),
        text,
        tenant: text,
      },
      { requiredKeys: ['metadata'] },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) => all.map((each, i) => ({ ...SIMPLE, text: undefined, ...each, id: `p ${i}` }) as Point));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-columns-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function shapeOf(ids: PointShape['ids'], fields: readonly VectorField[] = VECTORS): PointShape {
  return { vectors: fields, ids, timestamps: TIMESTAMPS };
}

describe.each(KINDS)('points as columns, with ids of kind %s in %s', (ids, idColumn, id) => {
  const shape = shapeOf(ids);

  test('have the canonical bytes of the points, part by part', () => {
    const property = fc.property(points(id), (all) => {
      const rows = new CanonicalRows(shape, columnsOf(all, VECTORS, FIELDS));
      for (const [row, point] of all.entries()) {
        const wanted = canonicalPoint(shape, point);
        const parts = [wanted.id, wanted.vectors, wanted.metadata, wanted.parts].map((each) =>
          Buffer.from(each),
        );
        const found = rows.parts(row);
        expect(found.bytes.equals(Buffer.concat(parts))).toBe(true);
        expect(found.id).toBe(parts[0]!.length);
        expect(found.vectors - found.id).toBe(parts[1]!.length);
        expect(found.metadata - found.vectors).toBe(parts[2]!.length);
      }
    });
    fc.assert(property, { numRuns: 50 });
  });

  test('are the same if and only if their hashes are', () => {
    const property = fc.property(points(id), (all) => {
      for (const [i, point] of all.entries()) {
        const next = all[(i + 1) % all.length]!;
        for (const [a, b] of [
          [point, next],
          [point, { ...point }],
          [point, { ...next, id: point.id, vectors: point.vectors }],
        ] as const)
          expect(samePoints(shape, a, b)).toBe(pointHash(shape, a).equals(pointHash(shape, b)));
      }
    });
    fc.assert(property, { numRuns: 30 });
  });

  test('joined from several pages are the points of all of them', () => {
    const property = fc.property(fc.array(points(id), { minLength: 1, maxLength: 4 }), (pages) => {
      const joined = joinColumns(
        pages.map((page) => columnsOf(page, VECTORS, FIELDS)),
        VECTORS,
      );
      const wanted = new CanonicalRows(shape, columnsOf(pages.flat(), VECTORS, FIELDS));
      const found = new CanonicalRows(shape, joined);
      for (let row = 0; row < joined.count; row++)
        expect(Buffer.from(found.row(row)).equals(wanted.row(row))).toBe(true);
      expect(pointsIn(joined, VECTORS).map((each) => each.id)).toEqual(pages.flat().map((each) => each.id));
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('texts that came as a Buffer are joined as bytes: a Buffer is not to be made so any more', () => {
    const texts = { bytes: Buffer.from('ab'), offsets: Int32Array.of(0, 1, 2) };
    const page = { count: 2, ids: { type: 'text' as const, texts }, vectors: {}, fields: {} };
    const { ids } = joinColumns([page, page], []);
    const joined = (ids as typeof page.ids).texts.bytes;
    expect(Buffer.isBuffer(joined)).toBe(false);
    expect(Buffer.from(joined).toString()).toBe('abab');
  });

  test('count as the points do on one side of a comparison', () => {
    const filters: Filter[] = [
      { op: 'exists', field: { name: 'a string', type: 'string' }, value: false },
      { op: 'gte', field: { name: 'a float', type: 'float' }, value: 0 },
      { op: 'eq', field: { name: 'ünnamed.b', type: 'string' }, value: '' },
    ];
    const property = fc.property(points(id), (all) => {
      const [wanted, found] = [0, 1].map(() => new SideTally(filters, 4, 1, TIMESTAMPS));
      for (const point of all) wanted!.add(point);
      found!.addColumns(columnsOf(all, VECTORS, FIELDS), VECTORS);
      const [a, b] = [wanted!.result(), found!.result()];
      expect(b.fields).toEqual(a.fields);
      expect(b.tenants).toEqual(a.tenants);
      expect([b.points, ...b.counts]).toEqual([a.points, ...a.counts]);
      expect(b.sample.map((each) => each.id)).toEqual(a.sample.map((each) => each.id));
    });
    fc.assert(property, { numRuns: 40 });
  });

  test('are observed as the points are before they are mapped', () => {
    const property = fc.property(points(id), fc.constantFrom(20, Number.POSITIVE_INFINITY), (all, most) => {
      const [wanted, found] = [0, 1].map(() => new Observer(shape, most));
      for (const point of all) wanted!.add(point);
      found!.addColumns(columnsOf(all, VECTORS, FIELDS));
      const { fields, ...rest } = wanted!.result();
      const { fields: foundFields, ...foundRest } = found!.result();
      expect(foundRest).toEqual(rest);
      const byName = (each: typeof fields) => new Map(each.map((field) => [field.name, field]));
      expect(byName(foundFields)).toEqual(byName(fields));
    });
    fc.assert(property, { numRuns: 40 });
  });

  test('cut into pieces are the same rows', () => {
    const property = fc.property(points(id), fc.integer({ min: 1, max: 5 }), (all, most) => {
      const whole = columnsOf(all, VECTORS, FIELDS);
      const wanted = new CanonicalRows(shape, whole);
      let row = 0;
      for (const piece of piecesOf(whole, VECTORS, most)) {
        expect(piece.count).toBeLessThanOrEqual(most);
        const found = new CanonicalRows(shape, joinColumns([piece], VECTORS));
        for (let at = 0; at < piece.count; at++)
          expect(Buffer.from(found.row(at)).equals(wanted.row(row++))).toBe(true);
      }
      expect(row).toBe(all.length);
    });
    fc.assert(property, { numRuns: 20 });
  });

  test('are written as the points are: same sums, same counts, same points read back', async () => {
    let files = 0;
    const property = fc.asyncProperty(points(id), async (given) => {
      const all = idColumn === 'typed text' ? given : given.map(withFloats);
      const paths = ['points', 'columns'].map((how) => join(folder, `${how}-${files++}.parquet`));
      const types = new FieldTypes(FIELDS);
      const floats = idColumn === 'typed text' ? VECTORS : FLOATS;
      const partShape = (): PartShape => ({ idColumn, vectors: floats, fields: types.columns() });
      const shape = shapeOf(ids, floats);
      const part = new OpenPart(paths[0]!, partShape, shape, types);
      await part.add(all);
      const { bytes: _, sha256: _s, ...wanted } = await part.finish();
      const encoder = new ColumnEncoder({ path: paths[1]!, shape: partShape(), points: shape });
      const half = Math.ceil(all.length / 2);
      encoder.add(columnsOf(all.slice(0, half), floats, FIELDS));
      encoder.add(columnsOf(all.slice(half), floats, FIELDS));
      const { bytes: _b, sha256: _h, ...found } = encoder.finish();
      expect(found).toEqual(wanted);
      const read = { ...partShape(), timestamps: TIMESTAMPS };
      const columns: PointColumns[] = [];
      if (canReadColumns(read))
        for (const path of paths) for await (const group of readPartColumns(path, read)) columns.push(group);
      const [a, b] = await Promise.all(paths.map((path) => readBack(path, read)));
      expect(b).toEqual(a);
      // Files of the library's pages and of our own are read as columns alike.
      if (columns.length > 0)
        expect(columns.flatMap((group) => pointsIn(group, floats))).toEqual([...a!, ...a!]);
    });
    await fc.assert(property, { numRuns: 12 });
  });
});

async function readBack(
  path: string,
  shape: PartShape & { timestamps: ReadonlySet<string> },
): Promise<Point[]> {
  const all: Point[] = [];
  for await (const group of readParquetPart(path, shape, { from: 0, to: Number.POSITIVE_INFINITY }))
    all.push(...group);
  rmSync(path);
  return all;
}

describe('columns under a mapping that renames and leaves out', () => {
  const mapping = {
    target: { ids: 'string' },
    ids: { how: 'identity', keep: null },
    details: [],
    vectors: [{ from: 'vector', to: 'embedding', type: 'f32', metric: 'l2' }],
    fields: FIELDS.map(({ name, type }) => ({
      from: name,
      to: name === 'a boolean' ? null : `new ${name}`,
      as: 'is',
      type,
      required: name === 'a float[]',
    })),
    text: true,
    uri: false,
    tenant: true,
  } as unknown as Mapping;
  const vector = { ...VECTORS.find(({ name }) => name === 'vector')!, name: 'embedding' };
  const target: PointShape = {
    vectors: [vector],
    ids: 'string',
    timestamps: new Set(['new a timestamp']),
  };
  const ids = { idOf: (id: Point['id']) => id, of: (id: Point['id']) => id, typed: String, kept: String };

  test.each(['kept', 'null'] as const)('are expected in a target as the points are (null: %s)', (absence) => {
    const traits = { absence, needsVectors: true, maxTextBytes: 90, nestedNatively: false };
    const one = expectation(mapping, VECTORS, traits, ids);
    const whole = expectedColumns(mapping, VECTORS, traits)!;
    let asColumns = 0;
    const property = fc.property(fc.oneof(typedPoints, points(text)), (all) => {
      const found = whole.source(columnsOf(all, VECTORS, FIELDS));
      if (found === undefined) return;
      asColumns++;
      const rows = new CanonicalRows(target, found);
      for (const [row, point] of all.entries())
        expect(Buffer.from(rows.row(row)).equals(canonicalBytes(target, one.source(point)!))).toBe(true);
    });
    fc.assert(property, { numRuns: 60 });
    expect(asColumns).toBeGreaterThan(0);
    expect(whole.source(columnsOf([SIMPLE], VECTORS, FIELDS))).toBeDefined();
  });

  test('are loaded as the points are', () => {
    const lance = { name: 'lancedb', capabilities: LANCEDB };
    const fields = FIELDS.flatMap(({ name, type }) =>
      type === null || name === 'a boolean' ? [] : [{ name: `new ${name}`, type, nullable: true }],
    );
    const spec = {
      name: 'x',
      ids: 'string',
      vectors: [vector],
      fields,
      text: true,
      tenant: true,
      index: {},
    } as const;
    const apply = applyMapping(mapping, VECTORS, 'flattened', ids);
    const whole = columnMapping(mapping, spec, VECTORS, lance)!;
    let asColumns = 0;
    const property = fc.property(fc.oneof(typedPoints, points(text)), (all) => {
      const found = whole(columnsOf(all, VECTORS, FIELDS));
      if (found === undefined) return;
      asColumns++;
      const rows = new CanonicalRows(target, found);
      for (const [row, point] of all.entries())
        expect(Buffer.from(rows.row(row)).equals(canonicalBytes(target, apply(point)))).toBe(true);
    });
    fc.assert(property, { numRuns: 60 });
    expect(asColumns).toBeGreaterThan(0);
    expect(whole(columnsOf([SIMPLE], VECTORS, FIELDS))).toBeDefined();
    // What has to be looked at point by point is not taken: no value of a required field, another type, no vector.
    for (const change of [
      { metadata: { ...SIMPLE.metadata, 'a float[]': null } },
      { metadata: { ...SIMPLE.metadata, 'a string': 1 } },
      { vectors: {} },
      { vectors: { vector: Float32Array.of(1, Number.NaN, 0) } },
    ])
      expect(whole(columnsOf([SIMPLE, { ...SIMPLE, id: 'b', ...change }], VECTORS, FIELDS))).toBeUndefined();
  });
});

test('golden points have their canonical bytes as columns, too', () => {
  const all = goldenPoints();
  const shape: PointShape = { vectors: VECTORS, ids: null, timestamps: new Set(['at', 'log.entries.at']) };
  const rows = new CanonicalRows(shape, columnsOf(all, VECTORS, []));
  for (const [row, point] of all.entries()) {
    const { id, vectors: v, metadata: m, parts } = canonicalPoint(shape, point);
    expect(Buffer.concat([id, v, m, parts]).equals(rows.row(row))).toBe(true);
  }
});

test('texts of an engine that are not UTF-8 are an error that names the field', () => {
  const columns = columnsOf([{ id: 'a', vectors: {}, metadata: { 'a string': 'b' } }], VECTORS, FIELDS);
  const field = columns.fields['a string'] as { texts: { bytes: Uint8Array } };
  field.texts.bytes.fill(0xff);
  expect(() => new CanonicalRows(shapeOf('string'), columns)).toThrow(/a string.*not valid UTF-8/s);
});
