import type { Metric } from '../../datasets/dataset.js';
import type { Truth } from '../model/samples.js';
import { type Margin, marginOf, tieLimit } from './distance.js';
import { type Answer, isComplete, type Stray } from './parity.js';

export type SideName = 'reference' | 'candidate';

/** Why a row is in one side's answer and not in the other's. */
export const CAUSES = [
  'tie',
  'approximate.candidate',
  'approximate.reference',
  'filter',
  'precision',
  'missing',
  'failed',
  'unknown',
] as const;
export type Cause = (typeof CAUSES)[number];
export type CauseCounts = Record<Cause, number>;

export type ExactAnswer = Pick<Answer, 'rows' | 'distances'>;

/** What a query's filter says of a row, by the harness; `unknown`: it was not recorded. */
export type FilterFact = 'passes' | 'fails' | 'unknown';

/** What is known of one side beside its answers. Undefined: not known. */
export interface Evidence {
  /** What an exhaustive search of the same build returned for a query under its filter, nearest first. */
  exact(query: number): ExactAnswer | undefined;
  /** `scan`: it compares with every point; `graph`: it visits every point that the graph leads to. */
  kind: 'scan' | 'graph';
  /** The index holds codes instead of the vectors. */
  quantized: boolean;
  /** Scores of the exhaustive search differ from the harness's distances by more than float error. */
  deviates(query: number): boolean;
  /** Whether an exhaustive search by the row's own vector returned it, and with the score it should have. */
  presence(row: number): 'found' | 'missing' | 'deviates' | undefined;
  /** Whether the row, which passes the query's filter and is there, was not found under it by its own vector. */
  excludes(query: number, row: number): boolean;
  /** Under filters it returned just those of its first hits without a filter that pass: it filters them afterwards. */
  filtersAfter: boolean;
}

export interface Side {
  name: SideName;
  evidence: Evidence | undefined;
}

export interface CauseContext {
  truth: Truth;
  metric: Metric;
  k: number;
  /** Undefined where the query has no filter. */
  filter?: ((query: number, row: number) => FilterFact | undefined) | undefined;
  /** Hits that count of a query, where some ask for fewer than k. */
  wanted?: ((query: number) => number) | undefined;
}

/**
 * Why `lacker` did not return a row that `holder` did; nothing is guessed.
 *
 * A row that fails the filter: `filter`. One of the k exact neighbours: the lacker should have it, so it is asked why it
 * has not. One that is no exact neighbour: the holder returned it in place of a nearer one, so the holder is asked why
 * it has not that one, unless the lacker's own exhaustive search would have returned the row too.
 */
export function causeOf(
  query: number,
  row: number,
  distance: number,
  sides: { holder: Side; lacker: Side; held: Answer; lacking: Answer | undefined },
  context: CauseContext,
): Cause {
  const { holder, lacker, held, lacking } = sides;
  if (lacking === undefined) return 'failed';
  const fact = context.filter?.(query, row);
  if (fact === 'fails') return 'filter';
  if (fact === 'unknown') return 'unknown';
  const nearest = exactNeighbours(query, context);
  // A row that fails the filter is no substitute for one that passes, however near it is.
  const right = passing(query, lacking, context);
  const complete = isComplete(right.distances, nearest.distances, marginIn(context));
  const isNeighbour = distance <= limitOf(nearest, marginIn(context));
  if (isNeighbour && !complete) {
    if (isCrowdedOut(query, distance, lacking, context)) return 'filter';
    return absence(lacker, query, { row, distance }, nearest, context);
  }
  if (!complete && exactOf(lacker, query, context.k)?.rows.includes(row) === true)
    return `approximate.${lacker.name}`;
  const instead = displaced(row, distance, held, nearest, marginIn(context));
  return instead === undefined ? 'unknown' : absence(holder, query, instead, nearest, context);
}

/** Hits of an answer that has no room left. */
const fullLength = (query: number, { k, wanted }: CauseContext): number => Math.min(k, wanted?.(query) ?? k);

/** The rows of an answer that its query's filter lets through, as far as that is known. */
function passing(query: number, { rows, distances }: ExactAnswer, { filter }: CauseContext): ExactAnswer {
  if (filter?.(query, rows[0] ?? -1) === undefined) return { rows, distances };
  const kept = rows.map((row) => filter(query, row) === 'passes');
  return { rows: rows.filter((_, i) => kept[i]), distances: distances.filter((_, i) => kept[i]) };
}

/**
 * Whether rows that fail the filter hold the place that a neighbour should have: the answer is full, none of it is
 * farther away than the neighbour, and some of it should not be there. So answers a search that ignores the filter.
 */
function isCrowdedOut(query: number, distance: number, answer: ExactAnswer, context: CauseContext): boolean {
  const { filter } = context;
  if (answer.rows.length < fullLength(query, context)) return false;
  const limit = tieLimit(distance, marginIn(context));
  return (
    answer.distances.every((each) => each <= limit) &&
    answer.rows.some((row) => filter?.(query, row) === 'fails')
  );
}

interface Neighbours {
  rows: readonly number[];
  distances: readonly number[];
}

function exactNeighbours(query: number, { truth, k }: CauseContext): Neighbours {
  const start = query * truth.depth;
  const rows: number[] = [];
  const distances: number[] = [];
  for (let i = start; i < start + Math.min(k, truth.depth) && truth.rows[i]! >= 0; i++) {
    rows.push(truth.rows[i]!);
    distances.push(truth.distances[i]!);
  }
  return { rows, distances };
}

const marginIn = ({ truth, metric }: CauseContext): Margin => marginOf(truth, metric);

const limitOf = ({ distances }: Neighbours, margin: Margin): number =>
  distances.length === 0 ? Number.NEGATIVE_INFINITY : tieLimit(distances.at(-1)!, margin);

function exactOf({ evidence }: Side, query: number, k: number): ExactAnswer | undefined {
  const exact = evidence?.exact(query);
  return exact && { rows: exact.rows.slice(0, k), distances: exact.distances.slice(0, k) };
}

/** Whether an exhaustive answer has a row, or only rows at least as near: then it is as good as one that has it. */
function covers(query: number, exact: ExactAnswer, { row, distance }: Stray, context: CauseContext): boolean {
  if (exact.rows.includes(row)) return true;
  const limit = tieLimit(distance, marginIn(context));
  const right = passing(query, exact, context);
  return right.rows.length === fullLength(query, context) && right.distances.every((each) => each <= limit);
}

/** The exact neighbour in whose place an answer holds a farther row: the first such row took the first one's place. */
function displaced(
  row: number,
  distance: number,
  held: Answer,
  nearest: Neighbours,
  margin: Margin,
): Stray | undefined {
  const there = new Set(held.rows);
  const gone = nearest.rows
    .map((each, i) => ({ row: each, distance: nearest.distances[i]! }))
    .filter((each) => !there.has(each.row) && tieLimit(each.distance, margin) < distance);
  const limit = limitOf(nearest, margin);
  const intruders = held.rows
    .map((each, i) => ({ row: each, distance: held.distances[i]! }))
    .filter((each) => each.distance > limit || each.row === row)
    .sort((a, b) => a.distance - b.distance);
  const place = intruders.findIndex((each) => each.row === row);
  return gone[Math.min(Math.max(0, place), gone.length - 1)];
}

/** Why a side did not return one of the exact neighbours. */
function absence(side: Side, query: number, stray: Stray, nearest: Neighbours, context: CauseContext): Cause {
  const { evidence, name } = side;
  const { row, distance } = stray;
  const exact = exactOf(side, query, context.k);
  if (evidence === undefined || exact === undefined) return 'unknown';
  if (covers(query, exact, stray, context)) return `approximate.${name}`;
  const filtered = context.filter?.(query, row) !== undefined;
  if (filtered && exact.rows.some((each) => context.filter?.(query, each) === 'unknown')) return 'unknown';
  if (isCrowdedOut(query, distance, exact, context)) return 'filter';
  const presence = evidence.presence(row);
  if (presence === undefined || presence === 'missing') return presence ?? 'unknown';
  if (filtered && evidence.excludes(query, row)) return 'filter';
  // Wrong distances put other rows in its place; they do not leave a place empty.
  const short = exact.rows.length < nearest.rows.length;
  const imprecise = evidence.quantized || presence === 'deviates' || evidence.deviates(query);
  if (imprecise && !(filtered && short)) return 'precision';
  // It compares every point, with the right scores, and has the row: only the filter can have kept it out.
  if (evidence.kind === 'scan') return filtered ? 'filter' : 'unknown';
  // No path of the graph leads there from this query; under a filter that and the filter look alike.
  if (!filtered) return `approximate.${name}`;
  return short && evidence.filtersAfter ? 'filter' : 'unknown';
}

export const noCauses = (): CauseCounts =>
  Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as CauseCounts;
