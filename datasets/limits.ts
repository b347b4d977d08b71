import { statfsSync } from 'node:fs';
import { FailureError, InputError } from '../common/errors.js';

/*
 * What a file of a dataset may be at most (docs/limits.md). A few bytes can announce or unpack to any number of them, so
 * everything is compared with the file's own size before memory or disk is given for it.
 */

/** Of a vector; the largest embeddings have about 12,000. */
export const MOST_DIMENSIONS = 65_536;
/** Bytes of a line, of an element of a JSON array or of a row of CSV. */
export const LONGEST_LINE = 16 * 2 ** 20;
/** Files up to this size are held to the smaller ratio. */
const SMALL = 10 * 2 ** 20;
/** What a dataset may become whatever its size. */
const HARMLESS = 8 * 2 ** 20;
const RATIO = { small: 10, large: 100 };
/** What a stream may unpack to: it is read piece by piece, and never on disk. */
const HARMLESS_STREAM = 64 * 2 ** 20;
const STREAM_RATIO = 100;

/** Bytes that files of a dataset may take as vectors, metadata and unpacked copies together. */
export function mostBytes(stored: number): number {
  return stored <= SMALL
    ? Math.max(HARMLESS, stored * RATIO.small)
    : Math.max(SMALL * RATIO.small, stored * RATIO.large);
}

/**
 * Throws InputError if so few bytes are said to hold so many: nothing is allocated or unpacked for them then.
 * @param stored size of the file
 */
export function checkRatio(path: string, stored: number, bytes: number): void {
  if (bytes <= mostBytes(stored)) return;
  throw tooMuch(path, stored, bytes, stored <= SMALL ? RATIO.small : RATIO.large);
}

/** The same for what is unpacked piece by piece. */
export function checkStream(path: string, stored: number, bytes: number): void {
  if (bytes <= Math.max(HARMLESS_STREAM, stored * STREAM_RATIO)) return;
  throw tooMuch(path, stored, bytes, STREAM_RATIO);
}

function tooMuch(path: string, stored: number, bytes: number, ratio: number): InputError {
  return new InputError(`unpacks to more than ${ratio} times its size`, {
    where: path,
    got: `${stored} bytes become ${bytes} and more`,
    next: 'if it really is a data set, write it without compression and dictionaries',
  });
}

/** Bytes that a dataset has in its files, and that its vectors take in the cache; generated ones have no files. */
export function spaceOf({
  files,
  count,
  dimensions,
}: {
  files: readonly { bytes: number }[];
  count: number;
  dimensions: number;
}): { stored: number; used: number } {
  return { stored: files.reduce((sum, { bytes }) => sum + bytes, 0), used: count * dimensions * 4 };
}

/** Throws InputError for a vector that nothing computes. */
export function checkDimensions(path: string, dimensions: number): void {
  if (dimensions <= MOST_DIMENSIONS) return;
  throw new InputError(`has vectors of more than ${MOST_DIMENSIONS} dimensions`, {
    where: path,
    got: dimensions,
    next: 'it is damaged, or its vectors are in another column or table',
  });
}

/** Throws FailureError if a folder's disk has no room for so many bytes. */
export function requireSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bytes <= bavail * bsize) return;
  throw new FailureError(`no space left for converted vectors: they need ${bytes} bytes`, {
    where: folder,
    got: `${bavail * bsize} bytes are free`,
    next: 'free space there, or move the cache with VECPROOF_HOME',
  });
}
