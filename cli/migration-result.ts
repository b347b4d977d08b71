import { extname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { InputError } from '../common/errors.js';
import { writeFileAtomic } from '../common/files.js';
import { hideSecretsIn } from '../common/secrets.js';
import { oneLine } from '../common/visible.js';
import type { CommandContext } from './context.js';
import { printJson } from './terminal.js';

/** Where a result goes beside the terminal. */
export interface ResultOptions {
  /** `.json`, `.yaml` or `.yml`. */
  out?: string | undefined;
  html?: string | undefined;
  json?: boolean | undefined;
}

/** @throws InputError before anything is read, if `--out` has another ending */
export function requireResultFile({ out }: ResultOptions): void {
  if (out === undefined || ['.json', '.yaml', '.yml'].includes(extname(out))) return;
  throw new InputError('must end in .json, .yaml or .yml', { where: '--out', got: out });
}

/**
 * Prints a result as JSON or in words, and writes it to the files that were asked for; without secrets.
 * @param page makes a page of it
 */
export async function giveResult<T>(
  result: T,
  { out, html, json = false }: ResultOptions,
  { page, lines }: { page(result: T): Promise<string>; lines(result: T): readonly string[] },
  context: CommandContext,
): Promise<void> {
  const shown = hideSecretsIn(result);
  if (out !== undefined) {
    const text = extname(out) === '.json' ? `${JSON.stringify(shown, undefined, 2)}\n` : stringify(shown);
    writeFileAtomic(resolve(context.cwd, out), text);
  }
  if (html !== undefined) writeFileAtomic(resolve(context.cwd, html), await page(shown));
  if (json) {
    printJson(context.out, shown, 2);
    return;
  }
  context.out.write(`${lines(shown).map(oneLine).join('\n')}\n`);
  for (const each of [out, html]) if (each !== undefined) context.out.write(`wrote ${each}\n`);
}
