import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import { exhaustiveSetting as settingOf } from '../../harness/conformance/matrix.js';
import { PGVECTOR } from './pgvector.js';

/** What each engine is expected to do beyond its capabilities; every line is held by a test and goes into the docs. */
export type Declared = Pick<
  ConformanceFacts,
  'kinds' | 'visits' | 'nanQuery' | 'nanError' | 'tellsSize' | 'zeroQuery' | 'floor'
>;

const exact = { cosine: 1, dot: 1, l2: 1 };
/** A graph may leave a point without a path to it. */
const graph = { cosine: 0.99, dot: 0.97, l2: 0.99 };

export const DECLARED: Readonly<Record<string, Declared>> = {
  usearch: {
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
      'hnsw none': graph,
      'hnsw f16': graph,
      'hnsw bf16': { cosine: 0.95, dot: 0.95, l2: 0.95 },
      'hnsw sq8': { cosine: 0.9, dot: Number.NaN, l2: Number.NaN },
      'hnsw binary': { cosine: 0.45, dot: Number.NaN, l2: Number.NaN },
    },
  },
  hnswlib: {
    kinds: { 'hnsw none': { index: {}, search: {} } },
    tellsSize: true,
    nanQuery: 'arbitrary points',
    zeroQuery: 'points at distance 1',
    floor: { 'hnsw none': graph },
  },
  lancedb: {
    kinds: {
      'flat none': { index: { type: 'flat' }, search: {} },
      'ivf none': { index: { type: 'ivf', nlist: 16 }, search: {} },
      'ivf pq': {
        index: { type: 'ivf', quantization: 'pq', nlist: 16, pqSegments: 48 },
        search: { refineFactor: 10 },
      },
      'ivf rq': {
        index: { type: 'ivf', quantization: 'rq', nlist: 16, bits: 4 },
        search: { refineFactor: 10 },
      },
      'hnsw sq8': { index: { type: 'hnsw', quantization: 'sq8' }, search: { refineFactor: 10 } },
      'hnsw pq': {
        index: { type: 'hnsw', quantization: 'pq', pqSegments: 48 },
        search: { refineFactor: 10 },
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
    kinds: { 'hnsw none': { index: {}, search: {} } },
    tellsSize: false,
    nanError: 'expected f32',
    nanQuery: 'an error',
    zeroQuery: 'points at distance 1',
    floor: { 'hnsw none': graph },
  },
  milvus: {
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
      'hnsw none': graph,
      'ivf none': exact,
      'ivf sq8': { cosine: 0.95, dot: 0.95, l2: 0.95 },
      'ivf pq': { cosine: 0.6, dot: 0.6, l2: 0.6 },
      'scann pq': { cosine: 0.99, dot: 0.99, l2: 0.99 },
    },
  },
  qdrant: {
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
      'hnsw none': graph,
      'hnsw sq8': graph,
      'hnsw pq': { cosine: 0.97, dot: 0.97, l2: 0.97 },
      'hnsw binary': { cosine: 0.97, dot: 0.9, l2: 0.9 },
    },
  },
  pgvector: PGVECTOR,
  'sqlite-vec': {
    kinds: { 'flat none': { index: {}, search: {} } },
    tellsSize: true,
    nanQuery: 'arbitrary points',
    zeroQuery: 'points with score NaN',
    floor: { 'flat none': { ...exact, dot: Number.NaN } },
  },
  null: {
    kinds: {},
    tellsSize: false,
    nanQuery: 'arbitrary points',
    zeroQuery: 'fixed points',
    floor: {},
  },
};

/** The setting of one `type quantization` under which the engine says that it visits all of `points`. */
export function exhaustiveSetting(definition: EngineDefinition, kind: string, points?: number): OptionsInput {
  return settingOf({ definition, facts: DECLARED[definition.name]! }, kind, points);
}

/** An exact setting, and where the engine has them also with indexes of the metadata: they must change no answer. */
export function filteredSettings(
  definition: EngineDefinition,
  keys: readonly string[],
): [what: string, OptionsInput][] {
  const setting = exactSetting(definition);
  if (!keys.includes('payloadIndex')) return [['', setting]];
  const indexed = { ...setting, index: { ...setting.index, payloadIndex: true } };
  return [
    ['', setting],
    [' and payloadIndex', indexed],
  ];
}

/** A setting without quantization that visits every point, exact before graphs. */
export function exactSetting(definition: EngineDefinition): OptionsInput {
  const { kinds } = DECLARED[definition.name]!;
  const kind = ['flat none', 'hnsw none'].find((each) => kinds[each] !== undefined);
  if (kind === undefined)
    throw new Error(`${definition.name} declares no exhaustive search without quantization`);
  return exhaustiveSetting(definition, kind);
}
