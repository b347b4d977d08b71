import type { ParameterSet } from '../../common/parameters.js';
import { depthOf } from '../../harness/model/measures/catalogue.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { isSerial, workloadOf } from '../../harness/model/workload.js';
import { atDepth, seriesKey, settingText, varyingBySeries } from './points.js';
import type { SeriesRef } from './series.js';

/** Limits of p99 latency (ms) for which the sustained rate is told. */
export const LIMITS = [10, 50, 200] as const;

/** A search setting of a contender under the loads that it was measured with. */
export interface LoadedSetting {
  series: SeriesRef;
  /** Only what varies within the contender. */
  setting: string;
  /** Every parameter. */
  fullSetting: string;
  /** The contender's shown setting: see `loadOf`. */
  shown: boolean;
  /** By rate, ascending. */
  rates: readonly { rate: number; trial: TrialRow }[];
  /** By number of clients, ascending. */
  clients: readonly { clients: number; trial: TrialRow }[];
  /** By limit of p99 in `LIMITS`. */
  sustained: readonly Sustained[];
}

/**
 * `up-to`: the highest measured rate up to which every one kept the limit; `beyond`: that is the highest that was measured;
 * `none`: the lowest already missed it; `unmeasured`: no rate was measured.
 */
export type Sustained =
  | { state: 'up-to' | 'beyond'; rate: number; trial: TrialRow }
  | { state: 'none' }
  | { state: 'unmeasured' };

/**
 * The run under load; undefined where nothing but serial was measured. Contenders are compared at about equal recall: of each
 * the setting with the lowest recall (in its first load) from 0.95 on, else the one with the highest.
 */
export function loadOf(
  results: Results,
  refs: ReadonlyMap<string, SeriesRef>,
  recallName: string,
): LoadedSetting[] | undefined {
  const rows = atDepth(results.trials, depthOf(recallName)!).filter(
    (row) =>
      row.state === 'completed' &&
      row.group === 'all' &&
      row.replica === undefined &&
      !isSerial(workloadOf(row)),
  );
  if (rows.length === 0) return undefined;
  const varying = varyingBySeries(results.trials);
  const settings = new Map<string, { key: string; parameters: ParameterSet; rows: TrialRow[] }>();
  for (const row of rows) {
    const key = seriesKey(row);
    const parameters = { ...row.index, ...row.search };
    const id = JSON.stringify([key, row.build, parameters]);
    const found = settings.get(id) ?? { key, parameters, rows: [] };
    found.rows.push(row);
    settings.set(id, found);
  }
  const all = [...settings.values()];
  return all.map((one) => ({
    series: refs.get(one.key)!,
    setting: settingText(one.parameters, varying.get(one.key)),
    fullSetting: settingText(one.parameters),
    shown:
      shownOf(
        all.filter(({ key }) => key === one.key),
        recallName,
      ) === one,
    ...loadsOf(one.rows),
  }));
}

const ENOUGH = 0.95;

function shownOf<T extends { rows: readonly TrialRow[] }>(
  settings: readonly T[],
  recallName: string,
): T | undefined {
  const recall = ({ rows }: T) => rows[0]?.measures[recallName]?.value ?? -1;
  const sorted = settings.toSorted((a, b) => recall(a) - recall(b));
  return sorted.find((each) => recall(each) >= ENOUGH) ?? sorted.at(-1);
}

function loadsOf(rows: readonly TrialRow[]): Pick<LoadedSetting, 'rates' | 'clients' | 'sustained'> {
  const by = (type: string, option: string) =>
    rows
      .filter(({ workload }) => workload === type)
      .map((trial) => ({ at: Number(trial.workloadOptions?.[option]), trial }))
      .sort((a, b) => a.at - b.at);
  const rates = by('constant-rate', 'rate').map(({ at, trial }) => ({ rate: at, trial }));
  return {
    rates,
    clients: by('constant-clients', 'clients').map(({ at, trial }) => ({ clients: at, trial })),
    sustained: LIMITS.map((limit) => sustainedOf(rates, limit)),
  };
}

/** A rate that was not reached, or at which queries failed, is not sustained, whatever the latency of the others. */
function sustainedOf(rates: LoadedSetting['rates'], limit: number): Sustained {
  if (rates.length === 0) return { state: 'unmeasured' };
  const keeps = ({ measures, flags }: TrialRow) => {
    const p99 = measures['latency.p99']?.value;
    return (
      p99 !== undefined &&
      p99 <= limit &&
      measures['errors']?.value === 0 &&
      !flags.includes('rate-not-reached')
    );
  };
  const missed = rates.findIndex(({ trial }) => !keeps(trial));
  const last = missed < 0 ? rates.at(-1) : rates[missed - 1];
  if (last === undefined) return { state: 'none' };
  return { state: missed < 0 ? 'beyond' : 'up-to', ...last };
}
