import type { ConformanceFacts } from '../contract/facts.js';
import type { OptionsInput } from '../contract/options.js';

/** A graph may leave a point without a path to it. */
const reachable = { cosine: 0.99, dot: 0.97, l2: 0.99 };
const graph = (ef: number, index: OptionsInput['index'] = {}): OptionsInput => ({ index, search: { ef } });

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: { 'hnsw none': { index: {}, search: {} } },
  tellsSize: false,
  nanError: 'expected f32',
  nanQuery: 'an error',
  zeroQuery: 'points at distance 1',
  floor: { 'hnsw none': reachable },
  wide: { index: {}, search: { ef: 1000 } },
  narrow: [{ ef: 1 }, { ef: 1000 }],
  // A graph in which a narrow search misses points.
  coarse: { m: 3, efConstruction: 8 },
  rough: { index: { m: 4, efConstruction: 8 }, search: { ef: 1 } },
  moved: [{ ef: 1 }, { ef: 10 }],
  sweeps: [
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
  restarts: true,
  points: {
    default: {
      index: {},
      oddNames: 'refused',
      oddFields: 'kept',
      nulCharacter: 'kept',
      emptyId: 'kept',
      secondConnection: true,
      reconnects: true,
    },
  },
};
