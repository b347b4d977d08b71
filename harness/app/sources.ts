import { createHash } from 'node:crypto';

/**
 * For each vector the number of its source, from 0 on in order of appearance: vectors with the same bits are one question,
 * however often and under whatever filter it is asked.
 *
 * @param vectors row-major
 */
export function sourcesOf(vectors: Float32Array, dimensions: number): Int32Array {
  const known = new Map<string, number>();
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const size = dimensions * vectors.BYTES_PER_ELEMENT;
  return Int32Array.from({ length: vectors.length / dimensions }, (_, i) => {
    const key = createHash('sha256')
      .update(bytes.subarray(i * size, (i + 1) * size))
      .digest('base64');
    const source = known.get(key) ?? known.size;
    known.set(key, source);
    return source;
  });
}
