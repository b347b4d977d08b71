import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { InputError } from '../common/errors.js';
import type { CatalogEntry } from './catalog.js';
import { unreadable } from './check.js';
import type { DatasetFile } from './dataset.js';
import { hashFile, hashFileCached } from './hash.js';

/**
 * Sizes and hashes of all files of an entry. Where the entry states them they are verified on the bytes
 * themselves, every time; other files, and those that were downloaded and verified then, are hashed once and
 * remembered until they change. Throws InputError naming the file.
 */
export async function verifyFiles(
  entry: CatalogEntry,
  folder: string,
  options: { cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<DatasetFile[]> {
  const files: DatasetFile[] = [];
  for (const name of fileNames(entry)) {
    const path = join(folder, name);
    const stated = entry.files.find((file) => file.path === name);
    await checkBytes(entry, path, stated?.bytes);
    if (entry.location === 'folder') await checkInside(folder, path);
    const found =
      stated?.sha256 === undefined || entry.location === 'download'
        ? await hashFileCached(path, options.cacheFolder, options.signal)
        : await hashFile(path, options.signal);
    if (stated?.sha256 !== undefined && stated.sha256 !== found.sha256) {
      throw damaged(entry, path, `sha256 ${stated.sha256}`, `sha256 ${found.sha256}`);
    }
    files.push({ ...found, path: name });
  }
  return files;
}

/** Every file that the entry reads or lists. */
export function fileNames(entry: CatalogEntry): string[] {
  const sets = entry.querySets.flatMap((set) => [set.file, set.metadata, set.qrels, set.neighbors]).flat();
  const names = [
    ...[entry.points?.file].flat(),
    entry.points?.metadata,
    ...sets,
    ...entry.files.map((file) => file.path),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

async function checkBytes(entry: CatalogEntry, path: string, bytes: number | undefined): Promise<void> {
  const info = await stat(path).catch((error) => {
    throw unreadable(path, error);
  });
  if (!info.isFile())
    throw new InputError('is not a file', { where: path, next: 'correct its path in the description' });
  if (bytes !== undefined && info.size !== bytes) {
    throw damaged(entry, path, `${bytes} bytes`, `${info.size} bytes`);
  }
}

function damaged(entry: CatalogEntry, path: string, expected: string, found: string): InputError {
  return new InputError(`is damaged or was changed: expected ${expected}, found ${found}`, {
    where: path,
    next:
      entry.location === 'bundled'
        ? 'restore it with "git checkout -- datasets/bundled" in a clone, or install the package again'
        : entry.location === 'download'
          ? `remove its folder, and say "vecproof dataset download ${entry.name}" again`
          : 'copy or download the file again',
  });
}

/** A folder that was handed on has names of files inside of it, and no link may make them others. */
async function checkInside(folder: string, path: string): Promise<void> {
  const [home, real] = await Promise.all([realpath(folder), realpath(path)]);
  if (real.startsWith(home.endsWith(sep) ? home : home + sep)) return;
  throw new InputError("is a link out of the dataset's folder", {
    where: path,
    got: real,
    next: 'copy the file into the folder, or give it by its own path (dataset.path, --queries, --qrels)',
  });
}
