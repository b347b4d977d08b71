import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { InputError, messageOf } from '../../common/errors.js';
import { streamRegular } from '../../common/regular-file.js';
import type { Unpacker } from './unpacker.js';

const LINKS = new Set(['symlink', 'link', 'character-device', 'block-device', 'fifo']);

/** @param limit bytes of the whole tar file, headers and all that is skipped included */
export async function unpackTar(archive: string, unpacker: Unpacker, limit: number): Promise<void> {
  const tar = extract();
  const reading = pipeline(streamRegular(archive), createGunzip(), atMost(limit + 2 ** 24, archive), tar);
  // It fails again below, where it is waited for.
  reading.catch(() => undefined);
  try {
    for await (const entry of tar) {
      const { name, type } = entry.header;
      if (LINKS.has(type ?? 'file')) {
        throw new InputError(`the archive's entry "${name}" is a link or a device`, {
          where: archive,
          next: 'do not trust this file',
        });
      }
      if (type === 'file' || type === 'contiguous-file') await unpacker.write(name, entry as never);
      else entry.resume();
    }
    await reading;
  } catch (error) {
    tar.destroy();
    if (error instanceof InputError || (error as Error).name === 'AbortError') throw error;
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw new InputError(`cannot be unpacked: ${messageOf(error)}`, {
      where: archive,
      next: 'the archive is damaged: download it again',
      cause: error,
    });
  }
}

/** A bomb is found out though all of its entries are of kinds that are skipped. */
function atMost(limit: number, archive: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes <= limit) done(null, chunk);
      else
        done(
          new InputError(`unpacks to more than the ${limit} bytes expected`, {
            where: archive,
            next: 'do not trust this file',
          }),
        );
    },
  });
}
