import { readSync } from 'node:fs';

/** Rows of a file of float32, from `first` on. Throws where it ends before. */
export function readRows(
  descriptor: number,
  file: string,
  first: number,
  rows: number,
  dimensions: number,
): Float32Array {
  const vectors = new Float32Array(rows * dimensions);
  const bytes = new Uint8Array(vectors.buffer);
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
