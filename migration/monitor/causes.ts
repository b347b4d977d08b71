import type { Point } from '../../engines/contract/points.js';
import { fromTypedText } from '../mapping/typed-id.js';
import { passes } from './compare.js';
import type { Known, Subject } from './subject.js';

/** Queries that are looked into once an alarm is raised. */
const LOOKED_INTO = 5;

/**
 * Why the target does not return hits of the source, by looking at the first queries that lost some: the points themselves, and
 * an exhaustive search of the target.
 */
export async function causeOfLoss(
  { source, target }: Subject,
  known: Known,
  worst: readonly { query: string; rows: string[] }[],
): Promise<string> {
  const counts = new Map<string, string[]>();
  const count = (cause: string, row: string) => counts.set(cause, [...(counts.get(cause) ?? []), row]);
  for (const { query: id, rows } of worst.slice(-LOOKED_INTO)) {
    const query = known.queries.find((each) => each.id === id);
    if (query === undefined || rows.length === 0) continue;
    const own = query.filter === null ? { filter: null } : known.filterOf(query.filter);
    if ('why' in own) continue;
    const ids = rows.slice(0, 10).flatMap((row) => fromTypedText(row)?.id ?? []);
    const [here, there] = [await source.get(ids), await target.get(ids.map(known.ids.toTarget))];
    await target.open();
    const exact = target.exact ? await target.ask(query, own.filter, true) : undefined;
    for (const point of here) {
      const row = known.ids.text(point.id);
      const copy = there.find((each) => each.id === known.ids.toTarget(point.id));
      const found =
        exact?.state === 'answered' ? exact.ids.includes(known.ids.toTarget(point.id)) : undefined;
      count(causeOf(point, copy, found, known), row);
      if (copy !== undefined && own.filter !== null && !passes(own.filter, copy))
        count(
          'the metadata in the target does not pass the filter: it is stale, or was mapped otherwise',
          row,
        );
    }
  }
  if (counts.size === 0) return 'not established: the queries that lost hits could not be looked into again';
  return [...counts]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([cause, rows]) => `${cause} (${rows.length}, such as ${rows[0]})`)
    .join('; ');
}

function causeOf(point: Point, copy: Point | undefined, found: boolean | undefined, known: Known): string {
  if (copy === undefined) return 'the point is not in the target';
  const similarity = cosine(point.vectors[known.from], copy.vectors[known.vector]);
  if (similarity !== undefined && similarity < 1 - 1e-4)
    return 'the vector in the target is another one than in the source: it is stale, or was embedded anew';
  if (found === true)
    return 'the target’s index misses it, an exhaustive search does not: index or search settings';
  if (found === false)
    return 'an exhaustive search of the target misses it, too: metric, precision or nearer points';
  return 'the point and its vector are there; the engine has no exhaustive search to ask';
}

/** Undefined: they are not comparable. */
function cosine(a: unknown, b: unknown): number | undefined {
  if (!(a instanceof Float32Array) || !(b instanceof Float32Array) || a.length !== b.length) return undefined;
  let [dot, inA, inB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    inA += a[i]! ** 2;
    inB += b[i]! ** 2;
  }
  return inA === 0 || inB === 0 ? undefined : dot / Math.sqrt(inA * inB);
}
