import { doubtsOf, flagOf, SIGNS, type Sign } from '../../harness/model/flags.js';
import type { TrialRow } from '../../harness/model/results.js';
import { seriesKey, settingText, varyingBySeries } from './points.js';
import type { FlagModel, LegendEntry, Problem, ProblemGroup, SeriesRef } from './types.js';

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
    meaning: flagOf(name)?.meaning ?? 'A doubt that the run recorded; see docs/measures.md.',
    trials: list,
  }));
}

/** What the signs mean that stand beside figures of these trials. */
export function legendOf(trials: readonly TrialRow[]): LegendEntry[] {
  const seen = new Set(
    trials.flatMap(({ flags, measures }) =>
      Object.keys(measures).flatMap((name) => doubtsOf(flags, name).map(({ sign }) => sign)),
    ),
  );
  return (Object.keys(SIGNS) as Sign[])
    .filter((sign) => seen.has(sign))
    .map((sign) => ({ sign, text: SIGNS[sign] }));
}

const buildText = ({ replica }: TrialRow): string => (replica === undefined ? '' : ` (build ${replica})`);
