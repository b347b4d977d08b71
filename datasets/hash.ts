import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { stillReading } from '../common/reading.js';
import { streamRegular } from '../common/regular-file.js';
import { unreadable } from './check.js';
import type { DatasetFile } from './dataset.js';
import { throwIfInterrupted } from './source.js';

/** sha256 (hex) and size of a file, read as a stream. Throws InputError naming the file if it cannot be read. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<DatasetFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of streamRegular(path, { highWaterMark: 1 << 20 })) {
      throwIfInterrupted(signal);
      stillReading();
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    throwIfInterrupted(signal);
    throw unreadable(path, error);
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

/**
 * Like {@link hashFile}, but remembers the answer in `<cache>/hashes/` under path, inode, size and both times
 * of the file, so that a file of many gigabytes is read once and not at every start.
 */
export async function hashFileCached(
  path: string,
  cacheFolder: string,
  signal?: AbortSignal,
): Promise<DatasetFile> {
  const info = await stat(path, { bigint: true }).catch((error) => {
    throw unreadable(path, error);
  });
  const identity = [resolve(path), info.ino, info.size, info.mtimeNs, info.ctimeNs].join('\n');
  const entry = join(cacheFolder, 'hashes', `${hashText(identity)}.sha256`);
  const known = await readFile(entry, 'utf8').catch(() => '');
  const [sha256 = '', check] = known.split(' ');
  // The check is over both, so that another hash in its place is none.
  if (check === hashText(`${identity}\n${sha256}`)) return { path, bytes: Number(info.size), sha256 };
  const file = await hashFile(path, signal);
  await rememberText(entry, `${file.sha256} ${hashText(`${identity}\n${file.sha256}`)}`);
  return file;
}

/** Best effort: a cache that cannot be written costs time at the next start, never the run. */
async function rememberText(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** sha256 (hex) of text. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Hash of a dataset: over the names and hashes of its files (folders left out, so that a copy elsewhere is
 * the same dataset) and over how they are read.
 */
export function hashDataset(files: readonly DatasetFile[], reading: unknown): string {
  const parts = files.map((file) => [basename(file.path), file.sha256]).sort();
  return hashText(JSON.stringify({ version: 1, files: parts, reading }));
}
