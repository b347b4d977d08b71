import type { ConformanceFacts } from '../contract/facts.js';
import type { OptionsInput } from '../contract/options.js';

const exact = { cosine: 1, dot: 1, l2: 1 };
/** A graph may leave a point without a path to it. */
const reachable = { cosine: 0.99, dot: 0.97, l2: 0.99 };
const graph = (ef: number, index: OptionsInput['index'] = {}): OptionsInput => ({ index, search: { ef } });

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: {
    'flat none': { index: { type: 'flat' }, search: {} },
    'hnsw none': { index: {}, search: {} },
    // So much oversampling that nearly every point is ranked by its original vector.
    'hnsw sq8': { index: { quantization: 'sq8' }, search: { rescore: true, oversampling: 100 } },
    'hnsw pq': { index: { quantization: 'pq' }, search: { rescore: true, oversampling: 100 } },
    'hnsw binary': {
      index: { quantization: 'binary' },
      search: { rescore: true, oversampling: 100 },
    },
  },
  tellsSize: true,
  nanError: 'HTTP 4',
  nanQuery: 'an error',
  zeroQuery: 'points at similarity 0',
  floor: {
    'flat none': exact,
    'hnsw none': reachable,
    'hnsw sq8': reachable,
    'hnsw pq': { cosine: 0.97, dot: 0.97, l2: 0.97 },
    'hnsw binary': { cosine: 0.97, dot: 0.9, l2: 0.9 },
  },
  wide: { index: {}, search: { ef: 1000 } },
  narrow: [{ ef: 1 }, { ef: 1000 }],
  // A graph in which a narrow search misses points.
  coarse: { m: 3, efConstruction: 8 },
  rough: { index: { m: 4 }, search: { ef: 1 } },
  moved: [{ ef: 1 }, { ef: 10 }],
  scored: [
    { index: { type: 'flat' }, search: {} },
    { index: {}, search: { ef: 200 } },
    { index: { quantization: 'sq8' }, search: { ef: 200, rescore: true, oversampling: 2 } },
  ],
  // One segment where a parameter of the graph is swept: the same ef finds more in several.
  sweeps: [
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
  filterSettings: ['index.payloadIndex'],
  points: {
    default: {
      index: { type: 'flat' },
      oddNames: 'refused',
      oddFields: 'kept',
      nulCharacter: 'kept',
      emptyId: 'kept',
      secondConnection: true,
      reconnects: true,
    },
  },
};
