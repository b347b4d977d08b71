import { join } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { displayPath } from '../../harness/app/places.js';
import { writeTrecRuns } from '../../harness/app/trec-runs.js';
import { readHistory } from '../../harness/store/history.js';
import { findRun, partsOf } from '../../harness/store/run-folder.js';
import type { CommandContext } from '../context.js';
import { derivedParts, printDatasets, writeDatasetsReports } from '../datasets-output.js';
import { parseFormats, printSummary, writeReports } from '../output.js';

/** `vecproof report`: derives results and reports again; nothing is measured. */
export async function reportCommand(
  reference: string,
  options: { format: string; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const trec = options.format.split(',').some((name) => name.trim() === 'trec');
  const others = options.format.split(',').filter((name) => name.trim() !== 'trec');
  const formats = others.length === 0 ? [] : parseFormats(others.join(','));
  const folder = findRun(reference, context.runs);
  const parts = partsOf(folder);
  if (parts !== undefined) {
    for (const part of trec ? parts : []) await writeTrecRuns(part.folder, context);
    const reported = await writeDatasetsReports(folder, await derivedParts(parts), formats, context);
    if (options.json === true) context.out.write(`${JSON.stringify(reported.results)}\n`);
    else printDatasets(context, folder, reported);
    context.err.write(`wrote ${options.format} to ${displayPath(folder.path, context.cwd)}\n`);
    return EXIT.passed;
  }
  if (trec) {
    const files = await writeTrecRuns(folder, context);
    context.err.write(`wrote ${files} TREC runs to ${displayPath(join(folder.path, 'trec'), context.cwd)}\n`);
    if (formats.length === 0) return EXIT.passed;
  }
  const history = readHistory(context.runs);
  const { results, model } = await writeReports(folder, formats, undefined, history);
  if (options.json === true) context.out.write(`${JSON.stringify(results)}\n`);
  else printSummary(context, folder, model);
  context.err.write(`wrote ${formats.join(', ')} to ${displayPath(folder.path, context.cwd)}\n`);
  return EXIT.passed;
}
