import { type ChangePoint, changePoints, FEWEST_VALUES } from '../../harness/measures/change-points.js';
import type { HistoryLine } from '../../harness/store/history.js';
import type { Point, SeriesRef } from './series.js';

/** One figure of one setting over the runs of a suite. */
export interface TrendLine {
  id: string;
  series: SeriesRef;
  setting: string;
  measure: TrendMeasure;
  /** One value a run, oldest first; undefined where a run has none. */
  values: readonly (number | undefined)[];
  /** `at` counts runs. */
  changes: readonly ChangePoint[];
}

export type TrendMeasure = 'recall' | 'p95';

export interface Trend {
  runs: readonly { run: string; started: string }[];
  /** Settings drawn: the chosen ones, and those whose level changed. */
  lines: readonly TrendLine[];
  /** Runs that are needed before changes of level are looked for. */
  needed: number;
}

/** Settings drawn beside the chosen ones, at most. */
const MOST = 7;

/**
 * How a suite's figures went over its runs on the same data and queries up to this one; undefined for a first run. What
 * came later is left out, so that a report can be made again as it was.
 *
 * @param history all runs, oldest first
 * @param now the line of this run
 */
export function trendOf(
  history: readonly HistoryLine[],
  now: HistoryLine,
  points: readonly Point[],
  chosen: readonly string[],
): Trend | undefined {
  const same = history.filter(
    ({ run, started, suite, dataset, queries, state }) =>
      run !== now.run &&
      started < now.started &&
      suite === now.suite &&
      dataset === now.dataset &&
      queries === now.queries &&
      state === 'completed',
  );
  if (same.length === 0) return undefined;
  const nights = [...same, now].toSorted((a, b) =>
    a.started < b.started ? -1 : a.started > b.started ? 1 : 0,
  );
  const lines = points.flatMap((point) =>
    (['recall', 'p95'] as const).map((measure) => lineOf(point, measure, nights)),
  );
  const wanted = new Set(chosen);
  const changed = lines.filter(({ id, changes }) => changes.length > 0 && !wanted.has(id));
  const drawn = new Set([...chosen, ...changed.slice(0, MOST).map(({ id }) => id)]);
  return {
    runs: nights.map(({ run, started }) => ({ run, started })),
    lines: lines.filter(({ id, values }) => drawn.has(id) && values.some((value) => value !== undefined)),
    needed: FEWEST_VALUES,
  };
}

function lineOf(point: Point, measure: TrendMeasure, nights: readonly HistoryLine[]): TrendLine {
  const values = nights.map(({ trials }) => trials[point.id]?.[measure]);
  const known = values.flatMap((value, i) => (value === undefined ? [] : [{ value, i }]));
  const changes = changePoints(known.map(({ value }) => value)).map((each) => ({
    ...each,
    at: known[each.at]!.i,
  }));
  const { id, series, setting } = point;
  return { id, series, setting, measure, values, changes };
}
