import { FailureError } from '../../common/errors.js';
import type { Collection, Readiness } from '../../engines/contract/collection.js';
import { requireIndex } from './index-check.js';
import type { LoadPlan } from './plan.js';
import { type QueryPlan, queryPlans } from './query-plans.js';
import type { Reject } from './rejects.js';
import type { Writer } from './writer.js';

/** Writes rejects again, one by one. @returns those that are still refused, and rows that are in the target now */
export async function retryRejects(
  { source, apply }: LoadPlan,
  writer: Writer,
  rejects: readonly Reject[],
  signal: AbortSignal,
): Promise<{ still: Reject[]; resolved: number[] }> {
  const still: Reject[] = [];
  for (const { row } of rejects) {
    for await (const [point] of source.rows(row, row + 1)) {
      const rows = [{ row, point: apply(point!) }];
      still.push(...(await writer.write({ first: row, count: 1, rows: () => rows }, signal)));
    }
  }
  const refused = new Set(still.map(({ row }) => row));
  return { still, resolved: rejects.map(({ row }) => row).filter((row) => !refused.has(row)) };
}

/**
 * Builds the index, compares the target's counter with what was loaded and its index with the mapping's, and asks for the plans of the
 * application's filters.
 * @param missing points that are left out or rejected
 * @throws FailureError naming what differs
 */
export async function finishLoad(
  plan: LoadPlan,
  collection: Collection,
  { place, missing }: { place: string; missing: number },
  signal: AbortSignal,
): Promise<{ readiness: Readiness; points: number; plans: readonly QueryPlan[] }> {
  const readiness = await collection.ready(signal);
  const points = await collection.count();
  const loaded = plan.source.manifest.counts.exported - missing;
  if (points !== loaded)
    throw new FailureError(`the target counts ${points} points, ${loaded} were loaded`, {
      where: place,
      next: 'compare with "vecproof verify": somebody else may have written to it',
    });
  await requireIndex({ definition: plan.definition, spec: plan.spec, place }, collection, readiness);
  return { readiness, points, plans: points === 0 ? [] : await queryPlans(plan, collection) };
}
