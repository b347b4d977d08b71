import type { Metric } from '../../datasets/dataset.js';
import type { Samples, Truth } from '../model/samples.js';
import { comparesBits } from './distance.js';
import { type MeanFigure, meanFigure, sum } from './figures.js';
import { RecallScorer } from './recall.js';
import { type Units, wasAnswered } from './units.js';

/** Per unit (query) the mean over its repetitions; NaN where the query has no such figure. */
interface Columns extends Record<ByK, Float64Array[]> {
  distanceError: Float64Array;
}

/** Scores that a list has at every k. */
const BY_K = ['recall', 'ties', 'least', 'most', 'epsilon'] as const;
type ByK = (typeof BY_K)[number];

/** `distance.error` has no upper end; twice as far as the exact neighbours, or the worst that was seen, stands for it. */
const ERROR_RANGE = { low: 0, high: 1 };

interface Counts {
  duplicates: number;
  unknown: number;
  short: number;
  beatsTruth: number;
  /** Queries with an answer whose distance error is undefined. */
  noError: number;
}

export interface Accuracy {
  figures: MeanFigure[];
  /** Answers with fewer hits than there are neighbours to find. */
  short: number;
  flags: string[];
}

export interface AccuracyOptions {
  ks: readonly number[];
  metric: Metric;
  /** By sample which list of the truth it is held against, -1: none; absent: that of its query. */
  lists?: Int32Array | undefined;
}

/**
 * recall@k and recall.ties@k for every k, distance.error, and the doubts about the lists. A query that failed has no
 * answer and scores recall 0: leaving it out would reward engines that fail on hard queries.
 */
export function accuracyOf(samples: Samples, truth: Truth, units: Units, options: AccuracyOptions): Accuracy {
  const counts: Counts = { duplicates: 0, unknown: 0, short: 0, beatsTruth: 0, noError: 0 };
  const columns = scoreUnits(samples, truth, units, options, counts);
  const { recall, ties, epsilon, distanceError } = columns;
  // ann-benchmarks has no inner product, and its slack is a length or an angle's cosine.
  const slack = options.metric === 'dot' || comparesBits(options.metric) ? [] : options.ks;
  const figures = [
    ...options.ks.map((k, i) => withTies(meanFigure(`recall@${k}`, recall[i]!), columns, i)),
    ...options.ks.map((k, i) => meanFigure(`recall.ties@${k}`, ties[i]!)),
    ...slack.map((k, i) => meanFigure(`recall.epsilon@${k}`, epsilon[i]!)),
    meanFigure('distance.error', distanceError, { range: ERROR_RANGE, missing: counts.noError }),
  ].filter((figure) => figure !== undefined);
  return { figures, short: counts.short, flags: flagsOf(counts) };
}

/** What the figure could have been, had the truth listed others of the rows at the same distance. */
function withTies(
  figure: MeanFigure | undefined,
  { least, most }: Columns,
  i: number,
): MeanFigure | undefined {
  if (figure === undefined) return undefined;
  const mean = (values: Float64Array) => {
    const known = values.filter((value) => !Number.isNaN(value));
    return sum(known) / known.length;
  };
  const [low, high] = [mean(least[i]!), mean(most[i]!)];
  return low === high ? figure : { ...figure, ties: { low, high } };
}

function flagsOf(counts: Counts): string[] {
  const flags: string[] = [];
  if (counts.duplicates > 0) flags.push('duplicate-hits');
  if (counts.unknown > 0) flags.push('unknown-keys');
  if (counts.short > 0) flags.push('underfilled');
  if (counts.beatsTruth > 0) flags.push('beats-truth');
  return flags;
}

function scoreUnits(
  samples: Samples,
  truth: Truth,
  units: Units,
  { ks, metric, lists }: AccuracyOptions,
  counts: Counts,
): Columns {
  const scorer = new RecallScorer(truth, ks, metric, samples.k);
  const column = (): Float64Array => new Float64Array(units.count).fill(Number.NaN);
  const byK = Object.fromEntries(BY_K.map((name) => [name, ks.map(column)])) as Record<ByK, Float64Array[]>;
  const columns: Columns = { ...byK, distanceError: column() };
  for (let u = 0; u < units.count; u++) {
    const size = lists === undefined ? scorer.select(units.queries[u]!) : undefined;
    const sizeOf = (i: number) => size ?? (lists![i]! < 0 ? 0 : scorer.select(lists![i]!));
    if (size !== 0) scoreUnit(samples, units, u, sizeOf, scorer, columns, counts);
  }
  return columns;
}

function scoreUnit(
  samples: Samples,
  units: Units,
  u: number,
  /** Exact neighbours that an answer is held against; 0: it is not judged. */
  sizeOf: (sample: number) => number,
  scorer: RecallScorer,
  columns: Columns,
  counts: Counts,
): void {
  const [from, to] = [units.starts[u]!, units.starts[u + 1]!];
  const sums = BY_K.map((name) => columns[name].map(() => 0));
  let [error, errors, judged] = [0, 0, 0];
  for (let at = from; at < to; at++) {
    const i = units.order[at]!;
    const size = sizeOf(i);
    if (size === 0) continue;
    judged++;
    if (!wasAnswered(samples, i)) continue;
    const count = samples.returned[i]!;
    const list = scorer.score({
      rows: samples.rows,
      distances: samples.distances,
      flaws: samples.flaws,
      start: i * samples.k,
      count,
    });
    for (const [name, of] of BY_K.entries()) {
      const [total, scores] = [sums[name]!, list[of]];
      for (let k = 0; k < total.length; k++) total[k] = total[k]! + scores[k]!;
    }
    counts.duplicates += list.duplicates;
    counts.unknown += list.unknown;
    counts.short += count < size ? 1 : 0;
    counts.beatsTruth += list.beatsTruth ? 1 : 0;
    if (Number.isNaN(list.distanceError)) continue;
    error += list.distanceError;
    errors++;
  }
  if (judged === 0) return;
  for (const [name, of] of BY_K.entries())
    for (let k = 0; k < columns[of].length; k++) columns[of][k]![u] = sums[name]![k]! / judged;
  if (errors > 0) columns.distanceError[u] = error / errors;
  // A failed or empty answer has no distances: a mean over the others would be that of the easy queries.
  if (errors < judged) counts.noError++;
}
