import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import { packageRoot } from '../common/paths.js';
import { catalogEntries, catalogEntry } from './catalog.js';
import { unreadable } from './check.js';
import type { Dataset } from './dataset.js';
import { ENDINGS, fileEnding } from './formats/registry.js';
import type { OpenContext, OpenOptions } from './open-context.js';
import { openDownloaded } from './open-downloaded.js';
import { openEntry } from './open-entry.js';
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
  if (isPath(nameOrPath)) return openPath(nameOrPath, options);
  const entry = catalogEntry(nameOrPath);
  if (entry === undefined) throw unknownDataset(nameOrPath, options);
  if (entry.location === 'download') return openDownloaded(entry, nameOrPath, options);
  if (entry.location === 'folder') {
    throw new InputError(`dataset "${entry.name}" is not part of the package`, {
      next: `give the folder that holds its files as a path: ${entry.files.map((file) => file.path).join(', ')}`,
    });
  }
  return openEntry(entry, join(packageRoot, 'datasets', 'bundled', entry.name), nameOrPath, options);
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

/** What of a pattern is fixed: `data/train-*.parquet` is `train`. */
function globName(pattern: string): string {
  const name = basename(pattern)
    .replace(/[*?[].*$/, '')
    .replace(/[-_.]+$/, '');
  return name === '' ? basename(dirname(pattern)) : name;
}

function unknownDataset(name: string, options: OpenOptions): InputError {
  const entries = catalogEntries();
  const names = entries.map((entry) => entry.name);
  const here = entries.filter(({ location }) => location !== 'download').map((entry) => entry.name);
  const beside = existsSync(resolve(options.baseFolder, name)) ? `Did you mean the path ./${name}?` : '';
  return new InputError(suggest(`unknown dataset "${name}"`, name, names, beside), {
    next: `use one of ${here.join(', ')} or of those that "vecproof dataset list" shows, or a path to a folder or a file (${ENDINGS.join(', ')})`,
  });
}
