import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { allowedNames } from '../../harness/app/allowed-env.js';
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
import type { RunFolder } from '../../harness/store/run-folder.js';
import type { CommandContext } from '../context.js';
import { dryRunText } from '../dry-run.js';
import { judgeAndReport } from '../judge-and-report.js';

export interface RunCommand extends StartOptions, ResumeOptions {
  resume?: string | undefined;
  dryRun?: boolean | undefined;
  download?: boolean | undefined;
  allowEnv?: readonly string[] | undefined;
  json?: boolean | undefined;
}

/** `vecproof run`: plan, measure, report. */
export async function runCommand(
  suite: string | undefined,
  options: RunCommand,
  given: CommandContext,
): Promise<ExitCode> {
  const context: CommandContext =
    options.allowEnv === undefined ? given : { ...given, allowEnv: allowedNames(options.allowEnv) };
  if (options.download === true) context.onMissing = downloadMissing(context);
  let exit: ExitCode = EXIT.passed;
  const report = async (folder: RunFolder) => {
    context.progress.end();
    exit = await judgeAndReport(folder, options, context);
  };
  if (options.resume !== undefined)
    return exitOf(await resumeRun(options.resume, options, context, report), () => exit, context);
  if (options.remeasure !== undefined) {
    throw new InputError('measures trials of a stored run again', {
      where: '--remeasure',
      got: options.remeasure,
      next: `say which run: vecproof run --resume <run> --remeasure ${options.remeasure}`,
    });
  }
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
