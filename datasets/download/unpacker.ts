import type { Readable } from 'node:stream';

/** Writes one file of an archive; refuses paths outside of the folder, too many files and too many bytes. */
export interface Unpacker {
  write(name: string, content: Readable): Promise<void>;
}
