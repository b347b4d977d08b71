import { BANDS } from '../../harness/measures/groups.js';
import { depthOf } from '../../harness/model/measures/catalogue.js';
import type { Measure, Results, TrialRow } from '../../harness/model/results.js';
import { atDepth, seriesKey, settingText, varyingBySeries } from './points.js';
import type { SeriesRef } from './series.js';

/** One setting of one contender on one group of queries. */
export interface GroupRow {
  series: SeriesRef;
  /** Only what varies within the contender. */
  setting: string;
  trial: TrialRow;
  /** The contender's shown setting: the one with the highest recall over all its groups. */
  shown: boolean;
}

export interface BandRow extends GroupRow {
  /** Number of the band. */
  band: number;
}

export interface FilterModel {
  /** By group of queries, then contender: the shown settings. */
  groups: readonly GroupRow[];
  /** Contenders of which nothing was measured: the reason is told once, with what went wrong. */
  unmeasured: readonly string[];
  /** By band of selectivity: every setting. */
  bands: readonly BandRow[];
  /** Added up over all completed trials; undefined where nothing was checked. */
  totals: { violations: Count | undefined; leaks: Count | undefined };
}

/** How often something was seen, of how many; and the contenders where it was. */
export interface Count {
  value: number;
  n: number;
  series: readonly string[];
}

export interface RelevanceModel {
  rows: readonly GroupRow[];
  measures: readonly string[];
}

/** What the run says of filters; undefined where no query had one. */
export function filtersOf(
  results: Results,
  refs: ReadonlyMap<string, SeriesRef>,
  recallName: string,
): FilterModel | undefined {
  const rows = groupRows(atDepth(results.trials, depthOf(recallName)!), refs, recallName);
  const bandNames: readonly string[] = BANDS.map(({ name }) => name);
  const bands = rows.flatMap((row) => {
    const band = bandNames.indexOf(row.trial.group);
    return band < 0 || row.trial.state !== 'completed' ? [] : [{ ...row, band }];
  });
  const named = rows.filter(
    ({ trial, shown }) => shown && trial.group !== 'all' && !bandNames.includes(trial.group),
  );
  if (named.length === 0) return undefined;
  const completed = new Set(
    rows.flatMap(({ trial }) => (trial.group === 'all' && trial.state === 'completed' ? [trial.id] : [])),
  );
  const groups = byGroup(named.filter(({ trial }) => completed.has(trial.id)));
  const unmeasured = [
    ...new Set(named.flatMap(({ trial, series }) => (completed.has(trial.id) ? [] : [series.label]))),
  ];
  const totals = {
    violations: total(results.trials, 'filter.violations', refs),
    leaks: total(results.trials, 'leaks', refs),
  };
  return { groups, unmeasured, bands, totals };
}

/** Contenders stand beside each other in every group. */
function byGroup(rows: readonly GroupRow[]): GroupRow[] {
  const order = [...new Set(rows.map(({ trial }) => trial.group))];
  return rows.toSorted((a, b) => order.indexOf(a.trial.group) - order.indexOf(b.trial.group));
}

/** Measures of relevance beside recall, for all queries and each group; undefined where nothing was judged. */
export function relevanceOf(
  results: Results,
  refs: ReadonlyMap<string, SeriesRef>,
  recallName: string,
  k: number,
): RelevanceModel | undefined {
  const measures = [`ndcg@${k}`, `ndcg.exp@${k}`, 'mrr', 'map', `precision@${k}`, `success@${k}`];
  const rows = groupRows(results.trials, refs, recallName).filter(
    ({ trial }) => trial.measures[measures[0]!] !== undefined && !trial.group.startsWith('selectivity'),
  );
  return rows.length === 0 ? undefined : { rows, measures };
}

function groupRows(
  trials: readonly TrialRow[],
  refs: ReadonlyMap<string, SeriesRef>,
  recallName: string,
): GroupRow[] {
  const varying = varyingBySeries(trials);
  const shown = new Map<string, TrialRow>();
  for (const row of trials) {
    const best = shown.get(seriesKey(row));
    if (row.group === 'all' && (best === undefined || recallOf(row, recallName) > recallOf(best, recallName)))
      shown.set(seriesKey(row), row);
  }
  return trials.map((trial) => {
    const key = seriesKey(trial);
    const setting = settingText({ ...trial.index, ...trial.search }, varying.get(key));
    return { series: refs.get(key)!, setting, trial, shown: shown.get(key)?.id === trial.id };
  });
}

/** A trial that was not measured comes after all that were. */
const recallOf = ({ measures }: TrialRow, name: string): number => measures[name]?.value ?? -1;

/** Groups overlap bands, and all queries hold both: only rows of all queries are added up. */
function total(
  trials: readonly TrialRow[],
  name: string,
  refs: ReadonlyMap<string, SeriesRef>,
): Count | undefined {
  const found = trials.flatMap((row): { row: TrialRow; measure: Measure }[] => {
    const measure = row.group === 'all' ? row.measures[name] : undefined;
    return measure === undefined ? [] : [{ row, measure }];
  });
  if (found.length === 0) return undefined;
  const bad = found
    .filter(({ measure }) => measure.value > 0)
    .map(({ row }) => refs.get(seriesKey(row))!.label);
  const sum = (pick: (measure: Measure) => number) =>
    found.reduce((all, { measure }) => all + pick(measure), 0);
  return { value: sum(({ value }) => value), n: sum(({ n }) => n), series: [...new Set(bad)] };
}
