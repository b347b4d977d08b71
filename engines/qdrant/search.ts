import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Filter } from '../../filters/filter.js';
import type { EncodedQuery, Hits, NativeFilter, PreparedSearch } from '../contract/search.js';
import type { VectorField, VectorValue } from '../contract/vectors.js';
import { compactVectorJson } from '../kit/json-vector.js';
import { unlessAborted } from '../kit/load.js';
import { queryCheck, vectorNamed } from '../kit/vectors.js';
import { failure, type NativeQuery, type QueryBody, type ScoredPoint } from './client.js';
import { ask, pathOf, send } from './http.js';
import { ownId } from './ids.js';
import { fromJson } from './json.js';
import { ID_KEY } from './keys.js';
import type { Layout } from './layout.js';
import { ExactFilter, type FilterPart, nativeFilter } from './native-filter.js';
import { effective, searchParams } from './requests.js';
import type { QdrantSession } from './session.js';
import { QUERIES } from './vectors.js';

const FAILED = 'the query failed';

type QueryRest = Omit<QueryBody, 'query' | 'filter'>;

export function prepareSearch(
  session: QdrantSession,
  layout: Layout,
  search: ParameterSet,
  k: number,
  vector: string | undefined,
): PreparedSearch<VectorValue> {
  const { name, ids, unnamed } = layout;
  const field = vectorNamed(layout, vector);
  const check = queryCheck('qdrant', field);
  const rest = {
    ...(!unnamed && { using: field.name }),
    limit: k,
    params: searchParams(layout.index, search),
    // Texts that are ids come back; all else would cost the server the reading of payloads.
    with_payload: ids === 'string' ? [ID_KEY] : false,
    with_vector: false,
  };
  // JSON.parse reads integers as numbers, which are exact up to 2^53.
  const long = ids === 'u64' || ids === null;
  const keyOf = keysOf(ids);
  const hitsOf = ({ points }: Answer): Hits => ({
    keys: points.map(keyOf),
    scores: points.map(({ score }) => score ?? Number.NaN),
  });
  let open = true;
  const requireOpen = () => {
    if (!open) throw new FailureError('the search was closed', { where: 'qdrant' });
  };
  const common = {
    effective: effective(search, k),
    close: async () => {
      open = false;
    },
  };
  const official = search['client'] === 'official';
  const translate = (filter: Filter) => nativeFilter(filter, rest, layout, long || !official);
  if (official) {
    const query = officialQuery(session, name, rest, long);
    const nativeOf = QUERIES[field.kind];
    return {
      ...common,
      client: 'official',
      translate,
      query: async (vector, filter, signal) => {
        signal?.throwIfAborted();
        requireOpen();
        check(vector);
        return hitsOf(await unlessAborted(query(nativeOf(vector), filter), signal));
      },
    };
  }
  const unfiltered = new ExactFilter(rest);
  const textOf = queryText(field);
  const path = `${session.endpoint.settings['prefix'] ?? ''}${pathOf(name)}/points/query`;
  const read = long ? fromJson : JSON.parse;
  const send = async (body: Buffer, signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    requireOpen();
    return hitsOf(await ask<Answer>(session, FAILED, path, body, read, signal));
  };
  const bodyOf = (text: string, filter: NativeFilter | undefined) =>
    Buffer.from(((filter as ExactFilter | undefined) ?? unfiltered).bodyOf(text));
  return {
    ...common,
    client: 'raw-http',
    translate,
    query: async (vector, filter, signal) => {
      check(vector);
      return send(bodyOf(JSON.stringify(QUERIES[field.kind](vector)), filter), signal);
    },
    encode: (vector, filter) => {
      check(vector);
      return bodyOf(textOf(vector), filter) as EncodedQuery;
    },
    queryEncoded: (body, _filter, signal) => send(body as Buffer, signal),
  };
}

interface Answer {
  points: ScoredPoint[];
}

/** @param long the client would change the answer's ids */
function officialQuery({ client, endpoint }: QdrantSession, name: string, rest: QueryRest, long: boolean) {
  const path = `${pathOf(name)}/points/query`;
  const unfiltered = long ? new ExactFilter(rest) : undefined;
  return (query: NativeQuery, filter: NativeFilter | undefined): Promise<Answer> => {
    const given = filter ?? unfiltered;
    if (given instanceof ExactFilter) return send<Answer>(endpoint, FAILED, 'POST', path, given.body(query));
    return client
      .query(name, { query, ...rest, ...(given as FilterPart | undefined) })
      .catch((error: unknown) => {
        throw failure(FAILED, endpoint, error);
      });
  };
}

/** A query as JSON; one dense vector in as few characters as read as the same. */
function queryText({ kind }: VectorField): (query: VectorValue) => string {
  if (kind === 'dense') return (query) => compactVectorJson(query as Float32Array);
  return (query) => JSON.stringify(QUERIES[kind](query));
}

/** Ids as they are in answers: row numbers and UUIDs as the client has them. */
function keysOf(ids: Layout['ids']): (point: ScoredPoint) => number | bigint | string {
  if (ids === 'string') return ({ id, payload }) => ownId(id, payload ?? {});
  if (ids === 'u32' || ids === 'uuid') return ({ id }) => id;
  return ({ id }) => ownId(id, {});
}
