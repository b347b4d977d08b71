import type { Column } from '../measures/by-query.js';
import { meanFigure, meansOf } from '../measures/figures.js';
import { renumbered } from '../measures/sources.js';
import type { Measure, TrialRow } from '../model/results.js';
import { isSerial, workloadOf } from '../model/workload.js';
import type { ColumnsOfTrials } from '../store/by-query.js';

/** Of recall, from which on answers under load are worse in practice. */
const LOSS = 0.002;

/**
 * Rows of loads with the recall that they lose against the same setting with one client, query by query. An engine that
 * gets faster by answering worse is flagged.
 *
 * @param sources by query number that of its source; undefined where each is its own
 */
export function underLoad(
  rows: readonly TrialRow[],
  columns: ColumnsOfTrials,
  sources: readonly number[] | undefined,
): TrialRow[] {
  const whole = rows.filter(({ group, state }) => group === 'all' && state === 'completed');
  const alone = new Map(whole.filter((row) => isSerial(workloadOf(row))).map((row) => [keyOf(row), row]));
  return rows.map((row) => {
    if (row.group !== 'all' || row.state !== 'completed' || isSerial(workloadOf(row))) return row;
    const serial = alone.get(keyOf(row));
    const name = `recall.ties@${row.k}`;
    const [now, before] = [row, serial].map((each) => each && columns.get(each.id)?.get(name));
    const loss = now && before && lossOf(before, now, sources);
    if (loss === undefined) return row;
    const isShown = loss.low !== null && loss.low > 0 && loss.value >= LOSS;
    return {
      ...row,
      flags: isShown ? [...row.flags, 'worse-under-load'].sort() : row.flags,
      measures: { ...row.measures, 'load.recallLoss': loss },
    };
  });
}

/** The same build, setting and depth. */
const keyOf = ({ build, search, k }: TrialRow): string =>
  JSON.stringify([build, Object.entries(search).sort(), k]);

/** Mean of the losses of queries that both asked; undefined: there are none. */
function lossOf(before: Column, now: Column, sources: readonly number[] | undefined): Measure | undefined {
  const known = new Map(Array.from(before.queries, (query, i) => [query, before.values[i]!]));
  const both = Array.from(now.queries.keys()).filter((i) => {
    const other = known.get(now.queries[i]!);
    return other !== undefined && !Number.isNaN(other) && !Number.isNaN(now.values[i]!);
  });
  const losses = Float64Array.from(both, (i) => known.get(now.queries[i]!)! - now.values[i]!);
  const figure = meanFigure('loss', losses, { range: { low: -1, high: 1 } });
  if (figure === undefined) return undefined;
  return meansOf(
    [figure],
    renumbered(
      both.map((i) => now.queries[i]!),
      sources,
    ),
  )['loss'];
}
