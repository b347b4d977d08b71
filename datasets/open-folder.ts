import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../common/errors.js';
import { type CatalogEntry, catalogEntries, readEntry } from './catalog.js';
import { unreadable } from './check.js';
import type { Dataset } from './dataset.js';
import type { OpenContext } from './open-context.js';
import { openEntry } from './open-entry.js';

/**
 * Opens a folder: described by its `dataset.yaml`, or recognised because it holds all files of a catalog entry
 * (whose hashes are then verified).
 */
export async function openFolder(path: string, given: string, options: OpenContext): Promise<Dataset> {
  const description = join(path, 'dataset.yaml');
  if (existsSync(description)) return openEntry(readEntry(description), path, given, options);
  return openEntry(recognise(path), path, given, options);
}

function recognise(path: string): CatalogEntry {
  let names: Set<string>;
  try {
    names = new Set(readdirSync(path));
  } catch (error) {
    throw unreadable(path, error);
  }
  const known = catalogEntries().filter((entry) => entry.files.length > 0);
  const found = known.find((entry) => entry.files.every((file) => names.has(file.path)));
  if (found !== undefined) return found;
  throw new InputError('has no dataset.yaml and is no known dataset', {
    where: path,
    next: 'describe its files in a dataset.yaml (docs/datasets.md shows one), or give one file instead of the folder',
  });
}
