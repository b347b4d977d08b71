import type { ConformanceFacts } from '../contract/facts.js';
import type { OptionsInput } from '../contract/options.js';

/** A graph may leave a point without a path to it. */
const reachable = { cosine: 0.99, dot: 0.97, l2: 0.99 };
const graph = (ef: number, index: OptionsInput['index'] = {}): OptionsInput => ({ index, search: { ef } });

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: {
    'hnsw none': { index: {}, search: {} },
    'hnsw f16': { index: { quantization: 'f16' }, search: {} },
    'hnsw bf16': { index: { quantization: 'bf16' }, search: {} },
    'hnsw sq8': { index: { quantization: 'sq8' }, search: {} },
    'hnsw binary': { index: { quantization: 'binary' }, search: {} },
  },
  tellsSize: true,
  nanQuery: 'arbitrary points',
  zeroQuery: 'points at distance 1',
  floor: {
    'hnsw none': reachable,
    'hnsw f16': reachable,
    'hnsw bf16': { cosine: 0.95, dot: 0.95, l2: 0.95 },
    'hnsw sq8': { cosine: 0.9, dot: Number.NaN, l2: Number.NaN },
    'hnsw binary': { cosine: 0.45, dot: Number.NaN, l2: Number.NaN },
  },
  wide: { index: {}, search: { ef: 1000 } },
  narrow: [{ ef: 1 }, { ef: 1000 }],
  // A graph in which a narrow search misses points.
  coarse: { m: 3, efConstruction: 8 },
  rough: { index: { m: 4 }, search: { ef: 1 } },
  moved: [{ ef: 1 }, { ef: 10 }],
  sweeps: [
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
};
