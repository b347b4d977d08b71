import type { Difference } from './compare.js';
import type { Buckets } from './digests.js';
import type { VerifyReport } from './findings.js';

/** Mismatches whose vectors are looked up; beyond, the first ones speak for all. */
export const MOST_OWNERS = 50_000;
/** Share of found owners that have to be as far away as the others to be called a shift. */
const TOGETHER = 0.8;

interface Owned {
  id: string;
  row: number;
  owner: string;
  ownerRow: number;
}

/**
 * Of points whose vectors differ: whose vector they have. A vector that belongs to another id was swapped; where nearly all
 * belong to the id so many rows further on, all were shifted.
 * @param mismatched differences with `found`
 */
export function findOwners(
  mismatched: readonly Difference[],
  source: Buckets,
  buckets: number,
  report: VerifyReport,
): void {
  if (mismatched.length === 0) return;
  const wanted = new Map<string, Difference[]>();
  for (const each of mismatched) {
    const { vectors } = each.found!;
    wanted.set(vectors, [...(wanted.get(vectors) ?? []), each]);
  }
  const owned: Owned[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    for (const { vectors, id, row } of source.take(bucket)) {
      for (const each of wanted.get(vectors) ?? [])
        owned.push({ id: String(each.id), row: each.found!.row, owner: String(id), ownerRow: row });
    }
  }
  tellOfReembedding(mismatched, new Set(owned.map(({ id }) => id)), report);
  if (owned.length === 0) return;
  owned.sort((a, b) => a.row - b.row);
  const distances = new Map<number, number>();
  for (const { row, ownerRow } of owned)
    distances.set(ownerRow - row, (distances.get(ownerRow - row) ?? 0) + 1);
  const [shift, times] = [...distances].sort(([, a], [, b]) => b - a)[0]!;
  const ids = owned.map(({ id }) => id);
  if (owned.length >= 10 && times >= TOGETHER * owned.length) {
    const rows = Math.abs(shift) === 1 ? '1 row' : `${Math.abs(shift)} rows`;
    const what = `${times} points have the vector of the point ${rows} ${shift > 0 ? 'behind' : 'before'} them: ${words(owned[0]!)}`;
    report.add('vectors', 'vectors-shifted', '', what, ids);
  } else {
    const what = `${owned.length} points have another point’s vector: ${owned.slice(0, 3).map(words).join(', ')}`;
    report.add('vectors', 'vectors-swapped', '', what, ids);
  }
}

/** Fewer are corrections. */
const REEMBEDDED = 10;

/** Points of which nothing but the vector differs, and whose vector is nobody else’s. */
function tellOfReembedding(
  mismatched: readonly Difference[],
  owned: ReadonlySet<string>,
  report: VerifyReport,
): void {
  const alone = mismatched.filter(
    ({ id, differs }) => differs.length === 1 && differs[0] === 'vectors' && !owned.has(String(id)),
  );
  if (alone.length < REEMBEDDED) return;
  const what = `${alone.length} points have the same text and metadata on both sides, and vectors that no point of the source has: they were embedded anew`;
  report.add(
    'vectors',
    're-embedded',
    '',
    what,
    alone.map(({ id }) => String(id)),
  );
}

function words({ id, owner }: Owned): string {
  return `${owner}'s vector is stored under ${id}`;
}
