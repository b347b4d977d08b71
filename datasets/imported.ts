import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../common/errors.js';
import { fileFailure, writeFileAtomic } from '../common/files.js';
import { suggest } from '../common/nearest.js';
import { MOST_RECORD, readRegularText } from '../common/regular-file.js';
import { catalogEntry } from './catalog.js';
import { unreadable } from './check.js';
import { INVALID_KINDS, METRICS } from './dataset.js';
import { fileEnding } from './formats/registry.js';
import { hashFileCached } from './hash.js';

const NAME = /^[a-z0-9][a-z0-9._-]{0,59}$/;
const text = z.string().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const importedSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(NAME),
  /** Files, patterns or a folder; absolute. They stay where they are. */
  paths: z.array(text).min(1),
  /** How they are read. */
  options: z.strictObject({
    metric: z.enum(METRICS).optional(),
    columns: z
      .strictObject({ id: text.optional(), vector: text.optional(), text: text.optional() })
      .optional(),
    queriesFile: text.optional(),
    qrelsFile: text.optional(),
    neighborsFile: text.optional(),
    skipInvalid: z.array(z.enum(INVALID_KINDS)).optional(),
  }),
  /** What the files were when they were imported. */
  files: z.array(z.strictObject({ path: text, bytes: z.int().nonnegative(), sha256 })).min(1),
  count: z.int().positive(),
  dimensions: z.int().positive(),
  metric: z.enum(METRICS),
  querySets: z.array(z.strictObject({ name: text, count: z.int().positive() })),
  title: text.optional(),
  licence: text.optional(),
  /** ISO 8601 */
  imported: text,
});

/** A dataset of the user's own that has a name. */
export type ImportedEntry = z.infer<typeof importedSchema>;

/** `.datasets/`, beside the cache, which may be deleted at any time: one file for each. */
export function importedFolder(cacheFolder: string): string {
  return join(dirname(cacheFolder), '.datasets');
}

const fileOf = (cacheFolder: string, name: string): string =>
  join(importedFolder(cacheFolder), `${name}.json`);

/** By name. Throws InputError for one that is damaged. */
export function importedEntries(cacheFolder: string): ImportedEntry[] {
  const folder = importedFolder(cacheFolder);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  return names.sort().map((name) => readImported(join(folder, name)));
}

export function importedEntry(cacheFolder: string, name: string): ImportedEntry | undefined {
  if (!NAME.test(name)) return undefined;
  const path = fileOf(cacheFolder, name);
  return existsSync(path) ? readImported(path) : undefined;
}

function readImported(path: string): ImportedEntry {
  const next = 'remove the file, and import the dataset again';
  try {
    const found = importedSchema.safeParse(JSON.parse(readRegularText(path, MOST_RECORD)));
    if (found.success) return found.data;
    const faults = found.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new InputError(`is not an imported dataset: ${faults.join('; ')}`, { where: path, next });
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new InputError('is not an imported dataset: it is not JSON', { where: path, next, cause: error });
    throw unreadable(path, error);
  }
}

/** Throws InputError for a name that cannot be used, or is used. */
export function checkNewName(cacheFolder: string, name: string): void {
  const refuse = (what: string, next: string): never => {
    throw new InputError(what, { where: '--name', got: name, next });
  };
  if (!NAME.test(name) || fileEnding(name) !== undefined)
    refuse(
      'is no name for a dataset',
      'use up to 60 lower-case letters, digits, dots, dashes and underscores, without the ending of a file',
    );
  if (catalogEntry(name) !== undefined)
    refuse('is the name of a dataset of the catalog', 'choose another one');
  if (existsSync(fileOf(cacheFolder, name)))
    refuse(
      'is the name of a dataset that was imported before',
      `choose another one, or remove that: vecproof dataset remove ${name}`,
    );
}

/** Writes an entry; one of the same name is never replaced. */
export function writeImported(cacheFolder: string, entry: ImportedEntry): string {
  checkNewName(cacheFolder, entry.name);
  const path = fileOf(cacheFolder, entry.name);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileFailure(dirname(path), 'cannot be made', error);
  }
  writeFileAtomic(path, `${JSON.stringify(importedSchema.parse(entry), null, 2)}\n`);
  return path;
}

/** Removes an entry; the dataset's files stay. Throws InputError if there is none. */
export function removeImported(cacheFolder: string, name: string): void {
  const known = importedEntries(cacheFolder).map((entry) => entry.name);
  if (!known.includes(name)) {
    throw new InputError(suggest(`no dataset was imported under the name "${name}"`, name, known, ''), {
      next: known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`,
    });
  }
  rmSync(fileOf(cacheFolder, name));
}

/** Files that changed since they were imported are another dataset. Throws InputError naming the first. */
export async function checkImportedFiles(
  { name, files }: ImportedEntry,
  { cacheFolder, signal }: { cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<void> {
  for (const { path, bytes, sha256 } of files) {
    const found = await hashFileCached(path, cacheFolder, signal);
    if (found.bytes === bytes && found.sha256 === sha256) continue;
    throw new InputError(`is not what it was when "${name}" was imported`, {
      where: path,
      got: `${found.bytes} bytes, sha256 ${found.sha256}`,
      next: `restore it, or import it again (vecproof dataset remove ${name}, then import)`,
    });
  }
}
