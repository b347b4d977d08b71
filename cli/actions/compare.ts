import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { packageInfo } from '../../common/paths.js';
import { openRun } from '../../harness/app/open-run.js';
import { displayPath } from '../../harness/app/places.js';
import { deriveRun } from '../../harness/derive/run.js';
import { renderComparison } from '../../reports/html/comparison.js';
import { type ComparedPart, comparisonOf } from '../../reports/model/comparison.js';
import { renderComparisonText } from '../../reports/terminal-comparison.js';
import { reportParts } from '../../reports/write.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

/** `vecproof compare`: nothing is measured, nothing in the runs is changed. */
export async function compareCommand(
  references: readonly string[],
  options: { file?: string; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const folders = references.map((each) => openRun(each, context));
  const ids = folders.map(({ path }) => path);
  if (new Set(ids).size < 2 || new Set(ids).size < ids.length) {
    throw new InputError('takes two or more different runs', {
      where: 'compare',
      got: references.join(' '),
      next: 'name runs by folder or id: vecproof list runs',
    });
  }
  const file = freshFile(options.file, context);
  const parts: ComparedPart[] = [];
  for (const [i, folder] of folders.entries()) {
    for (const { model } of reportParts(await deriveRun(folder))) parts.push({ run: i + 1, model });
  }
  const tables = comparisonOf(parts);
  const command = `vecproof compare ${references.join(' ')}`;
  writeFileAtomic(file, renderComparison({ parts, tables, command, vecproof: packageInfo().version }));
  if (options.json === true) printJson(context.out, { runs: runsOf(parts), tables });
  else context.out.write(`${renderComparisonText(parts, tables)}\n`);
  context.err.write(`wrote ${displayPath(file, context.cwd)}\n`);
  return EXIT.passed;
}

const runsOf = (parts: readonly ComparedPart[]) =>
  parts.map(({ run, model: { results } }) => ({ run, id: results.run.id, dataset: results.dataset.name }));

/** A page that somebody has made is not written over. */
function freshFile(given: string | undefined, { runs, cwd }: CommandContext): string {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const file = given === undefined ? join(runs, `compare-${stamp}.html`) : resolve(cwd, given);
  if (!existsSync(file)) return file;
  throw new InputError('there is a file of that name', {
    where: '--file',
    got: file,
    next: 'name a new file, or remove that one',
  });
}
