import { openPromise, type ZipFile } from 'yauzl';
import { InputError, messageOf } from '../../common/errors.js';
import type { Unpacker } from './unpacker.js';

/** The type of a Unix file in a zip's external attributes. */
const TYPE = 0o170000;
const PLAIN = 0o100000;
const FOLDER = 0o040000;

/** yauzl checks each name for paths outside and each entry's size against what the archive says of it. */
export async function unpackZip(archive: string, unpacker: Unpacker): Promise<void> {
  let zip: ZipFile;
  try {
    zip = await openPromise(archive, { strictFileNames: true, validateEntrySizes: true, autoClose: false });
  } catch (error) {
    throw damaged(archive, error);
  }
  try {
    for await (const entry of zip.eachEntry()) {
      const type = (entry.externalFileAttributes >>> 16) & TYPE;
      if (entry.fileName.endsWith('/') || type === FOLDER) continue;
      if (type !== 0 && type !== PLAIN) {
        throw new InputError(`the archive's entry "${entry.fileName}" is a link or a device`, {
          where: archive,
          next: 'do not trust this file',
        });
      }
      await unpacker.write(entry.fileName, await zip.openReadStreamPromise(entry));
    }
  } catch (error) {
    if (error instanceof InputError || (error as Error).name === 'AbortError') throw error;
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw damaged(archive, error);
  } finally {
    zip.close();
  }
}

function damaged(archive: string, error: unknown): InputError {
  return new InputError(`cannot be unpacked: ${messageOf(error)}`, {
    where: archive,
    next: 'the archive is damaged: download it again',
    cause: error,
  });
}
