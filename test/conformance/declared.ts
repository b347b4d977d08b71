import type { OptionsInput } from '../../engines/engine.js';
import { PGVECTOR } from './pgvector.js';

/** What each engine is expected to do beyond its capabilities; every line is held by a test and goes into the docs. */
export interface Declared {
  /** Settings under which the engine visits every point, by `type quantization`; undefined: it never ranks. */
  exhaustive: Readonly<Record<string, OptionsInput>>;
  /** What a query of NaN gets. */
  nanQuery: 'arbitrary points' | 'no points' | 'an error';
  /** Part of the message, where it gets an error. */
  nanError?: string;
  /** Whether the engine tells the size of an index; the disk of a server's volume is measured elsewhere. */
  tellsSize: boolean;
  /** What a query of zeros gets under cosine. */
  zeroQuery:
    | 'points at distance 1'
    | 'points at similarity 0'
    | 'points with score NaN'
    | 'no points'
    | 'fixed points';
  /** Recall@10 that an exhaustive search of each `type quantization` reaches at least, by metric. */
  floor: Readonly<Record<string, Readonly<Record<'cosine' | 'dot' | 'l2', number>>>>;
}

/** Above every slice's number of points: the whole graph is visited. */
const ALL = 5000;
const exact = { cosine: 1, dot: 1, l2: 1 };
/** A graph may leave a point without a path to it. */
const graph = { cosine: 0.99, dot: 0.97, l2: 0.99 };

export const DECLARED: Readonly<Record<string, Declared>> = {
  usearch: {
    exhaustive: {
      'hnsw none': { index: {}, search: { ef: ALL } },
      'hnsw f16': { index: { quantization: 'f16' }, search: { ef: ALL } },
      'hnsw bf16': { index: { quantization: 'bf16' }, search: { ef: ALL } },
      'hnsw sq8': { index: { quantization: 'sq8' }, search: { ef: ALL } },
      'hnsw binary': { index: { quantization: 'binary' }, search: { ef: ALL } },
    },
    tellsSize: true,
    nanQuery: 'arbitrary points',
    zeroQuery: 'points at distance 1',
    floor: {
      'hnsw none': graph,
      'hnsw f16': graph,
      'hnsw bf16': { cosine: 0.95, dot: 0.95, l2: 0.95 },
      'hnsw sq8': { cosine: 0.9, dot: Number.NaN, l2: Number.NaN },
      'hnsw binary': { cosine: 0.45, dot: Number.NaN, l2: Number.NaN },
    },
  },
  hnswlib: {
    exhaustive: { 'hnsw none': { index: {}, search: { ef: ALL } } },
    tellsSize: true,
    nanQuery: 'arbitrary points',
    zeroQuery: 'points at distance 1',
    floor: { 'hnsw none': graph },
  },
  lancedb: {
    exhaustive: {
      'flat none': { index: { type: 'flat' }, search: {} },
      'ivf none': { index: { type: 'ivf', nlist: 16 }, search: { nprobe: 16 } },
      'ivf pq': {
        index: { type: 'ivf', quantization: 'pq', nlist: 16, pqSegments: 48 },
        search: { nprobe: 16, refineFactor: 10 },
      },
      'ivf rq': {
        index: { type: 'ivf', quantization: 'rq', nlist: 16, bits: 4 },
        search: { nprobe: 16, refineFactor: 10 },
      },
      'hnsw sq8': { index: { type: 'hnsw', quantization: 'sq8' }, search: { ef: ALL, refineFactor: 10 } },
      'hnsw pq': {
        index: { type: 'hnsw', quantization: 'pq', pqSegments: 48 },
        search: { ef: ALL, refineFactor: 10 },
      },
    },
    tellsSize: true,
    nanQuery: 'no points',
    zeroQuery: 'no points',
    floor: {
      'flat none': exact,
      'ivf none': exact,
      'ivf pq': { cosine: 0.97, dot: 0.97, l2: 0.97 },
      'ivf rq': { cosine: 0.97, dot: 0.97, l2: 0.97 },
      // The engine's own weakness: see its remarks.
      'hnsw sq8': { cosine: 0.99, dot: 0.5, l2: 0.97 },
      'hnsw pq': { cosine: 0.97, dot: 0.95, l2: 0.97 },
    },
  },
  chroma: {
    exhaustive: { 'hnsw none': { index: {}, search: { ef: ALL } } },
    tellsSize: false,
    nanError: 'expected f32',
    nanQuery: 'an error',
    zeroQuery: 'points at distance 1',
    floor: { 'hnsw none': graph },
  },
  milvus: {
    exhaustive: {
      'flat none': { index: { type: 'flat' }, search: {} },
      'hnsw none': { index: {}, search: { ef: ALL } },
      'ivf none': { index: { type: 'ivf', nlist: 16 }, search: { nprobe: 16 } },
      'ivf sq8': { index: { type: 'ivf', quantization: 'sq8', nlist: 16 }, search: { nprobe: 16 } },
      'ivf pq': {
        index: { type: 'ivf', quantization: 'pq', nlist: 16, pqSegments: 48 },
        search: { nprobe: 16 },
      },
      'scann pq': { index: { type: 'scann', nlist: 16 }, search: { nprobe: 16, reorderK: 1000 } },
    },
    tellsSize: false,
    nanQuery: 'no points',
    zeroQuery: 'points at similarity 0',
    floor: {
      'flat none': exact,
      'hnsw none': graph,
      'ivf none': exact,
      'ivf sq8': { cosine: 0.95, dot: 0.95, l2: 0.95 },
      'ivf pq': { cosine: 0.6, dot: 0.6, l2: 0.6 },
      'scann pq': { cosine: 0.99, dot: 0.99, l2: 0.99 },
    },
  },
  qdrant: {
    exhaustive: {
      'flat none': { index: { type: 'flat' }, search: {} },
      'hnsw none': { index: {}, search: { ef: ALL } },
      // So much oversampling that nearly every point is ranked by its original vector.
      'hnsw sq8': { index: { quantization: 'sq8' }, search: { ef: ALL, rescore: true, oversampling: 100 } },
      'hnsw pq': { index: { quantization: 'pq' }, search: { ef: ALL, rescore: true, oversampling: 100 } },
      'hnsw binary': {
        index: { quantization: 'binary' },
        search: { ef: ALL, rescore: true, oversampling: 100 },
      },
    },
    tellsSize: true,
    nanError: 'HTTP 4',
    nanQuery: 'an error',
    zeroQuery: 'points at similarity 0',
    floor: {
      'flat none': exact,
      'hnsw none': graph,
      'hnsw sq8': graph,
      'hnsw pq': { cosine: 0.97, dot: 0.97, l2: 0.97 },
      'hnsw binary': { cosine: 0.97, dot: 0.9, l2: 0.9 },
    },
  },
  pgvector: PGVECTOR,
  'sqlite-vec': {
    exhaustive: { 'flat none': { index: {}, search: {} } },
    tellsSize: true,
    nanQuery: 'arbitrary points',
    zeroQuery: 'points with score NaN',
    floor: { 'flat none': { ...exact, dot: Number.NaN } },
  },
  null: {
    exhaustive: {},
    tellsSize: false,
    nanQuery: 'arbitrary points',
    zeroQuery: 'fixed points',
    floor: {},
  },
};

/** That setting, and where the engine has them also with indexes of the metadata: they must change no answer. */
export function filteredSettings(engine: string, keys: readonly string[]): [what: string, OptionsInput][] {
  const setting = exactSetting(engine);
  if (!keys.includes('payloadIndex')) return [['', setting]];
  const indexed = { ...setting, index: { ...setting.index, payloadIndex: true } };
  return [
    ['', setting],
    [' and payloadIndex', indexed],
  ];
}

/** A setting without quantization that visits every point, exact before graphs. */
export function exactSetting(engine: string): OptionsInput {
  const { exhaustive } = DECLARED[engine]!;
  const found = exhaustive['flat none'] ?? exhaustive['hnsw none'];
  if (found === undefined) throw new Error(`${engine} declares no exhaustive search without quantization`);
  return found;
}
