import { InputError } from '../common/errors.js';
import { type JudgeOptions, judgeRun } from '../harness/app/judge-run.js';
import { currentResults } from '../harness/derive/current.js';
import type { Results } from '../harness/model/results.js';
import type { Verdicts } from '../harness/model/verdict.js';
import { appendHistory, type HistoryLine, historyLine, readHistory } from '../harness/store/history.js';
import { type RunFolder, readManifest } from '../harness/store/run-folder.js';
import type { ReportModel } from '../reports/model.js';
import type { CommandContext } from './context.js';
import { writeReports } from './output.js';

interface Reported {
  results: Results;
  model: ReportModel;
  verdicts: Verdicts | undefined;
}

/**
 * Derives, judges and reports a run that has just been measured or merged, and adds it to the history. A run that was
 * interrupted is not judged yet, a shard never: the merged run is. Where judging is impossible the reports are written
 * all the same before the fault is told.
 */
export async function judgeAndReport(
  folder: RunFolder,
  options: JudgeOptions,
  context: CommandContext,
): Promise<Reported> {
  const formats = ['json', 'csv', 'html'] as const;
  const derived = await currentResults(folder);
  const { results } = derived;
  const { shard } = readManifest(folder);
  if (context.signal.aborted || shard !== undefined) {
    return { ...(await writeReports(folder, formats, derived)), verdicts: undefined };
  }
  let verdicts: Verdicts | undefined;
  try {
    verdicts = await judgeRun(folder, derived, options, context);
  } catch (error) {
    await writeReports(folder, formats, derived);
    throw error;
  }
  const { history, damage } = knownHistory(context);
  const { model } = await writeReports(folder, formats, derived, history);
  if (damage !== undefined) throw damage;
  appendHistory(context.runs, historyLine(results, verdicts));
  return { results, model, verdicts };
}

/** Earlier runs. Where their file is damaged the reports are written without them before that is told. */
function knownHistory({ runs }: Pick<CommandContext, 'runs'>): {
  history?: HistoryLine[];
  damage?: InputError;
} {
  try {
    return { history: readHistory(runs) };
  } catch (error) {
    if (error instanceof InputError) return { damage: error };
    throw error;
  }
}
