import { type Margin, tieLimit } from './distance.js';
import { jaccard, kendallTau, rankBiasedOverlap } from './ranks.js';

/** One answer, nearest first: distinct rows of the dataset, at most k. Its three lists are of the same length. */
export interface Answer {
  rows: readonly number[];
  /** Recomputed by the harness. */
  distances: readonly number[];
  /** The engine's own. */
  scores: readonly number[];
}

/** A row that one side returned and the other did not, and for which the other has no equally near one either. */
export interface Stray {
  row: number;
  distance: number;
}

/** How two answers to one query agree. NaN: undefined for this query. Ties do not count as disagreement. */
export interface Agreement {
  /** Rows in common over those of the longer answer. */
  overlap: number;
  jaccard: number;
  rbo: number;
  tau: number;
  displacement: number;
  /** Of the pairs of rows in common whose distances differ: share that both sides' own scores order alike. */
  order: number;
  /** Rows that both returned. */
  common: number;
  /** Rows of the reference, and those of them that the candidate returned too (or an equally near one). */
  ids: number;
  kept: number;
  /** Rows of the reference in whose place the candidate returned an equally near one. */
  ties: Stray[];
  lost: Stray[];
  gained: Stray[];
}

/** The reference's first hits whose displacement is measured. */
export const TOP_RANKS = 3;

/** Chance that a reader goes on to the next rank: one who looks at k hits on average, .9 for k = 10. */
export const persistence = (k: number): number => Math.max(0.5, 1 - 1 / k);

/**
 * Whether an answer holds all exact neighbours or, rank by rank, rows as near as they. Stricter than tie-aware recall,
 * which also counts a row that ties with the last neighbour where a nearer one is missing.
 *
 * @param distances of the answer's distinct rows, in any order
 * @param exact ascending
 */
export function isComplete(distances: readonly number[], exact: ArrayLike<number>, margin: Margin): boolean {
  if (distances.length < exact.length) return false;
  const sorted = distances.toSorted((a, b) => a - b);
  return Array.from(exact).every((each, i) => sorted[i]! <= tieLimit(each, margin));
}

/** Which way an engine's scores run: 1 if they grow along an answer (distances), -1 if they fall, 0 if unknown. */
export type Direction = 1 | 0 | -1;

export interface CompareOptions {
  /** Of ties. */
  margin: Margin;
  k: number;
  directions: readonly [Direction, Direction];
  /** Whether a row is known to fail the query's filter. */
  fails?: ((row: number) => boolean) | undefined;
}

/**
 * Compares two answers. Where an item of the reference is missing but an equally near one is there in its place
 * (distances within the tie margin, one for one), that one counts as the same; equally near neighbours in an answer
 * may stand in any order. A row that fails the filter is no such place-holder of one that passes: a copy of a document
 * that another tenant owns is as near as one's own.
 */
export function compareAnswers(
  reference: Answer,
  candidate: Answer,
  { margin, k, directions, fails = () => false }: CompareOptions,
): Agreement {
  const { renamed, ties, lost, gained } = matched(reference, candidate, margin, fails);
  const ordered = inOrderOf(reference, renamed, candidate.distances, margin);
  const kept = reference.rows.length - lost.length;
  const longer = Math.max(reference.rows.length, candidate.rows.length);
  return {
    overlap: longer === 0 ? Number.NaN : kept / longer,
    jaccard: jaccard(reference.rows, ordered) ?? Number.NaN,
    rbo: rboOf(reference.rows, ordered, k),
    tau: kendallTau(reference.rows, ordered) ?? Number.NaN,
    displacement: displacementOf(reference.rows, ordered, k),
    order: orderOf(reference, candidate, margin, directions),
    common: candidate.rows.filter((row) => reference.rows.includes(row)).length,
    ids: reference.rows.length,
    kept,
    ties,
    lost,
    gained,
  };
}

function rboOf(a: readonly number[], b: readonly number[], k: number): number {
  if (a.length === 0 && b.length === 0) return Number.NaN;
  return rankBiasedOverlap(a, b, persistence(k))?.extrapolated ?? 0;
}

/** Pairs lost with gained rows at the same distance, nearest first; the candidate's rows with their partners' names. */
function matched(reference: Answer, candidate: Answer, margin: Margin, fails: (row: number) => boolean) {
  const lost = strays(reference, candidate);
  const gained = strays(candidate, reference);
  const names = new Map<number, number>();
  const ties: Stray[] = [];
  for (const wrong of [false, true]) {
    const free = gained.filter(({ row }) => fails(row) === wrong);
    let at = 0;
    for (const each of lost.filter(({ row }) => fails(row) === wrong)) {
      while (at < free.length && isNearer(free[at]!.distance, each.distance, margin)) at++;
      if (at === free.length) break;
      if (isNearer(each.distance, free[at]!.distance, margin)) continue;
      names.set(free[at]!.row, each.row);
      ties.push(each);
      at++;
    }
  }
  const partners = new Set(ties.map(({ row }) => row));
  return {
    renamed: candidate.rows.map((row) => names.get(row) ?? row),
    ties,
    lost: lost.filter(({ row }) => !partners.has(row)),
    gained: gained.filter(({ row }) => !names.has(row)),
  };
}

/** Rows of `a` that `b` has not, nearest first. */
function strays(a: Answer, b: Answer): Stray[] {
  const there = new Set(b.rows);
  return a.rows
    .map((row, i) => ({ row, distance: a.distances[i]! }))
    .filter(({ row }) => !there.has(row))
    .sort((x, y) => x.distance - y.distance);
}

const isNearer = (a: number, b: number, margin: Margin): boolean => tieLimit(a, margin) < b;
const tied = (a: number, b: number, margin: Margin): boolean =>
  !isNearer(a, b, margin) && !isNearer(b, a, margin);

/** Rows as given, but within a run of equally near ones in the reference's order (those it has not at the end). */
function inOrderOf(
  { rows: wanted }: Answer,
  rows: readonly number[],
  distances: readonly number[],
  margin: Margin,
): number[] {
  const ranks = new Map(wanted.map((row, i) => [row, i]));
  const rank = (row: number): number => ranks.get(row) ?? wanted.length;
  const sorted: number[] = [];
  for (let from = 0; from < rows.length; ) {
    let to = from + 1;
    while (to < rows.length && tied(distances[from]!, distances[to]!, margin)) to++;
    sorted.push(...rows.slice(from, to).sort((a, b) => rank(a) - rank(b)));
    from = to;
  }
  return sorted;
}

/** Mean over the reference's first ranks of how far the candidate has moved them; one that is gone has rank k + 1. */
function displacementOf(reference: readonly number[], candidate: readonly number[], k: number): number {
  const top = reference.slice(0, TOP_RANKS);
  if (top.length === 0) return Number.NaN;
  const ranks = new Map(candidate.map((row, i) => [row, i]));
  return top.reduce((sum, row, i) => sum + Math.abs((ranks.get(row) ?? k) - i), 0) / top.length;
}

function orderOf(a: Answer, b: Answer, margin: Margin, directions: readonly [Direction, Direction]): number {
  if (directions.includes(0)) return Number.NaN;
  const places = new Map(b.rows.map((row, i) => [row, i]));
  const common = a.rows.flatMap((row, i) => {
    const j = places.get(row);
    if (j === undefined) return [];
    const [x, y] = [a.scores[i]! * directions[0], b.scores[j]! * directions[1]];
    return Number.isNaN(x + y) ? [] : [{ x, y, distance: a.distances[i]! }];
  });
  let [pairs, alike] = [0, 0];
  for (let i = 0; i < common.length; i++) {
    for (let j = i + 1; j < common.length; j++) {
      const [p, q] = [common[i]!, common[j]!];
      if (tied(p.distance, q.distance, margin)) continue;
      pairs++;
      if (Math.sign(p.x - q.x) === Math.sign(p.y - q.y)) alike++;
    }
  }
  return pairs === 0 ? Number.NaN : alike / pairs;
}
