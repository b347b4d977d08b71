import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Hits, NativeFilter, PreparedSearch } from '../contract/search.js';
import type { CollectionSpec } from '../contract/spec.js';
import { requireDimensions, requireFields } from '../kit/load.js';
import { ask, type MilvusClient } from './client.js';
import { ID, VECTOR } from './fields.js';
import { translateFilter } from './filter.js';

/**
 * Everything is flushed, loaded and unchanging when searches begin: the weakest level sees all of it. The strong
 * one would add the server's time tick (200 ms) to each query.
 */
const CONSISTENCY = 'Eventually';

export function prepareSearch(
  client: MilvusClient,
  collection: string,
  { dimensions, index, fields = [] }: CollectionSpec,
  search: ParameterSet,
  k: number,
): PreparedSearch {
  const effective = effectiveSearch(index, search, k);
  const request = {
    collection_name: collection,
    anns_field: VECTOR,
    limit: k,
    params: serverParams(effective),
    // Left out, the server fetches every field of every hit, the vectors among them.
    output_fields: [ID],
    consistency_level: CONSISTENCY,
  };
  let open = true;
  return {
    effective,
    translate: (filter) => {
      requireFields('milvus', filter, fields);
      return { expr: translateFilter(filter, fields) } as NativeFilter;
    },
    query: async (data, filter, signal) => {
      signal?.throwIfAborted();
      if (!open) throw new FailureError('the search was closed', { where: 'milvus' });
      requireDimensions('milvus', data, dimensions);
      const answer = ask('search', client.search({ ...request, ...filter, data }));
      const { results } = await unlessAborted(answer, signal);
      return hitsOf(results);
    },
    close: async () => {
      open = false;
    },
  };
}

/** Keys of 64 bits come as strings. */
function hitsOf(results: readonly { id: string; score: number }[]): Hits {
  const keys = new Float64Array(results.length);
  const scores = new Float64Array(results.length);
  results.forEach(({ id, score }, i) => {
    keys[i] = Number(id);
    scores[i] = score;
  });
  return { keys, scores };
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
