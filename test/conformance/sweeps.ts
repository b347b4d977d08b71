import type { OptionsInput } from '../../engines/contract/options.js';
import { PGVECTOR_SWEEPS } from './pgvector.js';

/** A swept parameter, what is held fixed, and what recall does from the first value to the last. */
export interface Sweep {
  key: string;
  part: keyof OptionsInput;
  /** null: the parameter is left out. */
  values: readonly (string | number | boolean | null)[];
  fixed: OptionsInput;
  recall: 'rises' | 'falls';
  /** Smallest difference of recall@10 between the first and the last value. */
  by: number;
}

/** Without a filter they change nothing; filter-settings.test.ts shows what they do with one. */
export const FILTER_SETTINGS: readonly string[] = ['index.payloadIndex', 'search.postfilter'];

const graph = (ef: number, index: OptionsInput['index'] = {}): OptionsInput => ({ index, search: { ef } });
const ivf = (index: OptionsInput['index'], search: OptionsInput['search']): OptionsInput => ({
  index: { type: 'ivf', ...index },
  search,
});

export const SWEEPS: Readonly<Record<string, readonly Sweep[]>> = {
  usearch: [
    { key: 'ef', part: 'search', values: [10, 32, 128, 512], fixed: graph(0), recall: 'rises', by: 0.1 },
    { key: 'm', part: 'index', values: [3, 6, 12, 24], fixed: graph(16), recall: 'rises', by: 0.2 },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 128],
      fixed: graph(16),
      recall: 'rises',
      by: 0.05,
    },
    {
      key: 'quantization',
      part: 'index',
      values: ['none', 'f16', 'bf16', 'sq8', 'binary'],
      fixed: graph(512),
      recall: 'falls',
      by: 0.3,
    },
  ],
  hnswlib: [
    { key: 'ef', part: 'search', values: [10, 32, 128, 512], fixed: graph(0), recall: 'rises', by: 0.1 },
    { key: 'm', part: 'index', values: [3, 6, 12, 24], fixed: graph(16), recall: 'rises', by: 0.2 },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 128],
      fixed: graph(16, { m: 8 }),
      recall: 'rises',
      by: 0.05,
    },
  ],
  lancedb: [
    {
      key: 'nprobe',
      part: 'search',
      values: [1, 4, 16, 32],
      fixed: ivf({ nlist: 32 }, {}),
      recall: 'rises',
      by: 0.3,
    },
    {
      key: 'nlist',
      part: 'index',
      values: [4, 16, 64],
      fixed: ivf({}, { nprobe: 2 }),
      recall: 'falls',
      by: 0.15,
    },
    {
      key: 'quantization',
      part: 'index',
      values: ['none', 'rq', 'pq'],
      fixed: ivf({ nlist: 8 }, { nprobe: 8 }),
      recall: 'falls',
      by: 0.2,
    },
    {
      key: 'pqSegments',
      part: 'index',
      values: [12, 24, 48],
      fixed: ivf({ quantization: 'pq', nlist: 8 }, { nprobe: 8 }),
      recall: 'rises',
      // Two builds differ: 0.18 and 0.21 were measured.
      by: 0.1,
    },
    {
      key: 'bits',
      part: 'index',
      values: [4, 8],
      fixed: ivf({ quantization: 'pq', nlist: 8, pqSegments: 24 }, { nprobe: 8 }),
      recall: 'rises',
      by: 0.1,
    },
    {
      key: 'bits',
      part: 'index',
      values: [1, 3, 8],
      fixed: ivf({ quantization: 'rq', nlist: 8 }, { nprobe: 8 }),
      recall: 'rises',
      by: 0.1,
    },
    {
      key: 'refineFactor',
      part: 'search',
      values: [null, 2, 10],
      fixed: ivf({ quantization: 'pq', nlist: 8, pqSegments: 24 }, { nprobe: 8 }),
      recall: 'rises',
      by: 0.2,
    },
    {
      key: 'ef',
      part: 'search',
      values: [10, 32, 128],
      fixed: { index: { type: 'hnsw' }, search: {} },
      recall: 'rises',
      by: 0.05,
    },
    {
      key: 'm',
      part: 'index',
      values: [2, 4, 16],
      fixed: { index: { type: 'hnsw' }, search: { ef: 64 } },
      recall: 'rises',
      by: 0.1,
    },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 300],
      fixed: { index: { type: 'hnsw' }, search: { ef: 16 } },
      recall: 'rises',
      by: 0.03,
    },
    {
      key: 'nlist',
      part: 'index',
      values: [2, 8, 64],
      fixed: { index: { type: 'hnsw' }, search: { ef: 64, nprobe: 1 } },
      recall: 'falls',
      by: 0.1,
    },
    {
      key: 'nprobe',
      part: 'search',
      values: [1, 2, 8],
      fixed: { index: { type: 'hnsw', nlist: 8 }, search: { ef: 64 } },
      recall: 'rises',
      by: 0.15,
    },
    {
      key: 'pqSegments',
      part: 'index',
      values: [12, 48],
      fixed: { index: { type: 'hnsw', quantization: 'pq' }, search: { ef: 128 } },
      recall: 'rises',
      by: 0.1,
    },
  ],
  chroma: [
    {
      key: 'ef',
      part: 'search',
      values: [10, 32, 128, 512],
      fixed: graph(0, { m: 8 }),
      recall: 'rises',
      by: 0.05,
    },
    {
      key: 'ef',
      part: 'index',
      values: [10, 128],
      fixed: { index: { m: 8 }, search: {} },
      recall: 'rises',
      by: 0.05,
    },
    { key: 'm', part: 'index', values: [3, 6, 12, 24], fixed: graph(16), recall: 'rises', by: 0.2 },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 128],
      fixed: graph(16, { m: 8 }),
      recall: 'rises',
      by: 0.03,
    },
  ],
  milvus: [
    {
      key: 'ef',
      part: 'search',
      values: [10, 32, 128, 512],
      fixed: graph(0, { m: 8 }),
      recall: 'rises',
      by: 0.05,
    },
    { key: 'm', part: 'index', values: [3, 6, 24], fixed: graph(16), recall: 'rises', by: 0.2 },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 128],
      fixed: graph(16, { m: 8 }),
      recall: 'rises',
      by: 0.03,
    },
    {
      key: 'nprobe',
      part: 'search',
      values: [1, 4, 16, 32],
      fixed: ivf({ nlist: 32 }, {}),
      recall: 'rises',
      by: 0.3,
    },
    {
      key: 'nlist',
      part: 'index',
      values: [4, 16, 64],
      fixed: ivf({}, { nprobe: 2 }),
      recall: 'falls',
      by: 0.15,
    },
    {
      key: 'quantization',
      part: 'index',
      values: ['none', 'sq8', 'pq'],
      fixed: ivf({ nlist: 8 }, { nprobe: 8 }),
      recall: 'falls',
      by: 0.2,
    },
    {
      key: 'pqSegments',
      part: 'index',
      values: [12, 48],
      fixed: ivf({ quantization: 'pq', nlist: 8 }, { nprobe: 8 }),
      recall: 'rises',
      by: 0.2,
    },
    {
      key: 'bits',
      part: 'index',
      values: [4, 8],
      fixed: ivf({ quantization: 'pq', nlist: 8, pqSegments: 24 }, { nprobe: 8 }),
      recall: 'rises',
      by: 0.1,
    },
    {
      key: 'reorderK',
      part: 'search',
      values: [null, 20, 100],
      fixed: { index: { type: 'scann', nlist: 8 }, search: { nprobe: 8 } },
      recall: 'rises',
      by: 0.1,
    },
  ],
  // One segment where a parameter of the graph is swept: the same ef finds more in several.
  qdrant: [
    {
      key: 'ef',
      part: 'search',
      values: [10, 32, 128, 512],
      fixed: graph(0, { segments: 1, m: 8 }),
      recall: 'rises',
      by: 0.05,
    },
    {
      key: 'm',
      part: 'index',
      values: [3, 6, 12, 24],
      fixed: graph(16, { segments: 1 }),
      recall: 'rises',
      by: 0.2,
    },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 128],
      fixed: graph(16, { segments: 1, m: 8 }),
      recall: 'rises',
      by: 0.03,
    },
    {
      key: 'fullScanThreshold',
      part: 'index',
      values: [10, 100_000],
      fixed: graph(10, { segments: 1, m: 4 }),
      recall: 'rises',
      by: 0.1,
    },
    { key: 'segments', part: 'index', values: [1, 8], fixed: graph(10, { m: 4 }), recall: 'rises', by: 0.05 },
    {
      key: 'quantization',
      part: 'index',
      values: ['none', 'sq8', 'pq'],
      fixed: graph(512),
      recall: 'falls',
      by: 0.1,
    },
    {
      key: 'compression',
      part: 'index',
      values: ['x64', 'x16', 'x4'],
      fixed: graph(512, { quantization: 'pq' }),
      recall: 'rises',
      by: 0.1,
    },
    {
      key: 'encoding',
      part: 'index',
      values: ['one_bit', 'two_bits'],
      fixed: { index: { quantization: 'binary' }, search: { ef: 512, rescore: false } },
      recall: 'rises',
      by: 0.03,
    },
    {
      key: 'rescore',
      part: 'search',
      values: [false, true],
      fixed: { index: { quantization: 'pq' }, search: { ef: 512, oversampling: 4 } },
      recall: 'rises',
      by: 0.1,
    },
    {
      key: 'oversampling',
      part: 'search',
      values: [null, 2, 8],
      fixed: { index: { quantization: 'pq' }, search: { ef: 512, rescore: true } },
      recall: 'rises',
      by: 0.05,
    },
  ],
  pgvector: PGVECTOR_SWEEPS,
  'sqlite-vec': [],
  null: [],
};

export interface SweepResult {
  engine: string;
  sweep: Sweep;
  recalls: number[];
}

/** The combination with one value put in; a null leaves the key out. */
export function withValue(sweep: Sweep, value: string | number | boolean | null): OptionsInput {
  const { [sweep.key]: _, ...rest } = sweep.fixed[sweep.part];
  const part = value === null ? rest : { ...rest, [sweep.key]: value };
  return { ...sweep.fixed, [sweep.part]: part };
}
