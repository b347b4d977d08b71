import type { ParameterSet } from '../../common/parameters.js';
import type { Manifest } from '../../harness/model/manifest.js';
import { depthOf } from '../../harness/model/measures/catalogue.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { changesCollection, isSerial, workloadOf } from '../../harness/model/workload.js';
import { atDepth, seriesKey, settingText, varyingBySeries } from './points.js';
import type { Point, SeriesRef } from './series.js';

/** Limits of p99 latency (ms) for which the sustained rate is told where the suite sets none, and the one of choices. */
const LIMITS = [10, 50, 200];
const LIMIT = 50;

/** Limits of p99 latency, ms, ascending; `main`: that of choices and pictures. */
export interface LoadLimits {
  all: readonly number[];
  main: number;
}

export function limitsOf({ load }: Pick<Manifest, 'load'>): LoadLimits {
  const own = load?.p99;
  return own === undefined ? { all: LIMITS, main: LIMIT } : { all: [own], main: own };
}

/** The run under load. */
export interface LoadModel {
  limits: LoadLimits;
  settings: readonly LoadedSetting[];
  /** Of the prices that the suite states; undefined: none, or in several currencies. */
  currency: string | undefined;
}

/** A search setting of a contender under the loads that it was measured with. */
export interface LoadedSetting {
  series: SeriesRef;
  build: string;
  search: ParameterSet;
  /** Only what varies within the contender. */
  setting: string;
  /** Every parameter. */
  fullSetting: string;
  /** The contender's shown setting: see `loadOf`. */
  shown: boolean;
  /** Every load. */
  trials: readonly TrialRow[];
  /** By rate, ascending. */
  rates: readonly { rate: number; trial: TrialRow }[];
  /** By number of clients, ascending. */
  clients: readonly { clients: number; trial: TrialRow }[];
  /** By limit of p99, as in `LoadLimits.all`. */
  sustained: readonly Sustained[];
  /** At the main limit. */
  knee: Sustained;
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
  manifest: Pick<Manifest, 'load' | 'plan'>,
): LoadModel | undefined {
  const limits = limitsOf(manifest);
  const rows = atDepth(results.trials, depthOf(recallName)!).filter(
    (row) =>
      row.state === 'completed' &&
      row.group === 'all' &&
      row.replica === undefined &&
      !isSerial(workloadOf(row)) &&
      // Its answers are to other points: it has a section of its own.
      !changesCollection(workloadOf(row)),
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
  const settingsOf = all.map((one) => ({
    series: refs.get(one.key)!,
    build: one.rows[0]!.build,
    search: one.rows[0]!.search,
    trials: one.rows,
    setting: settingText(one.parameters, varying.get(one.key)),
    fullSetting: settingText(one.parameters),
    shown:
      shownOf(
        all.filter(({ key }) => key === one.key),
        recallName,
      ) === one,
    ...loadsOf(one.rows, limits),
  }));
  const currencies = new Set(manifest.plan.flatMap(({ cost }) => cost?.currency ?? []));
  return { limits, settings: settingsOf, currency: currencies.size === 1 ? [...currencies][0] : undefined };
}

/** The loads of a setting that was measured under another workload. */
export function loadedAs(
  load: LoadModel,
  { build, search }: Pick<Point, 'build' | 'search'>,
): LoadedSetting | undefined {
  const key = JSON.stringify(search);
  return load.settings.find((each) => each.build === build && JSON.stringify(each.search) === key);
}

/**
 * The trial that stands for a setting in pictures of one load: at its knee, else at the lowest rate that was measured, else
 * with the clients that it answered most with.
 */
export function typicalTrial({ knee, rates, clients }: LoadedSetting): TrialRow | undefined {
  if (knee.state === 'up-to' || knee.state === 'beyond') return knee.trial;
  return rates[0]?.trial ?? mostAnswered(clients)?.trial;
}

export function mostAnswered(
  clients: LoadedSetting['clients'],
): LoadedSetting['clients'][number] | undefined {
  const answered = ({ trial }: (typeof clients)[number]) => trial.measures['throughput']?.value ?? 0;
  return clients.reduce<(typeof clients)[number] | undefined>(
    (best, each) => (best === undefined || answered(each) > answered(best) ? each : best),
    undefined,
  );
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

function loadsOf(
  rows: readonly TrialRow[],
  limits: LoadLimits,
): Pick<LoadedSetting, 'rates' | 'clients' | 'sustained' | 'knee'> {
  const by = (type: string, option: string) =>
    rows
      .filter(({ workload }) => workload === type)
      .map((trial) => ({ at: Number(trial.workloadOptions?.[option]), trial }))
      .sort((a, b) => a.at - b.at);
  const rates = by('constant-rate', 'rate').map(({ at, trial }) => ({ rate: at, trial }));
  return {
    rates,
    clients: by('constant-clients', 'clients').map(({ at, trial }) => ({ clients: at, trial })),
    sustained: limits.all.map((limit) => sustainedOf(rates, limit)),
    knee: sustainedOf(rates, limits.main),
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
