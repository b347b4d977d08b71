import type { ExitCode } from '../../../common/errors.js';
import { visible } from '../../../common/visible.js';
import { importDataset } from '../../../harness/app/import-dataset.js';
import { displayPath } from '../../../harness/app/places.js';
import type { CommandContext } from '../../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../../dataset-options.js';
import { printJson } from '../../terminal.js';
import { checkExit } from './check.js';
import { checkLines } from './check-lines.js';

export interface ImportCommand extends DatasetArguments {
  name: string;
  title?: string;
  licence?: string;
  model?: string;
  json?: boolean;
}

/** `vecproof dataset import`: 1 where the check found what a run would refuse; nothing is imported then. */
export async function datasetImportCommand(
  paths: readonly string[],
  options: ImportCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { name, title, licence, model } = options;
  const request = { paths, name, title, licence, model, options: datasetOptionsOf(options, context.cwd) };
  const { report, entry, path } = await importDataset(request, context);
  context.progress.end();
  if (options.json === true) {
    printJson(context.out, { entry: entry ?? null, report }, 2);
    return checkExit(report);
  }
  const end =
    path === undefined
      ? `"${name}" was not imported: a run would refuse it`
      : `wrote ${displayPath(path, context.cwd)}: use it as ${name} (dataset: ${name} in a suite); "vecproof dataset remove ${name}" forgets it`;
  context.out.write(`${visible([...checkLines(report), '', end].join('\n'))}\n`);
  return checkExit(report);
}
