import type { FieldSchema } from '../../datasets/dataset.js';
import type { CollectionSpec, ParameterSet } from '../contract/engine.js';
import type { Endpoint } from '../contract/server.js';
import type { CreateBody, Distance, QuantizationConfig, SearchParams } from './client.js';
import { payloadIndexType, payloadPath } from './fields.js';
import { send } from './http.js';

const DISTANCES: Readonly<Record<CollectionSpec['metric'], Distance>> = {
  cosine: 'Cosine',
  dot: 'Dot',
  l2: 'Euclid',
};
const MAX_POINTS = 1000;
/** The server refuses bodies above 32 MiB. */
const MAX_BODY_BYTES = 30 * 2 ** 20;
/** A float32 as JSON, e.g. `-1.1754943508222875e-38,`. */
const NUMBER_BYTES = 24;
/** KiB of vectors from which a segment is indexed; 0 is never. */
const NEVER = 0;
export const ALWAYS = 1;

/** `vecproof-`, what is left of the name (the server allows 255 characters, some not), and a random end of its own. */
export function ownName(name: string, end: string): string {
  const safe = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 200);
  return `vecproof-${safe}-${end}`;
}

/** Loading goes without an index; it is built once over all points afterwards (2 to 7 s instead of 14 to 16 s for 50,000). */
export function createBody({ dimensions, metric, index }: CollectionSpec, threads: number): CreateBody {
  const vectors = { size: dimensions, distance: DISTANCES[metric] };
  if (index['type'] === 'flat') {
    return { vectors, hnsw_config: { m: 0 }, optimizers_config: { indexing_threshold: NEVER } };
  }
  const quantized = quantizationOf(index);
  return {
    vectors,
    hnsw_config: {
      m: Number(index['m']),
      ef_construct: Number(index['efConstruction']),
      full_scan_threshold: Number(index['fullScanThreshold']),
      max_indexing_threads: threads,
    },
    optimizers_config: {
      indexing_threshold: NEVER,
      ...(index['segments'] !== undefined && { default_segment_number: Number(index['segments']) }),
    },
    ...(quantized !== undefined && { quantization_config: quantized }),
  };
}

function quantizationOf(index: ParameterSet): QuantizationConfig | undefined {
  const { quantization, compression, encoding } = index;
  if (quantization === 'sq8') return { scalar: { type: 'int8', always_ram: true } };
  if (quantization === 'pq') return { product: { compression: String(compression), always_ram: true } };
  if (quantization === 'binary') return { binary: { encoding: String(encoding), always_ram: true } };
  return undefined;
}

export function searchParams(index: ParameterSet, search: ParameterSet): SearchParams {
  if (index['type'] === 'flat') return { exact: true };
  const { ef, rescore, oversampling } = search;
  if (rescore === undefined) return { hnsw_ef: Number(ef) };
  const own = oversampling === undefined ? {} : { oversampling: Number(oversampling) };
  return { hnsw_ef: Number(ef), quantization: { rescore: rescore === true, ...own } };
}

/** The server looks at no fewer candidates than it has to return, or to rescore. */
export function effective(search: ParameterSet, k: number): ParameterSet {
  const { ef, oversampling } = search;
  if (ef === undefined) return search;
  return { ...search, ef: Math.max(Number(ef), Math.floor(k * Number(oversampling ?? 1))) };
}

/** Points of one request. */
export function pointsPerRequest(dimensions: number): number {
  return Math.max(1, Math.min(MAX_POINTS, Math.floor(MAX_BODY_BYTES / (NUMBER_BYTES * (dimensions + 1)))));
}

export function pathOf(name: string): string {
  return `/collections/${encodeURIComponent(name)}`;
}

/** One for each field, before the graph is built: it then gets links for filters by them. */
export async function createPayloadIndexes(
  endpoint: Endpoint,
  name: string,
  fields: readonly FieldSchema[],
): Promise<void> {
  const path = `${pathOf(name)}/index?wait=true`;
  for (const { name: field, type } of fields) {
    const body = { field_name: payloadPath(field), field_schema: payloadIndexType(type) };
    await send(endpoint, `cannot index the field ${field}`, 'PUT', path, body);
  }
}
