import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { downloadMissing } from '../../harness/app/dataset-download.js';
import { displayPath, openSuite } from '../../harness/app/places.js';
import {
  dryRun,
  type ResumeOptions,
  type RunOutcome,
  resumeRun,
  type StartOptions,
  startRun,
} from '../../harness/app/run.js';
import { partsOf, type RunFolder } from '../../harness/store/run-folder.js';
import type { CommandContext } from '../context.js';
import { datasetsExit, judgeAndReportDatasets, printDatasets } from '../datasets-output.js';
import { dryRunText } from '../dry-run.js';
import { runExit } from '../exit-code.js';
import { judgeAndReport } from '../judge-and-report.js';
import { printSummary } from '../output.js';

export interface RunCommand extends StartOptions, ResumeOptions {
  resume?: string | undefined;
  dryRun?: boolean | undefined;
  download?: boolean | undefined;
  json?: boolean | undefined;
}

/** `vecproof run`: plan, measure, report. */
export async function runCommand(
  suite: string | undefined,
  options: RunCommand,
  context: CommandContext,
): Promise<ExitCode> {
  if (options.download === true) context.onMissing = downloadMissing(context);
  let exit: ExitCode = EXIT.passed;
  const report = async (folder: RunFolder) => {
    exit = await reportRun(folder, options, context);
  };
  if (options.resume !== undefined)
    return exitOf(await resumeRun(options.resume, options, context, report), () => exit, context);
  if (suite === undefined) {
    throw new InputError('no suite was given', {
      next: 'vecproof run suites/quickstart.yaml, or --resume <run>',
    });
  }
  const text = openSuite(suite, context.cwd);
  if (options.dryRun === true) {
    const planned = await dryRun(text, options, context);
    context.out.write(dryRunText(planned, context.runs));
    return EXIT.passed;
  }
  const outcome = await startRun(text, options, context, report);
  return exitOf(outcome, () => exit, context);
}

async function reportRun(folder: RunFolder, options: RunCommand, context: CommandContext): Promise<ExitCode> {
  context.progress.end();
  const parts = partsOf(folder);
  if (parts !== undefined) {
    const reported = await judgeAndReportDatasets(folder, parts, options, context);
    if (options.json === true) context.out.write(`${JSON.stringify(reported.results)}\n`);
    else printDatasets(context, folder, reported);
    return datasetsExit(reported);
  }
  const { results, model, verdicts } = await judgeAndReport(folder, options, context);
  if (options.json === true) context.out.write(`${JSON.stringify(results)}\n`);
  else printSummary(context, folder, model);
  return runExit(results, verdicts);
}

/** @param exit of a run that completed */
function exitOf(outcome: RunOutcome, exit: () => ExitCode, context: CommandContext): ExitCode {
  if (outcome.state === 'completed') return exit();
  const next = `continue with "vecproof run --resume ${displayPath(outcome.folder.path, context.cwd)}"`;
  context.progress.end();
  if (outcome.state === 'failed') {
    context.err.write(`what was measured is kept: ${next}\n`);
    throw outcome.error;
  }
  context.err.write(`interrupted: ${next}\n`);
  return EXIT.interrupted;
}
