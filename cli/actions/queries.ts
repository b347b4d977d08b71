import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { displayPath } from '../../harness/app/places.js';
import { type QueriesRequest, queriesToFile } from '../../harness/app/queries-file.js';
import type { CommandContext } from '../context.js';
import { type DatasetArguments, datasetOptionsOf } from '../dataset-options.js';

export interface QueriesCommand
  extends DatasetArguments,
    Omit<QueriesRequest, 'dataset' | 'options' | 'selectivities' | 'out'> {
  out?: string;
  selectivity: string[];
}

/** `vecproof queries`: groups of filtered queries, derived from a dataset's metadata. */
export async function queriesCommand(
  name: string,
  options: QueriesCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { out } = options;
  if (out === undefined)
    throw new InputError('the file to write is missing', { where: '--out', next: 'add --out queries.jsonl' });
  const request = {
    ...options,
    out,
    dataset: name,
    options: datasetOptionsOf(options, context.cwd),
    selectivities: options.selectivity.map(shareOf),
  };
  const { path, queries, notes } = await queriesToFile(request, context);
  context.progress.end();
  for (const note of notes) context.err.write(`note: ${note}\n`);
  context.out.write(`wrote ${queries} queries to ${displayPath(path, context.cwd)}\n`);
  return EXIT.passed;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (share > 0 && share < 1) return share;
  throw new InputError('must be shares between 0 and 1', { where: '--selectivity', got: text });
}
