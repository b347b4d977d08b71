import type { IdKind, PointId } from '../../../engines/contract/ids.js';
import type { Point, PointValue } from '../../../engines/contract/points.js';
import type { VectorField } from '../../../engines/contract/vectors.js';

/** Points that get damaged on the way from one database to another, each for a reason that was met in public. */

export const VECTORS: readonly VectorField[] = [
  { name: 'vector', kind: 'dense', type: 'f32', dimensions: 4, metric: 'cosine' },
];
export const TIMESTAMPS = [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }] as const;

/** What is odd about each of them, in its metadata. */
const ODD: Readonly<Record<string, Readonly<Record<string, PointValue>>>> = {
  'beyond doubles': { n: 9_007_199_254_740_993n },
  'largest integer': { n: 9_223_372_036_854_775_807n },
  'smallest integer': { n: -9_223_372_036_854_775_808n },
  'unicode composed': { s: '\u00e9' },
  'unicode decomposed': { s: 'e\u0301' },
  'minus zero': { f: -0 },
  denormal: { f: 5e-324 },
  'large double': { f: 1e300 },
  'empty text': { s: '' },
  'empty array': { tags: [] },
  array: { tags: ['a', 'b'] },
  null: { s: null },
  missing: {},
  'mixed type': { mixed: '7' },
  'mixed type, other': { mixed: 7 },
  nested: { maker: { name: 'x', year: 1999 } },
  'nested null': { maker: { name: null } },
  'empty object': { box: {} },
  'dates around zones': { at: 1_711_846_799_999_999n },
  'before 1970': { at: -1n },
  'long text': { s: 'x'.repeat(65_536) },
  'hostile text': { s: `'; drop table docs; -- <script> =cmd()` },
  'odd names': { $os: 'mac', 'a"b': 'quoted', select: 'sql', ctid: 'pg', distance: 1, _rowid: 'lance' },
};

/** Canaries of one shape. */
export interface CanarySet {
  name: string;
  points: readonly Point[];
  ids: IdKind | null;
  vectors: readonly VectorField[];
  fields?: typeof TIMESTAMPS;
}

/** By what their ids are; each under another metric. */
export function canarySets(): CanarySet[] {
  const [field] = VECTORS as [VectorField];
  const points = (ids: readonly PointId[]): Point[] =>
    ids.map((id, i) => ({
      id,
      vectors: { vector: Float32Array.of(i + 1, Math.sin(i), 0.5, -2) },
      metadata: { s: `of ${id}` },
    }));
  return [
    { name: 'texts', points: canaries(), ids: 'string', vectors: VECTORS, fields: TIMESTAMPS },
    {
      name: 'integers',
      points: points([0n, 7n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 1n]),
      ids: 'u64',
      vectors: [{ ...field, metric: 'l2' }],
    },
    {
      name: 'integers and UUIDs',
      points: points([7n, 2n ** 53n + 1n, '9f2c7a4e-51d8-4b3e-8a06-c1d27be4f359']),
      ids: null,
      vectors: [{ ...field, metric: 'dot' }],
    },
  ];
}

export function canaries(): Point[] {
  const points: Point[] = Object.entries(ODD).map(([id, metadata], i) => ({
    id,
    vectors: { vector: Float32Array.of(Math.sin(i + 1), Math.cos(i), 0.5, i / 10) },
    metadata,
  }));
  const vector = { vector: Float32Array.of(1, 2, 3, 4) };
  return [
    ...points,
    { id: 'É unicode id', vectors: vector, metadata: {} },
    { id: '7', vectors: vector, metadata: {} },
    { id: 'duplicate vector', vectors: vector, metadata: {} },
    { id: '', vectors: vector, metadata: { s: 'under an empty id' } },
    { id: 'zero vector', vectors: { vector: new Float32Array(4) }, metadata: {} },
    { id: 'denormals in a vector', vectors: { vector: Float32Array.of(1e-42, 2, 0, 0) }, metadata: {} },
    { id: 'minus zero in a vector', vectors: { vector: Float32Array.of(-0, 1, 0, 0) }, metadata: {} },
    { id: 'with all parts', vectors: vector, metadata: {}, text: 'a text', uri: 'file:///a', tenant: 'a' },
    { id: 'empty parts', vectors: vector, metadata: {}, text: '', uri: '', tenant: 'b' },
  ];
}
