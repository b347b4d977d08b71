import type { ExitCode } from '../common/errors.js';
import { concludeRun } from '../harness/app/conclude-run.js';
import type { JudgeOptions } from '../harness/app/judge-run.js';
import { readHistory } from '../harness/store/history.js';
import type { RunFolder } from '../harness/store/run-folder.js';
import type { CommandContext } from './context.js';
import { runExit } from './exit-code.js';
import { printRun, writeReports } from './reports.js';

/**
 * Judges, reports and prints a run that has just been measured or merged. Where judging is impossible the reports are
 * written all the same before the fault is told.
 */
export async function judgeAndReport(
  folder: RunFolder,
  options: JudgeOptions & { json?: boolean | undefined },
  context: CommandContext,
): Promise<ExitCode> {
  const { run, judgement } = await concludeRun(folder, options, context);
  const history = judgement.state === 'judged' ? readHistory(context.runs) : undefined;
  const parts = writeReports(run, ['csv', 'html'], context, history);
  if (judgement.state === 'failed') throw judgement.error;
  printRun(run, parts, options, context);
  return runExit(run, judgement.state === 'judged' ? judgement.verdicts : undefined);
}
