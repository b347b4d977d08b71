import { depthOf } from '../../harness/model/measures/catalogue.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { changesCollection, workloadOf } from '../../harness/model/workload.js';
import { atDepth, seriesKey, settingText, varyingBySeries } from './points.js';
import type { SeriesRef } from './series.js';

/** A trial whose points were written while it was searched. */
export interface WrittenTrial {
  series: SeriesRef;
  /** Only what varies within the contender. */
  setting: string;
  /** Every parameter. */
  fullSetting: string;
  trial: TrialRow;
}

/** Undefined where no points were written. */
export function writesOf(
  results: Results,
  refs: ReadonlyMap<string, SeriesRef>,
  recallName: string,
): WrittenTrial[] | undefined {
  const rows = atDepth(results.trials, depthOf(recallName)!).filter(
    (row) => row.state === 'completed' && row.group === 'all' && changesCollection(workloadOf(row)),
  );
  if (rows.length === 0) return undefined;
  const varying = varyingBySeries(results.trials);
  return rows.map((trial) => ({
    series: refs.get(seriesKey(trial))!,
    setting: settingText({ ...trial.index, ...trial.search }, varying.get(seriesKey(trial))),
    fullSetting: settingText({ ...trial.index, ...trial.search }),
    trial,
  }));
}
