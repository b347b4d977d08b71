import { EXIT, type ExitCode } from '../../common/errors.js';
import { openRun } from '../../harness/app/open-run.js';
import { displayPath } from '../../harness/app/places.js';
import { mergeTruths } from '../../harness/app/truth-file.js';
import { mergeRuns } from '../../harness/store/merge.js';
import type { CommandContext } from '../context.js';
import { judgeAndReport } from '../judge-and-report.js';

/** `vecproof merge`: one run out of shards, judged and reported like any other. */
export async function mergeCommand(
  references: readonly string[],
  options: { baseline?: string; json?: boolean; truth?: string },
  context: CommandContext,
): Promise<ExitCode> {
  if (options.truth !== undefined) return mergeTruthParts(references, options.truth, context);
  const folders = references.map((each) => openRun(each, context));
  const folder = await mergeRuns(folders, context.runs, new Date());
  const exit = await judgeAndReport(folder, options, context);
  context.err.write(`merged ${folders.length} shards into ${displayPath(folder.path, context.cwd)}\n`);
  return exit;
}

async function mergeTruthParts(
  paths: readonly string[],
  out: string,
  context: CommandContext,
): Promise<ExitCode> {
  const { path, queries, depth } = await mergeTruths(paths, out, context);
  context.out.write(
    `merged ${paths.length} parts: the ${depth} nearest points of ${queries} queries\nwrote ${displayPath(path, context.cwd)}\n`,
  );
  return EXIT.passed;
}
