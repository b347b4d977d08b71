import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../common/errors.js';
import { type CatalogEntry, catalogEntries, readEntry } from './catalog.js';
import { unreadable } from './check.js';
import type { Dataset } from './dataset.js';
import type { OpenContext } from './open-context.js';
import { openEntry } from './open-entry.js';
import { isExport, openExportFolder } from './open-export.js';
import { openFiles } from './open-files.js';
import { folderLayout } from './paths.js';

/**
 * Opens a folder: described by its `dataset.yaml`, recognised because it holds all files of a catalog entry (whose hashes
 * are then verified), or laid out as a known tool does.
 */
export async function openFolder(path: string, given: string, options: OpenContext): Promise<Dataset> {
  if (isExport(path)) return openExportFolder(path, given, options);
  const description = join(path, 'dataset.yaml');
  if (existsSync(description)) return openEntry(readEntry(description), path, given, options);
  const known = recognise(path);
  if (known !== undefined) return openEntry(known, path, given, options);
  const layout = folderLayout(path);
  if (layout !== undefined) return openFiles(basename(path), layout, given, options);
  throw notKnown(path);
}

function recognise(path: string): CatalogEntry | undefined {
  let names: Set<string>;
  try {
    names = new Set(readdirSync(path));
  } catch (error) {
    throw unreadable(path, error);
  }
  const known = catalogEntries().filter((entry) => entry.files.length > 0);
  return known.find((entry) => entry.files.every((file) => names.has(file.path)));
}

function notKnown(path: string): InputError {
  return new InputError('has no dataset.yaml and is no known dataset', {
    where: path,
    next: 'describe its files in a dataset.yaml (docs/datasets.md shows one), or give its files by a pattern ("data/train-*")',
  });
}
