import type { TrialRow } from '../../harness/model/results.js';
import { seriesKey, settingText, varyingBySeries } from './points.js';
import type { FlagModel, Problem, ProblemGroup, SeriesRef } from './types.js';

/** What a flag on a trial means for its figures. Flags without an entry are shown with a plain remark. */
const FLAGS: Readonly<Record<string, string>> = {
  'mixed-builds': 'The run was resumed: the trial’s passes ran on two builds of the same index.',
  'duplicate-hits':
    'The engine returned the same id more than once for some query; repeats were counted once.',
  'unknown-keys': 'The engine returned keys that are no rows of the dataset; they were counted as misses.',
  'beats-truth':
    'Some answer holds a point nearer than the exact neighbours: then the truth is not exact, and recall not to be trusted.',
  'busy-machine':
    'Other programs used more than a quarter of a core while this was measured: its times and throughput say as much about them. Recall is not affected.',
  'partial-queries':
    'Some groups of queries were not sent, because the engine refuses their filters. The row of all queries speaks of the others only and takes no part in choice and charts; the groups are measured one by one.',
  underfilled: 'Some answers held fewer hits than asked for although enough points exist.',
  'score-mismatch': 'The engine’s own scores differ from the distances that the harness recomputed.',
  'failed-queries': 'Some queries failed; they count as empty answers in recall and are listed under errors.',
};

/** Where the supervisor appends the last lines that a failed child wrote. */
const LOG_MARK = '\nlast output:\n';

/** A recorded error as its message and the last log lines after it, if any. */
export function splitLog(error: string): { message: string; log: string[] } {
  const at = error.indexOf(LOG_MARK);
  if (at < 0) return { message: error, log: [] };
  return { message: error.slice(0, at), log: error.slice(at + LOG_MARK.length).split('\n') };
}

/** Failed, skipped and aborted trials, those of one build with the same message together. */
export function problemsOf(
  trials: readonly TrialRow[],
  refs: ReadonlyMap<string, SeriesRef>,
): ProblemGroup[] {
  const varying = varyingBySeries(trials);
  const groups = new Map<string, ProblemGroup & { trials: Problem[] }>();
  for (const trial of trials) {
    if (trial.state === 'completed') continue;
    const series = refs.get(seriesKey(trial))!;
    const { message, log } = splitLog(trial.error ?? trial.reason ?? 'no reason was recorded');
    const setting =
      settingText({ ...trial.index, ...trial.search }, varying.get(series.key)) + buildText(trial);
    const key = JSON.stringify([trial.state, trial.build, message]);
    const group = groups.get(key) ?? {
      state: trial.state,
      series,
      build: trial.build,
      message,
      log,
      trials: [],
    };
    group.trials.push({ trial, setting });
    groups.set(key, group);
  }
  return [...groups.values()];
}

export function flagsOf(trials: readonly TrialRow[], refs: ReadonlyMap<string, SeriesRef>): FlagModel[] {
  const varying = varyingBySeries(trials);
  const found = new Map<string, { id: string; label: string }[]>();
  for (const trial of trials) {
    const series = refs.get(seriesKey(trial))!;
    const setting =
      settingText({ ...trial.index, ...trial.search }, varying.get(series.key)) + buildText(trial);
    for (const flag of trial.flags) {
      const entry = { id: trial.id, label: `${series.label} ${setting}`.trim() };
      found.set(flag, [...(found.get(flag) ?? []), entry]);
    }
  }
  return [...found].map(([name, list]) => ({
    name,
    meaning: FLAGS[name] ?? 'A doubt that the run recorded; see docs/measures.md.',
    trials: list,
  }));
}

const buildText = ({ replica }: TrialRow): string => (replica === undefined ? '' : ` (build ${replica})`);
