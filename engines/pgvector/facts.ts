import type { ConformanceFacts } from '../contract/facts.js';
import type { OptionsInput } from '../contract/options.js';

/** More than the most candidates of a graph, and than any slice's points. */
const ALL = 5000;
const exact = { cosine: 1, dot: 1, l2: 1 };
const rounded = { cosine: 0.99, dot: 0.99, l2: 0.99 };
/** Signs alone keep the direction, and of that little; ranked again by the full vectors. */
const hnsw = (quantization: string, search: OptionsInput['search'] = {}): OptionsInput => ({
  index: { type: 'hnsw', quantization },
  search,
});
const ivf = (quantization: string, search: OptionsInput['search'] = {}): OptionsInput => ({
  index: { type: 'ivf', quantization, nlist: 16 },
  search,
});
const of = (index: OptionsInput['index'], search: OptionsInput['search']): OptionsInput => ({
  index,
  search,
});
const KEPT = { oddNames: 'kept', oddFields: 'kept', emptyId: 'kept' } as const;

/** What the conformance suite expects of it beyond its capabilities. */
export const facts: ConformanceFacts = {
  kinds: {
    'flat none': { index: { type: 'flat' }, search: {} },
    'hnsw none': hnsw('none'),
    'hnsw f16': hnsw('f16'),
    'hnsw binary': hnsw('binary', { candidates: 1000 }),
    'ivf none': ivf('none'),
    'ivf f16': ivf('f16'),
    'ivf binary': ivf('binary', { candidates: ALL }),
  },
  // ef ends at 1000.
  visits: 1000,
  tellsSize: true,
  nanQuery: 'an error',
  nanError: 'NaN not allowed in vector',
  zeroQuery: 'points with score NaN',
  floor: {
    'flat none': exact,
    'hnsw none': rounded,
    'hnsw f16': rounded,
    'hnsw binary': { cosine: 0.97, dot: 0.9, l2: 0.9 },
    'ivf none': exact,
    'ivf f16': rounded,
    'ivf binary': exact,
  },
  wide: { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
  narrow: [{ nprobe: 1 }, { nprobe: 4 }],
  rough: { index: { m: 4, efConstruction: 8 }, search: { ef: 2 } },
  moved: [{ nprobe: 50 }, { nprobe: 4 }],
  scored: [
    { index: { type: 'flat' }, search: {} },
    { index: {}, search: { ef: 100 } },
    { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
    { index: { quantization: 'binary' }, search: { ef: 100 } },
  ],
  sweeps: [
    { key: 'ef', part: 'search', values: [10, 40, 200], fixed: of({}, {}), recall: 'rises', by: 0.05 },
    { key: 'm', part: 'index', values: [2, 4, 16], fixed: of({}, { ef: 16 }), recall: 'rises', by: 0.1 },
    {
      key: 'efConstruction',
      part: 'index',
      values: [8, 32, 128],
      fixed: of({ m: 4 }, { ef: 16 }),
      recall: 'rises',
      by: 0.05,
    },
    {
      key: 'quantization',
      part: 'index',
      values: ['none', 'f16', 'binary'],
      fixed: of({}, { ef: 10 }),
      recall: 'falls',
      by: 0.2,
    },
    {
      key: 'rescore',
      part: 'search',
      values: [false, true],
      fixed: of({ quantization: 'binary' }, { ef: 100 }),
      recall: 'rises',
      by: 0.2,
    },
    {
      key: 'candidates',
      part: 'search',
      values: [10, 40, 200],
      fixed: of({ quantization: 'binary' }, { ef: 200 }),
      recall: 'rises',
      by: 0.2,
    },
    {
      key: 'iterativeScan',
      part: 'search',
      values: ['off', 'strict', 'relaxed'],
      fixed: of({}, { ef: 2 }),
      recall: 'rises',
      by: 0.3,
    },
    {
      key: 'maxScanTuples',
      part: 'search',
      values: [1, 20, 20_000],
      fixed: of({}, { ef: 1, iterativeScan: 'relaxed' }),
      recall: 'rises',
      by: 0.05,
    },
    {
      key: 'nlist',
      part: 'index',
      values: [4, 16, 64],
      fixed: of({ type: 'ivf' }, { nprobe: 2 }),
      recall: 'falls',
      by: 0.15,
    },
    {
      key: 'nprobe',
      part: 'search',
      values: [1, 4, 16, 32],
      fixed: of({ type: 'ivf', nlist: 32 }, {}),
      recall: 'rises',
      by: 0.3,
    },
    {
      key: 'maxProbes',
      part: 'search',
      values: [1, 4, 32],
      fixed: of({ type: 'ivf', nlist: 1000 }, { nprobe: 1, iterativeScan: 'relaxed' }),
      recall: 'rises',
      by: 0.1,
    },
  ],
  filterSettings: ['index.payloadIndex'],
  points: {
    default: {
      ...KEPT,
      index: { type: 'flat' },
      nulCharacter: 'refused',
      secondConnection: true,
      reconnects: true,
    },
    pglite: {
      ...KEPT,
      index: { type: 'flat' },
      nulCharacter: 'refused',
      secondConnection: 'PGlite has one session',
      reconnects: 'closing it removes its data, which is the build’s own',
    },
  },
};
