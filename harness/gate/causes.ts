import type { Samples, Truth } from '../model/samples.js';
import { deviationOf, type Scoring, scoringOf } from './scores.js';

/** Raw answers of one setting. */
export interface Answers {
  samples: Samples;
  flags: readonly string[];
}

/** Shares of neighbouring hits out of order above which the order itself is in doubt. */
const DISORDER = 0.2;
/** Relative deviation of scores that float32 arithmetic does not explain. */
const IMPRECISE = 1e-4;
const MISSING_SHARE = 0.25;
/** Part of the span of a list's distances by which the second of two hits must be nearer to be out of order. */
const CLEARLY = 1e-2;

/**
 * Why a setting finds less than in the baseline, as far as the answers themselves tell; the most certain first, in
 * words for a report. Pure. Every sentence states what was seen, since several defects can look alike.
 *
 * @param filters what is wrong under filters, which explains rows that are not there too
 */
export function causesOf(
  now: Answers,
  before: Answers,
  truth: Truth,
  filters: readonly string[] = [],
): string[] {
  const found: string[] = [...filters];
  const fresh = (flag: string) => now.flags.includes(flag) && !before.flags.includes(flag);
  if (fresh('duplicate-hits')) found.push(duplicates(now.samples));
  if (fresh('unknown-keys'))
    found.push('answers hold ids that are no points of the dataset: deleted or foreign rows');
  if (fresh('underfilled') && filters.length === 0)
    found.push('answers hold fewer hits than asked for: filtered after the search, or points missing');
  const order = disorder(now.samples);
  const scoring = scoringOf(before.samples);
  const other = scoringOf(now.samples);
  if (order > DISORDER && disorder(before.samples) < DISORDER / 4) {
    found.push(
      `${percent(order)} of neighbouring hits are out of order by the dataset's metric: the engine ranks by another metric`,
    );
  } else if (changedScoring(scoring, other)) {
    found.push(
      `scores mean something else than in the baseline (${other.name} instead of ${scoring.name}): another metric`,
    );
  } else {
    const [mine, theirs] = [deviationOf(now.samples, scoring), deviationOf(before.samples, scoring)];
    if (mine > IMPRECISE && mine > 10 * theirs) {
      found.push(
        `scores differ from the distances of the dataset's own vectors by ${percent(mine)} (baseline ${percent(theirs)}): the engine searches vectors of lower precision, or other ones`,
      );
    }
  }
  const missing = filters.length > 0 ? undefined : missingRows(now.samples, before.samples, truth);
  if (missing !== undefined) found.push(missing);
  if (found.length > 0) return found;
  return [
    'the order and the scores of what was found are right, and lost neighbours are found by other queries: the search looks at fewer candidates (ef, nprobe or the graph itself)',
  ];
}

function duplicates({ length, k, returned, rows }: Samples): string {
  let [repeats, hits] = [0, 0];
  for (let i = 0; i < length; i++) {
    const list = rows.subarray(i * k, i * k + Math.max(0, returned[i]!));
    hits += list.length;
    repeats += list.length - new Set(list).size;
  }
  return `answers repeat ids: ${percent(repeats / hits)} of all hits are duplicates`;
}

/** Share of neighbouring hits of which the second is clearly nearer than the first. */
function disorder({ length, k, returned, distances }: Samples): number {
  let [wrong, pairs] = [0, 0];
  for (let i = 0; i < length; i++) {
    // What the list itself spans, and no share of a distance: inner products of uncentred vectors are all alike.
    const list = distances.subarray(i * k, i * k + Math.max(0, returned[i]!)).filter((d) => !Number.isNaN(d));
    const spread = Math.max(...list) - Math.min(...list);
    for (let j = 1; j < returned[i]!; j++) {
      const [a, b] = [distances[i * k + j - 1]!, distances[i * k + j]!];
      if (Number.isNaN(a) || Number.isNaN(b)) continue;
      pairs++;
      if (b < a - CLEARLY * spread) wrong++;
    }
  }
  return pairs === 0 ? 0 : wrong / pairs;
}

function changedScoring(before: Scoring, now: Scoring): boolean {
  return before.deviation < IMPRECISE && now.deviation < IMPRECISE && before.name !== now.name;
}

/**
 * Points that the baseline found as true neighbours and this run never returns. With a search that merely looks at less,
 * a point that several queries should find is hardly lost to all of them; a point that is not there is lost to each.
 */
function missingRows(now: Samples, before: Samples, truth: Truth): string | undefined {
  const [mine, theirs] = [foundNeighbours(now, truth), foundNeighbours(before, truth)];
  let [before1, after1] = [0, 0];
  for (const count of theirs.values()) before1 += count;
  for (const count of mine.values()) after1 += count;
  const lossRate = before1 === 0 ? 0 : Math.max(0, 1 - after1 / before1);
  const returned = new Set(now.rows);
  let [gone, lost, expected, often] = [0, 0, 0, 0];
  for (const [row, count] of theirs) {
    if (count < 3) continue;
    often++;
    expected += Math.min(1, lossRate * 2 + 0.01) ** count;
    if (returned.has(row)) continue;
    gone++;
    lost += count;
  }
  const share = before1 === after1 ? 0 : lost / Math.max(1, before1 - after1);
  if (gone < 3 || gone < 5 * expected || share < MISSING_SHARE) return undefined;
  return `${gone} of ${often} points that the baseline finds three times or more are never returned (${lost} lost neighbours): rows are missing`;
}

/** How often each row was found as one of a query's true neighbours. */
function foundNeighbours({ length, k, query, returned, rows }: Samples, truth: Truth): Map<number, number> {
  const found = new Map<number, number>();
  const depth = Math.min(k, truth.depth);
  for (let i = 0; i < length; i++) {
    const start = query[i]! * truth.depth;
    const near = new Set(truth.rows.subarray(start, start + depth));
    for (const row of new Set(rows.subarray(i * k, i * k + Math.max(0, returned[i]!)))) {
      if (near.has(row)) found.set(row, (found.get(row) ?? 0) + 1);
    }
  }
  return found;
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))}%`;
