import { type ExitCode, InputError } from '../../common/errors.js';
import { beginRun } from '../../harness/app/begin-run.js';
import { checkAgainstData, checkAvailability, shapeOf, skipReasons } from '../../harness/app/check-builds.js';
import { checkDataRequest, openData } from '../../harness/app/data.js';
import { compareWithLock, lockWarning } from '../../harness/app/gate-lock.js';
import { measureAndReport } from '../../harness/app/measure-run.js';
import { planRun, type RunOptions } from '../../harness/app/prepare-run.js';
import { withRefusals } from '../../harness/app/refused-groups.js';
import { resumeRun } from '../../harness/app/resume-run.js';
import { truthFor } from '../../harness/app/truth-for.js';
import { findBaseline } from '../../harness/store/baselines.js';
import { lockRun } from '../../harness/store/lock.js';
import { createRunFolder, findRun } from '../../harness/store/run-folder.js';
import type { Context } from '../context.js';
import { printDryRun } from '../dry-run.js';
import { startingLines } from '../output.js';

export interface RunCommand extends RunOptions {
  resume?: string | undefined;
  dryRun?: boolean | undefined;
  retryFailed?: boolean | undefined;
  json?: boolean | undefined;
  /** What the gates compare with; see `gate`. */
  baseline?: string | undefined;
}

/** `vecproof run`: plan, measure, report. */
export async function runCommand(
  suite: string | undefined,
  options: RunCommand,
  context: Context,
): Promise<ExitCode> {
  if (options.resume !== undefined) return continueRun(options.resume, options, context);
  if (suite === undefined) {
    throw new InputError('no suite was given', {
      next: 'vecproof run suites/quickstart.yaml, or --resume <run>',
    });
  }
  const planned = await planRun(suite, options, context.cwd, context.env);
  context.hide(planned.parsed.secrets);
  if (options.dryRun === true) {
    const { file, filters, fields } = planned.data.grouping;
    if (file !== null || filters.length + fields.length > 0) await checkDataRequest(context, planned.data);
    return printDryRun(planned, context);
  }
  return startRun(suite, planned, options, context);
}

async function startRun(
  suite: string,
  planned: Awaited<ReturnType<typeof planRun>>,
  options: RunCommand,
  context: Context,
): Promise<ExitCode> {
  const { definitions, parsed } = planned;
  // Found before minutes are spent on measuring.
  if (options.baseline !== undefined) findBaseline(context.runs, options.baseline);
  const lock = compareWithLock(planned.suitePath, parsed.gates);
  const progress = startingLines(context);
  const data = await openData(context, planned.data, progress);
  const shape = shapeOf(data.info, parsed.ks.at(-1)!);
  const refusing = withRefusals(
    [...planned.builds, ...planned.rebuilds],
    definitions,
    data,
    parsed.suite.fields ?? [],
  );
  const { builds } = refusing;
  const unfit = checkAgainstData(builds, definitions, shape, suite, refusing.unfit);
  const truth = await truthFor(context, data, parsed.ks, progress);
  const { unavailable, packages } = await checkAvailability(builds, parsed.suite.threads, context);
  const folder = createRunFolder(context.runs, parsed.suite.name, new Date());
  const unlock = lockRun(folder);
  try {
    const manifest = await beginRun({
      folder,
      planned: {
        ...planned,
        builds: builds.slice(0, planned.builds.length),
        rebuilds: builds.slice(planned.builds.length),
      },
      data,
      truth,
      packages,
      suite,
      options,
      context,
      lock,
    });
    const ready = {
      folder,
      manifest,
      data,
      redactor: parsed.redactor,
      warnings: [...data.warnings, ...truth.warnings, ...[lockWarning(lock) ?? []].flat()],
      skips: skipReasons(builds, unfit, unavailable),
      finished: new Set<string>(),
      extraFields: parsed.suite.fields ?? [],
    };
    return await measureAndReport(ready, false, options, context);
  } finally {
    unlock();
  }
}

async function continueRun(reference: string, options: RunCommand, context: Context): Promise<ExitCode> {
  const folder = findRun(reference, context.runs);
  const unlock = lockRun(folder);
  try {
    return await measureAndReport(await resumeRun(folder, options, context), true, options, context);
  } finally {
    unlock();
  }
}
