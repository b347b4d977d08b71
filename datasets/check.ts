import { InputError } from '../common/errors.js';

/** Says where a row is, in the words of its file: `points.parquet row 17` or `docs.jsonl:18`. */
export type RowPlace = (row: number) => string;

/**
 * Throws InputError for the first component that is NaN or infinite.
 *
 * @param vectors row-major, `count * dimensions`
 * @param start row number of the first vector
 */
export function checkFinite(
  vectors: Float32Array,
  count: number,
  dimensions: number,
  start: number,
  place: RowPlace,
): void {
  // v * 0 is 0 for every finite v and NaN otherwise, so one sum tells about the whole batch.
  let sum = 0;
  const length = count * dimensions;
  for (let i = 0; i < length; i++) sum += vectors[i]! * 0;
  if (sum === 0) return;
  const at = vectors.findIndex((value) => !Number.isFinite(value));
  const row = start + Math.floor(at / dimensions);
  throw new InputError(`component ${at % dimensions} of the vector is not a finite number`, {
    where: place(row),
    got: String(vectors[at]),
    next: 'remove the point or compute its vector again; NaN and infinite components cannot be compared',
  });
}

/** Offset (0-based, in the batch) of the first vector whose components are all zero; -1 if there is none. */
export function findZeroVector(vectors: Float32Array, count: number, dimensions: number): number {
  for (let row = 0; row < count; row++) {
    const end = (row + 1) * dimensions;
    let i = row * dimensions;
    while (i < end && vectors[i] === 0) i++;
    if (i === end) return row;
  }
  return -1;
}

export function zeroVectorError(where: string): InputError {
  return new InputError('the vector is zero, which has no direction, so its cosine distance is undefined', {
    where,
    next: 'remove the point, or declare the metric dot or l2',
  });
}

export function dimensionsError(where: string, expected: number, got: number): InputError {
  return new InputError(`the vector has ${got} dimensions, the ones before it have ${expected}`, {
    where,
    next: 'all vectors of a dataset and of its query sets need the same number of dimensions',
  });
}

/** An error of the file system or of a parser about `file`, as bad input that names the file. */
export function unreadable(file: string, error: unknown, what = 'cannot be read'): InputError {
  if (error instanceof InputError) return error;
  const code = (error as NodeJS.ErrnoException)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return new InputError(`${what}: ${message}`, {
    where: file,
    next: nextStep(code),
    cause: error,
  });
}

function nextStep(code: string | undefined): string {
  if (code === 'ENOENT') return 'check the path; relative paths start at the suite or the working directory';
  if (code === 'EACCES' || code === 'EPERM') return 'give the user who runs this the right to read it';
  if (code === 'EISDIR') return 'give a file, or a folder with a dataset.yaml';
  return 'the file is damaged, incomplete or of another format: write or download it again';
}
