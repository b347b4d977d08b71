import { existsSync, statSync } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../common/errors.js';
import { streamRegular } from '../../common/regular-file.js';
import { throwIfInterrupted } from '../source.js';
import { type RemoteFile, sizeOf } from './schema.js';

/** Where a file is to come from: over the network, or from a folder. */
export type Origin = { state: 'url'; url: string } | { state: 'folder'; path: string };

/**
 * @param mirror address or folder that stands for all publishers: nothing else is asked then. Files lie in it as
 *   `<dataset>/<file>`; in a folder also by their name alone, as the publisher calls them or as the catalog does
 */
export function originOf(dataset: string, file: RemoteFile, mirror: string | undefined): Origin {
  if (mirror === undefined) return { state: 'url', url: file.url };
  if (/^https?:/i.test(mirror)) {
    // Its login and query stay, as some mirrors ask for a token there.
    const url = new URL(mirror);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${dataset}/${file.file}`;
    return { state: 'url', url: url.href };
  }
  const folder = mirror.startsWith('file:') ? fileURLToPath(mirror) : mirror;
  const published = decodeURIComponent(basename(new URL(file.url).pathname));
  const candidates = [
    join(folder, dataset, file.file),
    join(folder, dataset, published),
    join(folder, file.file),
    join(folder, published),
  ];
  const path = candidates.find((each) => existsSync(each));
  if (path !== undefined) return { state: 'folder', path };
  throw new InputError(`has no ${file.file} of ${dataset}`, {
    where: folder,
    next: `put it there as ${join(dataset, file.file)}; its publisher has it at ${file.url}`,
  });
}

/** Copies a file, or the part of it that is wanted, from an offline folder. Throws InputError for another size. */
export async function copyFrom(
  path: string,
  file: RemoteFile,
  to: string,
  options: {
    signal?: AbortSignal | undefined;
    onProgress?: ((done: number, total: number) => void) | undefined;
  },
): Promise<void> {
  const { size } = statSync(path);
  const fits =
    file.bytes === undefined
      ? size <= 2 * sizeOf(file)
      : file.rows === undefined
        ? size === file.bytes
        : size >= file.bytes;
  if (!fits) {
    throw new InputError(`has ${size} bytes, the catalog says ${sizeOf(file)}`, {
      where: path,
      next: 'it is another file, or was not copied completely',
    });
  }
  const length = file.bytes ?? size;
  if (length === size) {
    await copyFile(path, to);
    options.onProgress?.(length, length);
    return;
  }
  await rm(to, { force: true });
  const out = await open(to, 'w');
  try {
    let done = 0;
    for await (const chunk of streamRegular(path, { end: length - 1, highWaterMark: 1 << 20 })) {
      throwIfInterrupted(options.signal);
      await out.write(chunk as Buffer);
      done += (chunk as Buffer).length;
      options.onProgress?.(done, length);
    }
  } finally {
    await out.close();
  }
}
