import type { Measure, Measures } from '../model/results.js';
import type { Interval } from './interval.js';
import { intervalOfPasses } from './passes.js';

/** A trial on one of several builds of the same index. */
interface OnBuild {
  measures: Measures;
}

/**
 * Times and costs of the same setting on several builds of its index, whose unit is the build: every build keeps its own
 * value, and all have the interval over the builds' values (`intervalOfPasses`, with builds in the place of passes), since
 * builds differ by more than the passes of one, and were measured further apart. Fewer than two builds stay as they are.
 *
 * @param rows builds of one setting under one workload, measured on the same machine
 * @param isMeant whether a measure is a time or a cost
 */
export function overBuilds<T extends OnBuild>(
  rows: readonly T[],
  isMeant: (measure: string) => boolean,
): T[] {
  if (rows.length < 2) return [...rows];
  const names = [...new Set(rows.flatMap(({ measures }) => Object.keys(measures)))].filter(isMeant);
  const changed = rows.map(({ measures }) => ({ ...measures }));
  for (const name of names) {
    const values = rows.map(({ measures }) => measures[name]?.value);
    for (const measures of changed) {
      const own = measures[name];
      if (own === undefined) continue;
      const interval = intervalOfPasses(values, own.value);
      // One build that lacks the figure leaves the others what they had.
      if (interval !== undefined) measures[name] = withInterval(own, interval);
    }
  }
  return rows.map((row, i) => ({ ...row, measures: changed[i]! }));
}

function withInterval({ split, ...own }: Measure, { low, high }: Interval): Measure {
  return {
    ...own,
    low,
    high,
    ...(split && {
      split: { ...split, low: Math.min(low, split.value), high: Math.max(high, split.value) },
    }),
  };
}
