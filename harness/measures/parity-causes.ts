import type { Metric } from '../../datasets/dataset.js';
import type { Truth } from '../store/types.js';
import { tieLimit } from './distance.js';
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

/** What is known of one side beside its answers. Undefined: not known. */
export interface Evidence {
  /** What an exhaustive search of the same build returned for a query, nearest first. */
  exact(query: number): ExactAnswer | undefined;
  /** `scan`: it compares with every point; `graph`: it visits every point that the graph leads to. */
  kind: 'scan' | 'graph';
  /** The index holds codes instead of the vectors. */
  quantized: boolean;
  /** Scores of the exhaustive search differ from the harness's distances by more than float error. */
  deviates(query: number): boolean;
  /** Whether an exhaustive search by the row's own vector returned it, and with the score it should have. */
  presence(row: number): 'found' | 'missing' | 'deviates' | undefined;
}

export interface Side {
  name: SideName;
  evidence: Evidence | undefined;
}

export interface CauseContext {
  truth: Truth;
  metric: Metric;
  k: number;
  /** Whether a row passes a query's filter, by the harness; undefined where the query has none. */
  passes?: ((query: number, row: number) => boolean | undefined) | undefined;
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
  if (context.passes?.(query, row) === false) return 'filter';
  const nearest = exactNeighbours(query, context);
  const complete = isComplete(lacking.distances, nearest.distances, context.metric);
  const isNeighbour = distance <= limitOf(nearest, context.metric);
  if (isNeighbour && !complete) return absence(lacker, query, { row, distance }, context);
  if (!complete && exactOf(lacker, query, context.k)?.rows.includes(row) === true)
    return `approximate.${lacker.name}`;
  const instead = displaced(row, distance, held, nearest, context.metric);
  return instead === undefined ? 'unknown' : absence(holder, query, instead, context);
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

const limitOf = ({ distances }: Neighbours, metric: Metric): number =>
  distances.length === 0 ? Number.NEGATIVE_INFINITY : tieLimit(distances.at(-1)!, metric);

function exactOf({ evidence }: Side, query: number, k: number): ExactAnswer | undefined {
  const exact = evidence?.exact(query);
  return exact && { rows: exact.rows.slice(0, k), distances: exact.distances.slice(0, k) };
}

/** Whether an exhaustive answer has a row, or only rows at least as near: then it is as good as one that has it. */
function covers(
  { rows, distances }: ExactAnswer,
  { row, distance }: Stray,
  { metric, k }: CauseContext,
): boolean {
  if (rows.includes(row)) return true;
  const limit = tieLimit(distance, metric);
  return rows.length === k && distances.every((each) => each <= limit);
}

/** The exact neighbour in whose place an answer holds a farther row: the first such row took the first one's place. */
function displaced(
  row: number,
  distance: number,
  held: Answer,
  nearest: Neighbours,
  metric: Metric,
): Stray | undefined {
  const there = new Set(held.rows);
  const gone = nearest.rows
    .map((each, i) => ({ row: each, distance: nearest.distances[i]! }))
    .filter((each) => !there.has(each.row) && tieLimit(each.distance, metric) < distance);
  const limit = limitOf(nearest, metric);
  const intruders = held.rows
    .map((each, i) => ({ row: each, distance: held.distances[i]! }))
    .filter((each) => each.distance > limit || each.row === row)
    .sort((a, b) => a.distance - b.distance);
  const place = intruders.findIndex((each) => each.row === row);
  return gone[Math.min(Math.max(0, place), gone.length - 1)];
}

/** Why a side did not return one of the exact neighbours. */
function absence(side: Side, query: number, stray: Stray, context: CauseContext): Cause {
  const { evidence, name } = side;
  const { row } = stray;
  const exact = exactOf(side, query, context.k);
  if (evidence === undefined || exact === undefined) return 'unknown';
  if (covers(exact, stray, context)) return `approximate.${name}`;
  const presence = evidence.presence(row);
  if (presence === undefined || presence === 'missing') return presence ?? 'unknown';
  if (evidence.quantized || presence === 'deviates' || evidence.deviates(query)) return 'precision';
  const filtered = context.passes?.(query, row) !== undefined;
  // It compares every point, with the right scores, and has the row: only the filter can have kept it out.
  if (evidence.kind === 'scan') return filtered ? 'filter' : 'unknown';
  // No path of the graph leads there from this query; under a filter that and the filter look alike.
  return filtered ? 'unknown' : `approximate.${name}`;
}

export const noCauses = (): CauseCounts =>
  Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as CauseCounts;
