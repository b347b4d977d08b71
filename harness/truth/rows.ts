import { readSync } from 'node:fs';

/** Rows of a file of float32, from `first` on. Throws where it ends before. */
export function readRows(
  descriptor: number,
  file: string,
  first: number,
  rows: number,
  dimensions: number,
  vectors = new Float32Array(rows * dimensions),
): Float32Array {
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const got = readSync(descriptor, bytes, at, bytes.length - at, first * dimensions * 4 + at);
    if (got === 0) throw new Error(`${file} ended within rows ${first} to ${first + rows - 1}`);
    at += got;
  }
  return vectors;
}

/** For `measured`: throws the number of a vector that is not finite. */
export function bad(what: string, first = 0): (vector: number) => never {
  return (vector) => {
    throw new Error(`${what} ${first + vector} has a component that is not a finite number`);
  };
}

/** Rows within a distance that are kept in memory, of all queries of a thread. */
const MOST_WITHIN = 20_000_000;

/** Throws where so many rows are within a distance that they are no answer to anybody. */
export function requireFew(total: number): void {
  if (total <= MOST_WITHIN) return;
  throw new Error(
    `more than ${MOST_WITHIN} rows are within the distance: choose a smaller one, or fewer queries`,
  );
}
