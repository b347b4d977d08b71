import { createHash } from 'node:crypto';
import { FailureError } from '../../common/errors.js';
import { streamRegular } from '../../common/regular-file.js';
import { throwIfInterrupted } from '../source.js';
import type { RemoteFile } from './schema.js';

export interface Checksums {
  bytes: number;
  sha256: string;
  md5: string | undefined;
}

/** sha256, and md5 where it is asked for, of a file, read once. */
export async function checksumsOf(
  path: string,
  withMd5: boolean,
  signal: AbortSignal | undefined,
): Promise<Checksums> {
  const sha256 = createHash('sha256');
  const md5 = withMd5 ? createHash('md5') : undefined;
  let bytes = 0;
  for await (const chunk of streamRegular(path, { highWaterMark: 1 << 20 })) {
    throwIfInterrupted(signal);
    sha256.update(chunk as Buffer);
    md5?.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: sha256.digest('hex'), md5: md5?.digest('hex') };
}

/** What a checksum was compared with. */
export type Compared =
  /** The entry states one: the publisher's, or that of whom `by` names. */
  | { state: 'stated'; by: string }
  /** An earlier download of the same address had it. */
  | { state: 'as before' }
  /** There was none to compare with: this one is kept and compared the next time. */
  | { state: 'recorded' }
  /** It differs, and the user accepts that. */
  | { state: 'accepted'; instead: string };

/**
 * Holds a file to the checksum that its entry states, else to that of an earlier download.
 * @param before sha256 of an earlier download of the same address
 * @throws FailureError naming both, and whose the expected one is
 */
export function compareChecksums(
  file: RemoteFile,
  found: Checksums,
  before: string | undefined,
  acceptChanged: boolean,
): Compared {
  const by = file.checksumBy ?? 'the publisher';
  const expected = [
    ['sha256', file.sha256, found.sha256, by],
    ['md5', file.md5, found.md5, by],
    ['sha256', before, found.sha256, 'an earlier download'],
  ] as const;
  for (const [name, wanted, got, whose] of expected) {
    if (wanted === undefined || wanted === got) continue;
    if (acceptChanged) return { state: 'accepted', instead: `${name} ${wanted} of ${whose}` };
    throw new ChecksumError(
      `the content is another than expected: ${name} ${got}, but ${wanted} by ${whose}`,
      {
        where: file.url,
        next: 'the file was damaged on its way or replaced by its publisher: try again later, and use --accept-changed only if you know why it changed',
      },
    );
  }
  if (file.sha256 !== undefined || file.md5 !== undefined) return { state: 'stated', by };
  return before === undefined ? { state: 'recorded' } : { state: 'as before' };
}

/** A file arrived whole, and is not the one that was expected. */
export class ChecksumError extends FailureError {}
