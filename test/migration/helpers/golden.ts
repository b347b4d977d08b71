import type { Description, Point, PointValue } from '../../../engines/contract/points.js';
import type { VectorField } from '../../../engines/contract/vectors.js';

/** What is in `test/golden/export/parquet` and `test/golden/export/jsonl`: one point for each thing that is easily lost. */

export const GOLDEN_VECTORS: readonly VectorField[] = [
  { name: 'vector', kind: 'dense', type: 'f32', dimensions: 3, metric: 'cosine' },
  { name: 'half', kind: 'dense', type: 'f16', dimensions: 2, metric: 'l2' },
  { name: 'brain', kind: 'dense', type: 'bf16', dimensions: 2, metric: null },
  { name: 'int8', kind: 'dense', type: 'int8', dimensions: 2, metric: 'dot' },
  { name: 'bits', kind: 'dense', type: 'bit', dimensions: 11, metric: 'hamming' },
  { name: 'words', kind: 'sparse', type: 'f32', dimensions: 0, metric: 'dot' },
  { name: 'tokens', kind: 'multi', type: 'f32', dimensions: 2, metric: 'cosine' },
];

export const GOLDEN_FIELDS: Description['fields'] = [
  { name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true },
  { name: 'log.entries.at', type: 'timestamp', native: 'timestamptz', nullable: true },
];

const UUID = '0190e3c5-7a5e-7d8a-9a6b-2f0c1d3e4f50';

export function goldenPoints(): Point[] {
  return [
    { id: 7n, vectors: {}, metadata: {} },
    {
      id: 2n ** 64n - 1n,
      vectors: { vector: Float32Array.of(-0, 1.401298464324817e-45, 0.1) },
      metadata: {},
    },
    {
      id: UUID,
      vectors: {
        vector: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        half: Uint16Array.of(0x8000, 0x3555),
        brain: Uint16Array.of(0x3f80, 0x4049),
        int8: Int8Array.of(-128, 127),
        bits: Uint8Array.of(0b10110000, 0b00100000),
        words: { indices: Uint32Array.of(0, 4_294_967_295), values: Float32Array.of(0.5, -2) },
        tokens: { rows: 2, values: Float32Array.of(1, 2, 3, 4) },
      },
      metadata: { s: 'e\u0301', n: 2n ** 53n + 1n },
      text: '\ufeffa text with a mark',
      uri: 'file:///a',
      tenant: 'a',
      namespace: 'north',
      partition: '2024',
      version: 9_007_199_254_740_993n,
      updated: 1_711_846_799_999_999n,
      provenance: {
        model: 'all-MiniLM-L6-v2',
        modelVersion: '2',
        chunking: '512 tokens, overlap 64',
        language: 'de',
        created: -1n,
      },
    },
    {
      id: 0n,
      vectors: {
        words: { indices: new Uint32Array(), values: new Float32Array() },
        tokens: { rows: 0, values: new Float32Array() },
      },
      metadata: {
        f: -0,
        large: 1e300,
        s: null,
        n: 2n ** 64n - 1n,
        tags: [],
        mixed: ['a', 1, null, -0],
        at: 1_711_846_799_999_999n,
        log: { entries: [{ at: 1n, n: 1 }, { at: 2n ** 53n + 1n }] as unknown as PointValue },
        __proto__: null,
      },
      text: '',
    },
  ];
}
