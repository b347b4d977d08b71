import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import { packageRoot } from '../common/paths.js';
import { catalogEntries, catalogEntry } from './catalog.js';
import { unreadable } from './check.js';
import type { Dataset } from './dataset.js';
import { ENDINGS, fileEnding } from './formats/registry.js';
import { checkImportedFiles, type ImportedEntry, importedEntries, importedEntry } from './imported.js';
import type { OpenContext, OpenOptions } from './open-context.js';
import { openDownloaded } from './open-downloaded.js';
import { openEntry } from './open-entry.js';
import { EXPORT_PREFIX, openExportFolder } from './open-export.js';
import { openFile } from './open-file.js';
import { openFiles } from './open-files.js';
import { openFolder } from './open-folder.js';
import { expandGlob, isGlob } from './paths.js';

export type { OpenOptions };

/**
 * Opens a dataset by catalog name, or by path: a file of a known format (formats/registry.ts) or a folder.
 * A name is a path if it contains a separator, starts with a dot or ends like such a file. Throws InputError.
 */
export async function openDataset(nameOrPath: string, options: OpenOptions): Promise<Dataset> {
  const context: OpenContext = { ...options, opened: [] };
  try {
    return await openNameOrPath(nameOrPath, context);
  } catch (error) {
    for (const close of context.opened) await close();
    throw error;
  }
}

async function openNameOrPath(nameOrPath: string, options: OpenContext): Promise<Dataset> {
  const { moreFiles = [], baseFolder } = options;
  if (moreFiles.length > 0) {
    const points = [nameOrPath, ...moreFiles].map((file) => resolve(baseFolder, file));
    return openFiles(listName(nameOrPath), { name: 'list', points }, nameOrPath, options);
  }
  if (nameOrPath.startsWith(EXPORT_PREFIX)) return openExport(nameOrPath, options);
  if (isPath(nameOrPath)) return openPath(nameOrPath, options);
  const entry = catalogEntry(nameOrPath);
  if (entry === undefined) {
    const imported = importedEntry(options.cacheFolder, nameOrPath);
    if (imported !== undefined) return openImported(imported, options);
    throw unknownDataset(nameOrPath, options);
  }
  if (entry.location === 'download') return openDownloaded(entry, nameOrPath, options);
  if (entry.location === 'folder') {
    throw new InputError(`dataset "${entry.name}" is not part of the package`, {
      next: `give the folder that holds its files as a path: ${entry.files.map((file) => file.path).join(', ')}`,
    });
  }
  return openEntry(entry, join(packageRoot, 'datasets', 'bundled', entry.name), nameOrPath, options);
}

function openExport(given: string, options: OpenContext): Promise<Dataset> {
  return openExportFolder(resolve(options.baseFolder, given.slice(EXPORT_PREFIX.length)), given, options);
}

function isPath(nameOrPath: string): boolean {
  return /[/\\*?]/.test(nameOrPath) || nameOrPath.startsWith('.') || fileEnding(nameOrPath) !== undefined;
}

async function openPath(given: string, options: OpenContext): Promise<Dataset> {
  const path = resolve(options.baseFolder, given);
  if (isGlob(path)) {
    const points = expandGlob(path, options.baseFolder);
    return openFiles(globName(given), { name: 'glob', points }, given, options);
  }
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(path, error);
  }
  return isFolder ? openFolder(path, given, options) : openFile(path, given, options);
}

/**
 * Opens what was imported under a name: as it was read then, unless the user says otherwise now. The files must still be
 * those. Throws InputError.
 */
async function openImported(entry: ImportedEntry, options: OpenContext): Promise<Dataset> {
  const { name, options: read } = entry;
  await checkImportedFiles(entry, options);
  const [path, ...more] = entry.paths;
  const reading = {
    ...options,
    metric: options.metric ?? read.metric,
    columns: options.columns ?? read.columns,
    queriesFile: options.queriesFile ?? read.queriesFile,
    qrelsFile: options.qrelsFile ?? read.qrelsFile,
    neighborsFile: options.neighborsFile ?? read.neighborsFile,
    skipInvalid: options.skipInvalid ?? read.skipInvalid,
    moreFiles: more,
  };
  const dataset = await openNameOrPath(path!, reading);
  const { licence, provenance } = dataset.info;
  const info = { ...dataset.info, name, source: name, licence: entry.licence ?? licence, provenance };
  return { ...dataset, info };
}

/** What of a pattern is fixed: `data/train-*.parquet` is `train`. */
function globName(pattern: string): string {
  const name = basename(pattern)
    .replace(/[*?[].*$/, '')
    .replace(/[-_.]+$/, '');
  return name === '' ? basename(dirname(pattern)) : name;
}

/** Of a list the first file's name, without its ending and number. */
function listName(first: string): string {
  const name = basename(first).slice(0, -(fileEnding(first)?.length ?? 0) || undefined);
  return name.replace(/[-_.]?\d+([-_.]of[-_.]\d+)?$/, '') || name;
}

function unknownDataset(name: string, options: OpenOptions): InputError {
  const entries = catalogEntries();
  const own = importedEntries(options.cacheFolder).map((entry) => entry.name);
  const names = [...entries.map((entry) => entry.name), ...own];
  const here = entries.filter(({ location }) => location !== 'download').map((entry) => entry.name);
  const beside = existsSync(resolve(options.baseFolder, name)) ? `Did you mean the path ./${name}?` : '';
  return new InputError(suggest(`unknown dataset "${name}"`, name, names, beside), {
    next: `use one of ${[...here, ...own].join(', ')} or of those that "vecproof dataset list" shows, or a path to a folder or a file (${ENDINGS.join(', ')})`,
  });
}
