import { EXIT, type ExitCode } from '../../../common/errors.js';
import { findRun } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { parseFormats, printSummary, writeReports } from '../output.js';
import { displayPath } from '../prepare-run.js';

/** `vecparity report`: derives results and reports again; nothing is measured. */
export async function reportCommand(
  reference: string,
  options: { format: string; json?: boolean },
  context: Context,
): Promise<ExitCode> {
  const formats = parseFormats(options.format);
  const folder = findRun(reference, context.runs);
  const { results, model } = await writeReports(folder, formats);
  if (options.json === true) context.out.write(`${JSON.stringify(results)}\n`);
  else printSummary(context, folder, model);
  context.err.write(`wrote ${formats.join(', ')} to ${displayPath(folder.path, context.cwd)}\n`);
  return EXIT.passed;
}
