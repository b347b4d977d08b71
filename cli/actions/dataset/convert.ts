import { EXIT, type ExitCode } from '../../../common/errors.js';
import { visible } from '../../../common/visible.js';
import { convertDataset } from '../../../datasets/convert/convert.js';
import type { LossKind } from '../../../datasets/convert/losses.js';
import { preparation, warn } from '../../../harness/app/context.js';
import { openOptions } from '../../../harness/app/dataset-options.js';
import { displayPath } from '../../../harness/app/places.js';
import type { CommandContext } from '../../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../../dataset-options.js';
import { printJson } from '../../terminal.js';

export interface ConvertCommand extends DatasetArguments {
  format?: string;
  set?: string;
  acceptLoss: (LossKind | 'all')[];
  overwrite?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** `vecproof dataset convert`. */
export async function datasetConvertCommand(
  input: string,
  out: string,
  options: ConvertCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { cwd, cache, signal } = context;
  const { files, losses, notes, warnings } = await convertDataset({
    input,
    out,
    format: options.format,
    set: options.set,
    acceptLoss: options.acceptLoss,
    overwrite: options.overwrite === true,
    planOnly: options.dryRun === true,
    onProgress: preparation(context, `writing ${out}`, 'points'),
    open: { baseFolder: cwd, cacheFolder: cache, signal, ...openOptions(datasetOptionsOf(options, cwd)) },
  });
  for (const warning of warnings) warn(context, warning);
  context.progress.end();
  const written = files.map(({ path, what }) => ({ path, what }));
  if (options.json === true) {
    const state = options.dryRun === true ? 'planned' : 'written';
    printJson(context.out, { state, files: written, losses, notes }, 2);
    return EXIT.passed;
  }
  const verb = options.dryRun === true ? 'would write' : 'wrote';
  const lines = [
    ...losses.map(({ kind, what }) => `lost (${kind}): ${what}`),
    ...notes.map((note) => `note: ${note}`),
    ...written.map(({ path, what }) => `${verb} ${displayPath(path, cwd)}: ${what}`),
  ];
  context.out.write(`${visible(lines.join('\n'))}\n`);
  return EXIT.passed;
}
