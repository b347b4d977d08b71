import { createWriteStream, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError } from '../../common/errors.js';
import { packingOf } from '../formats/packed.js';
import type { Unpacker } from './unpacker.js';
import { unpackTar } from './untar.js';
import { unpackZip } from './unzip.js';

const MOST_ENTRIES = 10_000;

/**
 * Unpacks a zip or tar.gz into a new folder, whose only folder on top, if there is nothing else, is left out. Only plain
 * files are taken; links, devices and paths that lead outside are refused.
 *
 * @param limit most bytes that come out
 * @throws InputError naming the archive and the entry
 */
export async function unpack(
  archive: string,
  folder: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unpacker = unpackerInto(archive, folder, limit, signal);
  if (packingOf(archive) === 'gzip') await unpackTar(archive, unpacker, limit);
  else await unpackZip(archive, unpacker);
  liftOnlyFolder(folder);
  if (readdirSync(folder).length === 0)
    throw new InputError('is an archive without files', { where: archive, next: 'download it again' });
}

function unpackerInto(
  archive: string,
  folder: string,
  limit: number,
  signal: AbortSignal | undefined,
): Unpacker {
  let entries = 0;
  let bytes = 0;
  const refuse = (name: string, what: string) =>
    new InputError(`the archive's entry "${name}" ${what}`, {
      where: archive,
      next: 'do not trust this file',
    });
  return {
    write: async (name, content) => {
      if (++entries > MOST_ENTRIES) throw refuse(name, `is one of more than ${MOST_ENTRIES}`);
      if (isByTheWay(name)) {
        content.resume();
        return;
      }
      const parts = name.split('/').filter((part) => part !== '.' && part !== '');
      if (/^[/\\]|\\|^[A-Za-z]:|\0/.test(name) || parts.includes('..') || parts.length === 0)
        throw refuse(name, 'leads outside of the folder');
      const path = join(folder, ...parts);
      if (!path.startsWith(folder + sep)) throw refuse(name, 'leads outside of the folder');
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const counted = new Transform({
        transform(chunk: Buffer, _, done) {
          bytes += chunk.length;
          if (bytes > limit) done(refuse(name, `unpacks to more than the ${limit} bytes expected in all`));
          else done(null, chunk);
        },
      });
      // A name that comes twice is refused: what a first one said would be lost.
      const file = createWriteStream(path, { flags: 'wx' });
      await pipeline(content, counted, file, { ...(signal && { signal }) }).catch(
        (error: NodeJS.ErrnoException) => {
          throw error.code === 'EEXIST' ? refuse(name, 'comes twice') : error;
        },
      );
    },
  };
}

/** What Apple's tools add. */
function isByTheWay(name: string): boolean {
  return name.startsWith('__MACOSX/') || /(^|\/)(\._[^/]*|\.DS_Store)$/.test(name);
}

function liftOnlyFolder(folder: string): void {
  const [only, ...others] = readdirSync(folder);
  if (only === undefined || others.length > 0 || !statSync(join(folder, only)).isDirectory()) return;
  const aside = `${folder}.lifted`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(join(folder, only), aside);
  rmSync(folder, { recursive: true });
  renameSync(aside, folder);
}
