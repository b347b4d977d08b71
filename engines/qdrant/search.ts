import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { PreparedSearch } from '../contract/search.js';
import type { VectorValue } from '../contract/vectors.js';
import { unlessAborted } from '../kit/load.js';
import { queryCheck, vectorNamed } from '../kit/vectors.js';
import { failure, type ScoredPoint } from './client.js';
import { pathOf, send } from './http.js';
import { ownId } from './ids.js';
import { ID_KEY } from './keys.js';
import type { Layout } from './layout.js';
import { ExactFilter, type FilterPart, nativeFilter } from './native-filter.js';
import { effective, searchParams } from './requests.js';
import type { QdrantSession } from './session.js';
import { QUERIES } from './vectors.js';

const FAILED = 'the query failed';

export function prepareSearch(
  { client, endpoint }: QdrantSession,
  layout: Layout,
  search: ParameterSet,
  k: number,
  vector: string | undefined,
): PreparedSearch<VectorValue> {
  const { name, ids, unnamed } = layout;
  const field = vectorNamed(layout, vector);
  const check = queryCheck('qdrant', field);
  const nativeOf = QUERIES[field.kind];
  const path = `${pathOf(name)}/points/query`;
  const rest = {
    ...(!unnamed && { using: field.name }),
    limit: k,
    params: searchParams(layout.index, search),
    // Texts that are ids come back; all else would cost the server the reading of payloads.
    with_payload: ids === 'string' ? [ID_KEY] : false,
    with_vector: false,
  };
  // The client reads integers as numbers, which are exact up to 2^53.
  const long = ids === 'u64' || ids === null;
  const unfiltered = long ? new ExactFilter(rest) : undefined;
  const keyOf = keysOf(ids);
  let open = true;
  return {
    effective: effective(search, k),
    translate: (filter) => nativeFilter(filter, rest, layout, long),
    query: async (vector, filter, signal) => {
      signal?.throwIfAborted();
      if (!open) throw new FailureError('the search was closed', { where: 'qdrant' });
      check(vector);
      const query = nativeOf(vector);
      const given = filter ?? unfiltered;
      const answer =
        given instanceof ExactFilter
          ? send<{ points: ScoredPoint[] }>(endpoint, FAILED, 'POST', path, given.body(query))
          : client
              .query(name, { query, ...rest, ...(given as FilterPart | undefined) })
              .catch((error: unknown) => {
                throw failure(FAILED, endpoint, error);
              });
      const { points } = await unlessAborted(answer, signal);
      return { keys: points.map(keyOf), scores: points.map(({ score }) => score ?? Number.NaN) };
    },
    close: async () => {
      open = false;
    },
  };
}

/** Ids as they are in answers: row numbers and UUIDs as the client has them. */
function keysOf(ids: Layout['ids']): (point: ScoredPoint) => number | bigint | string {
  if (ids === 'string') return ({ id, payload }) => ownId(id, payload ?? {});
  if (ids === 'u32' || ids === 'uuid') return ({ id }) => id;
  return ({ id }) => ownId(id, {});
}
