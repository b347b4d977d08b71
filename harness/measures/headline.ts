import type { Measure } from '../model/results.js';
import { type Better, isBetter } from './frontier.js';

/** What a trial must show to be compared; a row of `results.json` fits. */
export interface Measured {
  measures: Readonly<Record<string, Measure>>;
}

export interface HeadlineOptions {
  /** Name of the recall measure, e.g. `recall.ties@10`. */
  recall: string;
  /** Name of the measure to be best in, e.g. `throughput` or `latency.p95`. */
  value: string;
  better: Better;
}

/**
 * The best measured setting whose recall is at least `target` with confidence: the lower end of its 95% interval
 * reaches the target. Undefined if there is none; nothing is interpolated. Trials in which one of the two measures
 * is absent or the recall has no interval do not take part. Of equals the one with the higher recall wins.
 */
export function bestAt<T extends Measured>(
  trials: readonly T[],
  target: number,
  options: HeadlineOptions,
): T | undefined {
  let best: T | undefined;
  for (const trial of trials) {
    if (reaches(trial, target, options) && (best === undefined || beats(trial, best, options))) best = trial;
  }
  return best;
}

/** A mean of many tenths that should be .95 may come out a rounding below it. */
const ROUNDING = 1e-12;

function reaches(trial: Measured, target: number, { recall, value }: HeadlineOptions): boolean {
  const low = trial.measures[recall]?.low;
  return low !== undefined && low !== null && low >= target - ROUNDING && trial.measures[value] !== undefined;
}

function beats(a: Measured, b: Measured, { recall, value, better }: HeadlineOptions): boolean {
  const [va, vb] = [a.measures[value]!.value, b.measures[value]!.value];
  return va === vb ? a.measures[recall]!.value > b.measures[recall]!.value : isBetter(va, vb, better);
}
