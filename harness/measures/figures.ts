import type { Measures } from '../model/results.js';
import { bootstrapRatios, type Ratio, type ResamplePlan } from './bootstrap.js';

/** A measure that is a sum over units (queries) divided by another one. */
export interface Figure extends Ratio {
  name: string;
  /** Observations behind it. */
  n: number;
}

/** A mean over the units whose value is not NaN, or undefined if there is none. */
export function meanFigure(name: string, column: Float64Array): Figure | undefined {
  let n = 0;
  const denominators = new Float64Array(column.length);
  const numerators = column.map((value, u) => {
    if (Number.isNaN(value)) return 0;
    denominators[u] = 1;
    n++;
    return value;
  });
  return n === 0 ? undefined : { name, numerators, denominators, n };
}

/** Values with their intervals; all figures of a trial at once, since they share the pass over the plan. */
export function measuresOf(figures: readonly Figure[], plan: ResamplePlan): Measures {
  const intervals = bootstrapRatios(plan, figures);
  const measures: Measures = {};
  figures.forEach(({ name, numerators, denominators, n }, i) => {
    const value = sum(numerators) / sum(denominators);
    measures[name] = { value, low: intervals[i]?.low ?? null, high: intervals[i]?.high ?? null, n };
  });
  return measures;
}

/** Neumaier's compensated sum: the mean of 1,000 tenths that add up to .9 is .9, which gates compare with. */
export function sum(values: Float64Array): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
