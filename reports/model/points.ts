import type { ParameterSet } from '../../common/parameters.js';
import { hypervolume, paretoFrontier } from '../../harness/measures/frontier.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { isSerial, workloadOf, workloadText } from '../../harness/model/workload.js';
import { identities } from '../identity.js';
import type { Point, Series, SeriesRef } from './series.js';
import { aboutRows } from './versions.js';

/**
 * Reference of the hypervolume, the same in every report: recall 0.5 at 0 queries/s. Settings that find less than
 * half of the neighbours add nothing.
 */
export const HYPERVOLUME_REFERENCE = { recall: 0.5, value: 0 } as const;

/** Depth used for choice, fronts and charts: 10 where it was measured (the field's habit), else the largest. */
export function primaryDepth(ks: readonly number[]): number {
  return ks.includes(10) ? 10 : Math.max(...ks);
}

/** A contender on another machine is another contender: its times do not compare. */
export const seriesKey = ({
  engine,
  series,
  machine,
}: Pick<TrialRow, 'engine' | 'series' | 'machine'>): string =>
  `${engine}/${series}${machine === undefined ? '' : `@${machine}`}`;

/** The contenders of a run, in the order of its plan. */
export function seriesRefs(trials: readonly TrialRow[]): Map<string, SeriesRef> {
  const named = new Map<
    string,
    { key: string; engine: string; series: string; machine: number | undefined }
  >();
  for (const { engine, series, machine } of trials) {
    const key = seriesKey({ engine, series, machine });
    if (!named.has(key)) named.set(key, { key, engine, series, machine });
  }
  const servers = new Set(trials.filter(isServer).map(seriesKey));
  const mixed = trials.some((row) => !isServer(row));
  const looks = identities([...named.values()]);
  const names = new Set([...named.values()].map(({ engine, series }) => JSON.stringify([engine, series])));
  const shared = repeated([...names].map((name) => (JSON.parse(name) as [string, string])[1]));
  return new Map(
    [...named.values()].map(({ key, engine, series, machine }) => {
      const mark = mixed && servers.has(key) ? ' (server)' : '';
      const where = machine === undefined ? '' : ` (machine ${machine})`;
      const label = `${shared.has(series) ? `${engine} ${series}` : series}${mark}${where}`;
      const about = aboutRows(trials.filter((row) => seriesKey(row) === key));
      const ref = { key, engine, label, about, identity: looks.get(key)! };
      return [key, { ...ref, ...(machine !== undefined && { machine }) }];
    }),
  );
}

/** Whether an engine ran as a server of its own, and not inside the process that asked it. */
export function isServer({ server }: Pick<TrialRow, 'server'>): boolean {
  return server !== undefined && (server.mode === 'docker' || server.mode === 'url');
}

function repeated(items: readonly string[]): Set<string> {
  return new Set(items.filter((item, index) => items.indexOf(item) !== index));
}

/** `m=16 ef=64`; with `keys`, only those. */
export function settingText(parameters: ParameterSet, keys?: ReadonlySet<string>): string {
  return Object.entries(parameters)
    .filter(([key]) => keys === undefined || keys.has(key))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** Parameters that take more than one value among these rows: what a reader needs to tell them apart. */
export function varyingKeys(rows: readonly ParameterSet[]): Set<string> {
  const values = new Map<string, Set<unknown>>();
  for (const row of rows) {
    for (const [key, value] of Object.entries(row))
      values.set(key, (values.get(key) ?? new Set()).add(value));
  }
  const everywhere = (key: string) => rows.every((row) => key in row);
  return new Set([...values].filter(([key, set]) => set.size > 1 || !everywhere(key)).map(([key]) => key));
}

/**
 * Rows that charts and choices speak of: one workload, the whole query set where it was measured as one group, the first
 * build of each index. Choosing the best of several builds would praise luck.
 */
export function comparedTrials(results: Results): TrialRow[] {
  const workload = comparedWorkload(results.trials);
  const groups = new Set(results.trials.map((row) => row.group));
  const group = groups.has('all') ? 'all' : results.trials[0]?.group;
  return results.trials.filter(
    (row) => workloadText(workloadOf(row)) === workload && row.group === group && row.replica === undefined,
  );
}

/** The workload that engines are compared under: `serial` where it was measured, else the first of the plan. */
function comparedWorkload(trials: readonly TrialRow[]): string | undefined {
  const measured = trials.map(workloadOf);
  const chosen = measured.find(isSerial) ?? measured[0];
  return chosen && workloadText(chosen);
}

/** Whether some groups were not sent: figures over the rest do not compare with those over all. */
export function isPartial({ flags }: Pick<TrialRow, 'flags'>): boolean {
  return flags.includes('partial-queries');
}

/** Names of the parameters that vary, by series. */
export function varyingBySeries(trials: readonly TrialRow[]): Map<string, Set<string>> {
  const rows = new Map<string, ParameterSet[]>();
  for (const row of trials) {
    const key = seriesKey(row);
    rows.set(key, [...(rows.get(key) ?? []), { ...row.index, ...row.search }]);
  }
  return new Map([...rows].map(([key, list]) => [key, varyingKeys(list)]));
}

/** What the engine made of the search parameters where it changed them by itself. */
function effectiveText({ search, effective = {} }: TrialRow): string {
  const changed = Object.entries(effective).filter(([key, value]) => search[key] !== value);
  return changed.length === 0 ? '' : ` (the engine used ${settingText(Object.fromEntries(changed))})`;
}

export function pointsOf(
  trials: readonly TrialRow[],
  refs: ReadonlyMap<string, SeriesRef>,
  recallName: string,
): Point[] {
  const varying = varyingBySeries(trials);
  return trials.flatMap((row) => {
    const recall = row.measures[recallName];
    if (row.state !== 'completed' || recall === undefined || isPartial(row)) return [];
    const parameters = { ...row.index, ...row.search };
    const key = seriesKey(row);
    return [
      {
        id: row.id,
        build: row.build,
        series: refs.get(key)!,
        setting: settingText(parameters, varying.get(key)),
        fullSetting: settingText(parameters) + effectiveText(row),
        index: row.index,
        search: row.search,
        workload: workloadText(workloadOf(row)),
        recall,
        measures: row.measures,
        flags: row.flags,
      },
    ];
  });
}

export function seriesOf(
  refs: ReadonlyMap<string, SeriesRef>,
  points: readonly Point[],
  trials: readonly TrialRow[],
): Series[] {
  return [...refs.values()].map((ref) => {
    const own = points.filter((point) => point.series.key === ref.key);
    const rows = trials.filter((row) => seriesKey(row) === ref.key);
    const fast = plane(own, 'throughput');
    return {
      ...ref,
      points: own,
      throughputFront: front(own, 'throughput', 'higher'),
      latencyFront: front(own, 'latency.p95', 'lower'),
      hypervolume: fast.length === 0 ? undefined : hypervolume(fast, HYPERVOLUME_REFERENCE),
      trials: {
        planned: rows.length,
        completed: rows.filter((row) => row.state === 'completed').length,
        void: rows.filter(({ flags }) => flags.includes('beats-truth')).length,
        empty: rows.filter(isEmpty).length,
      },
    };
  });
}

/** Asked and answered in full, and without a recall, since no point passes the filter of any query. */
function isEmpty({ state, flags, measures }: TrialRow): boolean {
  const answered =
    state === 'completed' && !flags.includes('partial-queries') && !flags.includes('beats-truth');
  const unfound = measures['filter.wrongFilled']?.n ?? 0;
  return answered && unfound > 0 && !Object.keys(measures).some((name) => name.startsWith('recall@'));
}

/** Points that have the measure, on the plane of recall and that measure. */
function plane(points: readonly Point[], measure: string): { recall: number; value: number; id: string }[] {
  return points.flatMap(({ id, recall, measures }) => {
    const value = measures[measure]?.value;
    return value === undefined ? [] : [{ recall: recall.value, value, id }];
  });
}

function front(points: readonly Point[], measure: string, better: 'higher' | 'lower'): string[] {
  const candidates = plane(points, measure);
  return paretoFrontier(candidates, better).map((index) => candidates[index]!.id);
}
