import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Endpoint } from '../contract/server.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';
import type { CreateBody, Distance, QuantizationConfig, SearchParams, VectorParams } from './client.js';
import { payloadIndexType, payloadPath } from './fields.js';
import { pathOf, send } from './http.js';
import type { Json } from './json.js';
import { TENANT_KEY } from './keys.js';
import { isUnnamed, keptSpec, SPEC_KEY } from './layout.js';

const DISTANCES: Readonly<Record<string, Distance>> = { cosine: 'Cosine', dot: 'Dot', l2: 'Euclid' };
const MAX_POINTS = 1000;
/** The server refuses bodies above 32 MiB. */
const MAX_BODY_BYTES = 30 * 2 ** 20;
/** A float32 as JSON, e.g. `-1.1754943508222875e-38,`. */
const NUMBER_BYTES = 24;
/** KiB of vectors from which a segment is indexed; 0 is never. */
const NEVER = 0;
export const ALWAYS = 1;

/** Loading goes without an index; it is built once over all points afterwards (2 to 7 s instead of 14 to 16 s for 50,000). */
export function createBody(spec: CollectionSpec, threads: number): CreateBody {
  const { index } = spec;
  const body = { ...vectorsOf(spec), metadata: { [SPEC_KEY]: keptSpec(spec) } };
  if (index['type'] === 'flat') {
    return { ...body, hnsw_config: { m: 0 }, optimizers_config: { indexing_threshold: NEVER } };
  }
  const quantized = quantizationOf(index);
  return {
    ...body,
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

function vectorsOf({ vectors }: CollectionSpec): Pick<CreateBody, 'vectors' | 'sparse_vectors'> {
  if (isUnnamed(vectors)) return { vectors: vectorParams(vectors[0]!) };
  const sparse = vectors.filter(({ kind }) => kind === 'sparse');
  for (const { name, metric } of sparse) {
    if (metric === 'dot' || metric === null) continue;
    throw new FailureError(`vector "${name}" is sparse and has the metric ${metric}; sparse ones have dot`, {
      where: 'qdrant',
    });
  }
  const named = vectors
    .filter(({ kind }) => kind !== 'sparse')
    .map((each) => [each.name, vectorParams(each)]);
  return {
    vectors: Object.fromEntries(named) as Record<string, VectorParams>,
    ...(sparse.length > 0 && { sparse_vectors: Object.fromEntries(sparse.map(({ name }) => [name, {}])) }),
  };
}

function vectorParams({ name, kind, type, dimensions, metric }: VectorField): VectorParams {
  const distance = DISTANCES[metric ?? ''];
  if (distance === undefined)
    throw new FailureError(`vector "${name}" needs a metric`, { where: 'qdrant', got: metric });
  return {
    size: dimensions,
    distance,
    ...(type === 'f16' && { datatype: 'float16' as const }),
    ...(kind === 'multi' && { multivector_config: { comparator: 'max_sim' as const } }),
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
  const { client: _, ...own } = search;
  const { ef, oversampling } = own;
  if (ef === undefined) return own;
  return { ...own, ef: Math.max(Number(ef), Math.floor(k * Number(oversampling ?? 1))) };
}

/** Points of one request, by the numbers of one. */
export function pointsPerRequest(dimensions: number): number {
  return Math.max(1, Math.min(MAX_POINTS, Math.floor(MAX_BODY_BYTES / (NUMBER_BYTES * (dimensions + 1)))));
}

/** One for each field, before the graph is built: it then gets links for filters by them. */
export async function createPayloadIndexes(
  endpoint: Endpoint,
  name: string,
  fields: readonly FieldSchema[],
): Promise<void> {
  for (const { name: field, type } of fields) {
    await createPayloadIndex(endpoint, name, payloadPath(field), payloadIndexType(type));
  }
}

/** The points of a tenant lie together, and a search for one of them visits those alone. */
export async function createTenantIndex(endpoint: Endpoint, name: string): Promise<void> {
  await createPayloadIndex(endpoint, name, TENANT_KEY, { type: 'keyword', is_tenant: true });
}

async function createPayloadIndex(endpoint: Endpoint, name: string, field_name: string, field_schema: Json) {
  const path = `${pathOf(name)}/index?wait=true`;
  await send(endpoint, `cannot index the field ${field_name}`, 'PUT', path, { field_name, field_schema });
}
