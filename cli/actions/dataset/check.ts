import { EXIT, type ExitCode } from '../../../common/errors.js';
import { checkDataset } from '../../../harness/app/check/check-dataset.js';
import type { CheckReport } from '../../../harness/app/check/types.js';
import type { CommandContext } from '../../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../../dataset-options.js';
import { printJson } from '../../terminal.js';
import { checkLines } from './check-lines.js';

export interface CheckCommand extends DatasetArguments {
  model?: string;
  json?: boolean;
}

/** `vecproof dataset check`: 1 where a run would refuse the dataset. */
export async function datasetCheckCommand(
  dataset: string,
  options: CheckCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const request = { dataset, options: datasetOptionsOf(options, context.cwd), model: options.model };
  const report = await checkDataset(request, context);
  context.progress.end();
  if (options.json === true) printJson(context.out, report, 2);
  else context.out.write(`${checkLines(report).join('\n')}\n`);
  return checkExit(report);
}

export function checkExit({ findings }: CheckReport): ExitCode {
  return findings.some(({ severity }) => severity === 'fault') ? EXIT.gateFailed : EXIT.passed;
}
