import { messageOf } from '../../common/errors.js';
import { parseJson } from '../../common/json.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { firstVector } from '../../engines/kit/vectors.js';
import { parseFilter } from '../../filters/parse.js';
import type { Mapping } from '../mapping/mapping.js';

/** How the target answers the searches of a query group with a filter of the application. */
export interface QueryPlan {
  group: string;
  /** Fields and operators of the filter. */
  shape: string;
  queries: number;
  /** By the engine's own plan; null: it does not tell. */
  plan: string | null;
}

/** Shapes that are asked. */
const MOST = 50;
const K = 10;

/**
 * Asks the target for its plan of a search with each filter of the application, where its engine tells it. That the search without a
 * filter uses the index is held by `requireIndex`. A filter that lets few points through is rightly answered from the
 * index of a field, and in a small table by a scan: what is found is told, and is no failure.
 */
export async function queryPlans(
  { definition, spec, mapping }: { definition: EngineDefinition; spec: CollectionSpec; mapping: Mapping },
  collection: Collection,
): Promise<QueryPlan[]> {
  const { kind, type } = firstVector(spec);
  const parsed = definition.parseOptions({ index: { ...spec.index }, search: {} });
  const searchable = kind === 'dense' && type !== 'bit' && type !== 'int8';
  if (!searchable || spec.index['type'] === 'flat' || parsed.state !== 'ok') return [];
  const plans: QueryPlan[] = [];
  for (const { group, shape, queries, target } of mapping.filters.slice(0, MOST)) {
    if (target === null) continue;
    const filter = parseFilter(parseJson(target), spec.fields);
    if (filter.state === 'invalid') continue;
    const search = await collection.prepare(parsed.search, K);
    try {
      await search.translate?.(filter.filter);
      const told = search.effective?.['filterPlans'];
      // Of one filter: "scan 1".
      plans.push({
        group,
        shape,
        queries,
        plan: told === undefined ? null : String(told).replace(/ \d+$/, ''),
      });
    } catch (error) {
      plans.push({ group, shape, queries, plan: `refused: ${messageOf(error)}` });
    } finally {
      await search.close();
    }
  }
  return plans;
}

/** Those that compare every point. */
export function scanned(plans: readonly QueryPlan[]): QueryPlan[] {
  return plans.filter(({ plan }) => plan !== null && plan !== 'vector index' && plan !== 'field index');
}
