import { join } from 'node:path';
import { EXIT, type ExitCode } from '../../common/errors.js';
import { openRun } from '../../harness/app/open-run.js';
import { displayPath } from '../../harness/app/places.js';
import { writeTrecRuns } from '../../harness/app/trec-runs.js';
import { deriveRun } from '../../harness/derive/run.js';
import { readHistory } from '../../harness/store/history.js';
import type { CommandContext } from '../context.js';
import { parseFormats, printRun, writeReports } from '../reports.js';

/** `vecproof report`: derives results and reports again; nothing is measured. */
export async function reportCommand(
  reference: string,
  options: { format: string; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const names = options.format.split(',').map((name) => name.trim());
  const others = names.filter((name) => name !== 'trec');
  const formats = others.length === 0 ? [] : parseFormats(others.join(','));
  const run = await deriveRun(openRun(reference, context));
  const place = (path: string) => displayPath(path, context.cwd);
  if (others.length < names.length) {
    for (const { folder } of run.parts) {
      const files = await writeTrecRuns(folder, context);
      context.err.write(`wrote ${files} TREC runs to ${place(join(folder.path, 'trec'))}\n`);
    }
    if (formats.length === 0) return EXIT.passed;
  }
  printRun(run, writeReports(run, formats, context, readHistory(context.runs)), options, context);
  context.err.write(`wrote ${formats.join(', ')} to ${place(run.folder.path)}\n`);
  return EXIT.passed;
}
