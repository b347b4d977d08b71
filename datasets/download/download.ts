import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Dispatcher } from 'undici';
import { FailureError, InputError } from '../../common/errors.js';
import { fileFailure } from '../../common/files.js';
import { takeLock } from '../../common/lock.js';
import type { CatalogEntry } from '../catalog.js';
import { hashFile } from '../hash.js';
import { throwIfInterrupted } from '../source.js';
import { ChecksumError, type Compared, checksumsOf, compareChecksums } from './checksum.js';
import { discardPart, fetchFile } from './fetch-file.js';
import { keepFirstRows } from './first-rows.js';
import { openClient, PATIENCE, type Patience, shown } from './http.js';
import { copyFrom, originOf } from './mirror.js';
import {
  type DownloadRecord,
  datasetFolder,
  downloadedRecord,
  downloadsFolder,
  earlierChecksums,
  keepChecksums,
  writeRecord,
} from './record.js';
import { type RemoteFile, sizeOf } from './schema.js';
import { unpack } from './unpack.js';

export interface DownloadOptions {
  cacheFolder: string;
  /** Address or folder to use instead of the publishers'. */
  mirror?: string | undefined;
  /** Takes content whose checksum is another than the known one. */
  acceptChanged?: boolean | undefined;
  /** Hosts that may be redirected to, beside those of the entry. */
  allowHosts?: readonly string[] | undefined;
  patience?: Patience | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((file: string, done: number, total: number) => void) | undefined;
}

export interface Downloaded {
  folder: string;
  record: DownloadRecord;
  /** It was here before. */
  already: boolean;
}

/** Bytes of the disk's free space that are left alone. */
const SPARE = 64 * 2 ** 20;

/**
 * Brings a dataset of the catalog into the cache. Files arrive in a folder of their own, are held to their checksums and
 * unpacked there, and the whole appears under the dataset's name by one renaming: what has that name is complete. What
 * had arrived before an interruption is used the next time.
 * @throws FailureError (network, checksum, disk), InputError (offline folder, archive)
 */
export async function downloadDataset(entry: CatalogEntry, options: DownloadOptions): Promise<Downloaded> {
  const { cacheFolder } = options;
  const folder = datasetFolder(cacheFolder, entry.name);
  mkdirSync(downloadsFolder(cacheFolder), { recursive: true, mode: 0o700 });
  const lock = takeLock(`${folder}.lock`);
  if (lock.state === 'held') {
    throw new FailureError(`${entry.name} is being downloaded by process ${lock.by}`, {
      next: 'wait for it, or stop it',
    });
  }
  const client = openClient(options.patience ?? PATIENCE);
  try {
    const here = downloadedRecord(cacheFolder, entry.name);
    if (here !== undefined) return { folder, record: here, already: true };
    return { folder, record: await bring(entry, folder, client, options), already: false };
  } finally {
    await client.destroy();
    lock.release();
  }
}

async function bring(
  entry: CatalogEntry,
  folder: string,
  client: Dispatcher,
  options: DownloadOptions,
): Promise<DownloadRecord> {
  const parts = join(dirname(folder), `.parts-${entry.name}`);
  mkdirSync(parts, { recursive: true, mode: 0o700 });
  const origins = entry.download.map((file) => originOf(entry.name, file, options.mirror));
  checkSpace(entry, parts);
  const before = earlierChecksums(options.cacheFolder, entry.name);
  const downloads: DownloadRecord['downloads'] = [];
  for (const [i, file] of entry.download.entries()) {
    const path = join(parts, file.file);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const origin = origins[i]!;
    const known = before.get(file.url);
    const { compared, bytes, sha256 } = await bringFile(file, origin, path, known, client, options);
    const url = origin.state === 'url' ? shown(origin.url) : origin.path;
    // Under the publisher's address, so that a mirror is held to the same content.
    downloads.push({ file: file.file, url: file.url, bytes, sha256, checksum: inWords(compared, url, file) });
  }
  const whole = join(dirname(folder), `.whole-${entry.name}`);
  await putTogether(entry, parts, whole, options.signal);
  const files: DownloadRecord['files'] = [];
  for (const path of filesIn(whole)) {
    const { bytes, sha256 } = await hashFile(path, options.signal);
    files.push({ path: relative(whole, path).split(sep).join('/'), bytes, sha256 });
  }
  const record = { version: 1 as const, name: entry.name, at: new Date().toISOString(), files, downloads };
  writeRecord(whole, record);
  rmSync(folder, { recursive: true, force: true });
  renamed(whole, folder);
  keepChecksums(options.cacheFolder, record);
  rmSync(parts, { recursive: true });
  return record;
}

/** One file under its final name, held to its checksum; a second try from nothing if parts of it did not fit together. */
async function bringFile(
  file: RemoteFile,
  origin: ReturnType<typeof originOf>,
  path: string,
  known: string | undefined,
  client: Dispatcher,
  options: DownloadOptions,
) {
  const part = `${path}.part`;
  const onProgress = (bytes: number, total = sizeOf(file)) => options.onProgress?.(file.file, bytes, total);
  for (let again = false; ; again = true) {
    throwIfInterrupted(options.signal);
    // A file that an earlier command brought may have been put together as well.
    let inParts = existsSync(path);
    if (!inParts) {
      inParts = await arrive(file, origin, part, known !== undefined, client, { ...options, onProgress });
      if (file.rows !== undefined) keepFirstRows(part, file.rows);
      renamed(part, path);
    }
    const found = await checksumsOf(path, file.md5 !== undefined, options.signal);
    try {
      const compared = compareChecksums(file, found, known, options.acceptChanged === true);
      return { ...found, compared };
    } catch (error) {
      rmSync(path, { force: true });
      discardPart(part);
      if (again || !inParts || !(error instanceof ChecksumError)) throw error;
    }
  }
}

async function arrive(
  file: RemoteFile,
  origin: ReturnType<typeof originOf>,
  part: string,
  known: boolean,
  client: Dispatcher,
  options: Omit<DownloadOptions, 'onProgress'> & { onProgress: (done: number, total?: number) => void },
): Promise<boolean> {
  const { signal, onProgress } = options;
  if (origin.state === 'folder') {
    await copyFrom(origin.path, file, part, { signal, onProgress });
    return false;
  }
  return fetchFile(
    {
      url: origin.url,
      bytes: file.bytes,
      part: file.rows !== undefined,
      limit: file.bytes ?? 2 * sizeOf(file),
      verified: known || file.sha256 !== undefined || file.md5 !== undefined,
      hosts: [...file.redirects, ...(options.allowHosts ?? [])],
    },
    part,
    { client, patience: options.patience ?? PATIENCE, signal, onProgress },
  );
}

/** A new folder with what was downloaded, archives unpacked. What has arrived stays where it is until the end. */
async function putTogether(
  entry: CatalogEntry,
  parts: string,
  whole: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  rmSync(whole, { recursive: true, force: true });
  mkdirSync(whole, { recursive: true, mode: 0o700 });
  for (const { file, unpack: wanted } of entry.download) {
    const path = join(parts, file);
    if (wanted === undefined) {
      linkOrCopy(path, join(whole, file));
      continue;
    }
    const into = join(parts, '.unpacked');
    await unpack(path, into, 2 * wanted.about, signal);
    for (const name of readdirSync(into)) {
      if (existsSync(join(whole, name)))
        throw new InputError(
          `contains a file ${name}, which another file of ${entry.name} contains as well`,
          {
            where: path,
          },
        );
      renamed(join(into, name), join(whole, name));
    }
  }
}

function linkOrCopy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  try {
    linkSync(from, to);
  } catch {
    // Not every file system has links.
    copyFileSync(from, to);
  }
}

/** Throws FailureError unless everything that is still to come has room, archives beside what they hold. */
function checkSpace(entry: CatalogEntry, parts: string): void {
  const sizes = entry.download.map((file) => {
    const path = join(parts, file.file);
    const here = [path, `${path}.part`].map((each) => statSync(each, { throwIfNoEntry: false })?.size ?? 0);
    return Math.max(0, sizeOf(file) - Math.max(...here)) + (file.unpack?.about ?? 0);
  });
  const needed = sizes.reduce((sum, size) => sum + size, 0) + SPARE;
  const { bavail, bsize } = statfsSync(parts);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new FailureError(`${entry.name} needs ${megabytes(needed)}, and ${megabytes(free)} are free`, {
    where: parts,
    next: 'free disk space, or choose another place with --out or VECPROOF_HOME',
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}

function* filesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

function renamed(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw fileFailure(to, 'cannot be written', error);
  }
}

function inWords(compared: Compared, from: string, { url }: RemoteFile): string {
  const origin = from === url ? '' : `, from ${from}`;
  switch (compared.state) {
    case 'stated':
      return `as ${compared.by} states${origin}`;
    case 'as before':
      return `as at the first download${origin}`;
    case 'recorded':
      return `nobody states one: recorded now, and compared from now on${origin}`;
    case 'accepted':
      return `accepted instead of ${compared.instead}${origin}`;
  }
}
