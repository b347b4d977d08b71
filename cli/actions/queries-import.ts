import { resolve } from 'node:path';
import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { suggest } from '../../common/nearest.js';
import { visible } from '../../common/visible.js';
import { preparation } from '../../harness/app/context.js';
import { displayPath } from '../../harness/app/places.js';
import type { Coverage } from '../../migration/queries/coverage.js';
import { importQueries } from '../../migration/queries/import.js';
import { LOG_KEYS } from '../../migration/queries/log.js';
import type { CommandContext } from '../context.js';
import { printJson } from '../terminal.js';

export interface ImportCommand {
  out: string;
  key: Record<string, string>;
  redact?: string[];
  data?: string;
  native?: string;
  size: number;
  floor: number;
  seed: number;
  json?: boolean;
}

/** `vecproof queries import`: a query file from an application's own log. */
export async function importCommand(
  log: string,
  { out, key, redact = [], data, native, size, floor, seed, json = false }: ImportCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const { cwd, signal } = context;
  const unknown = Object.keys(key).find((name) => !(LOG_KEYS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InputError(suggest('is no key of a log', unknown, LOG_KEYS), { where: '--key', got: unknown });
  const path = resolve(cwd, out);
  const { coverage, bad } = await importQueries({
    log: resolve(cwd, log),
    out: path,
    names: key,
    redact,
    data: data === undefined ? undefined : resolve(cwd, data),
    native,
    size,
    floor,
    seed,
    signal,
    onProgress: preparation(context, 'filters', 'points'),
  });
  const beside = `${path}.coverage.json`;
  writeFileAtomic(beside, `${JSON.stringify(coverage, undefined, 2)}\n`);
  context.progress.end();
  for (const each of bad) context.err.write(`${log}: ${visible(each)}\n`);
  if (json) printJson(context.out, coverage, 2);
  else context.out.write(`${linesOf(coverage).join('\n')}\n`);
  const files = [path, beside].map((file) => displayPath(file, cwd));
  (json ? context.err : context.out).write(`wrote ${files.join(' and ')}\n`);
  return EXIT.passed;
}

function linesOf({ log, chosen, thin, missing }: Coverage): string[] {
  return [
    `${log.lines} queries in the log, ${log.different} different ones that can be used, ${chosen} chosen`,
    ...Object.entries(log.leftOut).map(([why, count]) => `  left out: ${count} ${visible(why)}`),
    ...(missing.length === 0 ? ['nothing is missing'] : missing.map((each) => `  missing: ${visible(each)}`)),
    ...thin.map((each) => `  thin: ${visible(each)}`),
  ];
}
