import type { ConformanceFacts } from '../contract/facts.js';
import type { OptionsInput } from '../contract/options.js';

const exact = { cosine: 1, dot: 1, l2: 1 };
/** A graph may leave a point without a path to it. */
const reachable = { cosine: 0.99, dot: 0.97, l2: 0.99 };
const graph = (ef: number, index: OptionsInput['index'] = {}): OptionsInput => ({ index, search: { ef } });
const ivf = (index: OptionsInput['index'], search: OptionsInput['search']): OptionsInput => ({
  index: { type: 'ivf', ...index },
  search,
});

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: {
    'flat none': { index: { type: 'flat' }, search: {} },
    'hnsw none': { index: {}, search: {} },
    'ivf none': { index: { type: 'ivf', nlist: 16 }, search: {} },
    'ivf sq8': { index: { type: 'ivf', quantization: 'sq8', nlist: 16 }, search: {} },
    'ivf pq': {
      index: { type: 'ivf', quantization: 'pq', nlist: 16, pqSegments: 48 },
      search: {},
    },
    'scann pq': { index: { type: 'scann', nlist: 16 }, search: { reorderK: 1000 } },
  },
  tellsSize: false,
  nanQuery: 'no points',
  zeroQuery: 'points at similarity 0',
  floor: {
    'flat none': exact,
    'hnsw none': reachable,
    'ivf none': exact,
    'ivf sq8': { cosine: 0.95, dot: 0.95, l2: 0.95 },
    'ivf pq': { cosine: 0.6, dot: 0.6, l2: 0.6 },
    'scann pq': { cosine: 0.99, dot: 0.99, l2: 0.99 },
  },
  wide: { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
  narrow: [{ nprobe: 1 }, { nprobe: 4 }],
  rough: { index: { m: 4, efConstruction: 8 }, search: { ef: 10 } },
  moved: [{ nprobe: 50 }, { nprobe: 4 }],
  scored: [
    { index: { type: 'flat' }, search: {} },
    { index: {}, search: { ef: 100 } },
    { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
    { index: { type: 'scann', nlist: 4 }, search: { nprobe: 4, reorderK: 100 } },
  ],
  sweeps: [
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
  filterSettings: ['index.payloadIndex'],
  points: {
    default: {
      index: { type: 'flat' },
      oddNames: 'refused',
      oddFields: 'kept',
      nulCharacter: 'kept',
      emptyId: 'kept',
      refusedIds: [2n ** 63n - 1n],
      serverLacks: { version: '2.3', several: true, sparse: true, dense: ['bf16', 'int8'] },
      secondConnection: true,
      reconnects: true,
    },
  },
};
