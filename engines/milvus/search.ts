import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Filter } from '../../filters/filter.js';
import type { EncodedQuery, Hits, NativeFilter, PreparedSearch } from '../contract/search.js';
import type { VectorField, VectorValue } from '../contract/vectors.js';
import { floatsToBrains, floatsToHalves } from '../kit/half.js';
import { requireFields, unlessAborted } from '../kit/load.js';
import { queryCheck, vectorNamed } from '../kit/vectors.js';
import { ask, type MilvusClient } from './client.js';
import { translateFilter } from './filter.js';
import type { Layout } from './layout.js';
import { RawQueries, type SearchTarget } from './raw.js';

/**
 * Everything is flushed, loaded and unchanging when searches of a build begin: the weakest level sees all of it. The
 * strong one, for all others, adds the server's time tick (200 ms) to each query.
 */
const levelOf = (isBuilt: boolean): SearchTarget['level'] => (isBuilt ? 'Eventually' : 'Strong');

type Key = string;

/** @param isBuilt nothing but batches was loaded, and all of it is sealed */
export async function prepareSearch(
  client: MilvusClient,
  layout: Layout,
  search: ParameterSet,
  k: number,
  vector: string | undefined,
  isBuilt: boolean,
): Promise<PreparedSearch<VectorValue>> {
  const { fields, index, ids } = layout;
  const field = vectorNamed(layout, vector);
  const isFirst = field === layout.vectors[0];
  const { client: way, ...own } = search;
  const effective = isFirst ? effectiveSearch(index, own, k) : {};
  const target: SearchTarget = {
    layout,
    column: layout.columns.get(field.name)!,
    k,
    params: serverParams(effective),
    level: levelOf(isBuilt),
  };
  const dataOf = queryOf(field);
  const check = queryCheck('milvus', field);
  let open = true;
  const requireOpen = () => {
    if (!open) throw new FailureError('the search was closed', { where: 'milvus' });
  };
  const common = {
    effective,
    translate: (filter: Filter) => {
      requireFields('milvus', filter, fields);
      return { expr: translateFilter(filter, layout) } as NativeFilter;
    },
    ...(ids === 'u64' && { idOf: (given: number | bigint | string) => BigInt(given) }),
    close: async () => {
      open = false;
    },
  };
  if (way === 'official') {
    const query = officialQuery(client, target);
    return {
      ...common,
      client: 'official',
      query: async (vector, filter, signal) => {
        signal?.throwIfAborted();
        requireOpen();
        check(vector);
        return unlessAborted(query(dataOf(vector), filter), signal);
      },
    };
  }
  const raw = await RawQueries.open(client, target, field);
  const send = async (message: Buffer, signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    requireOpen();
    return raw.send(message, signal);
  };
  const encode = (vector: VectorValue, filter: NativeFilter | undefined) => {
    check(vector);
    return raw.encode(dataOf(vector), (filter as FilterExpression | undefined)?.expr);
  };
  return {
    ...common,
    client: 'grpc',
    query: async (vector, filter, signal) => send(encode(vector, filter), signal),
    encode: (vector, filter) => encode(vector, filter) as EncodedQuery,
    queryEncoded: (message, _filter, signal) => send(message as Buffer, signal),
  };
}

interface FilterExpression {
  expr: string;
}

function officialQuery(client: MilvusClient, { layout, column, k, params, level }: SearchTarget) {
  const { name, key, ids } = layout;
  const request = {
    collection_name: name,
    anns_field: column,
    limit: k,
    params,
    // Left out, the server fetches every field of every hit, the vectors among them.
    output_fields: [key],
    consistency_level: level,
  };
  const hitsOf = ids === 'u32' ? numberedHits : keyedHits(key);
  return async (data: Float32Array | Buffer, filter: NativeFilter | undefined): Promise<Hits> =>
    hitsOf((await ask('search', client.search({ ...request, ...filter, data }))).results);
}

interface Result {
  id: string;
  score: number;
}

/** Row numbers come as strings. */
function numberedHits(results: readonly Result[]): Hits {
  const keys = new Float64Array(results.length);
  const scores = new Float64Array(results.length);
  results.forEach(({ id, score }, i) => {
    keys[i] = Number(id);
    scores[i] = score;
  });
  return { keys, scores };
}

function keyedHits(key: string): (results: readonly Result[]) => Hits {
  return (results) => ({
    keys: results.map((hit) => (hit as unknown as Record<string, Key>)[key]!),
    scores: Float64Array.from(results, ({ score }) => score),
  });
}

/** A query as the client takes it for such a column. Throws FailureError for sparse vectors and int8, which are not searched. */
function queryOf({ name, kind, type }: VectorField): (vector: VectorValue) => Float32Array | Buffer {
  if (kind === 'sparse' || type === 'int8') {
    throw new FailureError(
      `vector "${name}" is ${kind === 'sparse' ? kind : type}; a search here is of floats or bits`,
      {
        where: 'milvus',
      },
    );
  }
  switch (type) {
    case 'f16':
      return (vector) => Buffer.from(floatsToHalves(vector as Float32Array).buffer);
    case 'bf16':
      return (vector) => Buffer.from(floatsToBrains(vector as Float32Array).buffer);
    case 'bit':
      return (vector) => bytesOf(vector as Uint8Array);
    default:
      return (vector) => vector as Float32Array;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Versions differ in what they do with an nprobe above nlist (some refuse it): never sent. */
function effectiveSearch(index: ParameterSet, search: ParameterSet, k: number): ParameterSet {
  const { nprobe } = search;
  const lists = nprobe === undefined ? {} : { nprobe: Math.min(Number(nprobe), Number(index['nlist'])) };
  const reorder = index['type'] === 'scann' ? { reorderK: Number(search['reorderK'] ?? k) } : {};
  return { ...search, ...lists, ...reorder };
}

function serverParams({ reorderK, ...rest }: ParameterSet): ParameterSet {
  return reorderK === undefined ? rest : { ...rest, reorder_k: reorderK };
}
