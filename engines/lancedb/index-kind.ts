import type { ParameterSet } from '../../common/parameters.js';
import type { DistanceType, LanceClient, LanceIndexOptions, LanceTable } from './client.js';
import type { Layout } from './layout.js';
import { pqSegments } from './options.js';

export const INDEX_NAME = 'vector_index';

/** The vector that is indexed, and how. */
export interface IndexSpec {
  column: string;
  dimensions: number;
  metric: DistanceType;
  index: ParameterSet;
}

/** One of the client's index types. */
export interface IndexKind {
  create: keyof LanceClient['Index'];
  /** As the engine reports it. */
  reported: string;
  /** Settings the adapter chose because the suite did not. */
  details(spec: IndexSpec): Readonly<Record<string, number>>;
}

const none = () => ({});
const segments = ({ index, dimensions }: IndexSpec) => ({ pqSegments: pqSegments(index, dimensions) });

const KINDS: Readonly<Record<string, IndexKind>> = {
  'ivf none': { create: 'ivfFlat', reported: 'IVF_FLAT', details: none },
  'ivf pq': { create: 'ivfPq', reported: 'IVF_PQ', details: segments },
  'ivf rq': { create: 'ivfRq', reported: 'IVF_RQ', details: none },
  'hnsw sq8': { create: 'hnswSq', reported: 'IVF_HNSW_SQ', details: none },
  'hnsw pq': { create: 'hnswPq', reported: 'IVF_HNSW_PQ', details: segments },
};

/** Undefined for flat, which has no index. */
export function indexKind(index: ParameterSet): IndexKind | undefined {
  return KINDS[`${index['type']} ${index['quantization']}`];
}

export async function createIndex(
  lance: LanceClient,
  table: LanceTable,
  kind: IndexKind,
  spec: IndexSpec,
): Promise<void> {
  const config = lance.Index[kind.create](indexOptions(spec));
  await table.createIndex(spec.column, { config, replace: true, name: INDEX_NAME });
}

function indexOptions(spec: IndexSpec): LanceIndexOptions {
  const { index, metric, dimensions } = spec;
  const options: LanceIndexOptions = { distanceType: metric, numPartitions: Number(index['nlist']) };
  if (index['quantization'] === 'pq') options.numSubVectors = pqSegments(index, dimensions);
  if (index['bits'] !== undefined) options.numBits = Number(index['bits']);
  if (index['m'] !== undefined) options.m = Number(index['m']);
  if (index['efConstruction'] !== undefined) options.efConstruction = Number(index['efConstruction']);
  return options;
}

/**
 * Indexes of the fields, where they are asked for: order for single values, labels for arrays. No bitmaps: in 0.31 a
 * LIKE over one is an error.
 */
export async function createFieldIndexes(
  lance: LanceClient,
  table: LanceTable,
  index: ParameterSet,
  { fields }: Layout,
): Promise<void> {
  if (index['payloadIndex'] !== true) return;
  for (const [i, { column, type }] of fields.entries()) {
    // The engine makes no label list of floats; such a field is compared row by row.
    if (type === 'float[]' || type === null) continue;
    const config = type.endsWith('[]') ? lance.Index.labelList() : lance.Index.btree();
    await table.createIndex(column, { config, replace: true, name: `field_${i}` });
  }
}
