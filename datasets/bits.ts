import { InputError } from '../common/errors.js';
import type { DatasetParts } from './assemble.js';
import { isBitMetric, type PointBatch, type PointsOptions } from './dataset.js';
import { hashText } from './hash.js';
import type { VectorSource } from './source.js';

/**
 * A dataset's vectors as bits where its metric compares bits: components of 0 and 1. Arrays of uint8 hold eight components a byte, the
 * first one in the highest bit (numpy's `packbits`); all others hold one component a number.
 */
export function withBits(parts: DatasetParts): DatasetParts {
  const { info, points, querySets } = parts;
  if (!isBitMetric(info.metric)) return parts;
  const packed = isPacked(points);
  return {
    ...parts,
    // The same file read as numbers is another dataset.
    info: packed ? { ...info, hash: hashText(JSON.stringify([info.hash, 'packed bits'])) } : info,
    points: bitsOf(points),
    querySets: querySets.map((set) => ({ ...set, source: bitsOf(set.source) })),
  };
}

function isPacked({ component }: VectorSource): boolean {
  return component === 'u1';
}

function bitsOf(source: VectorSource): VectorSource {
  if (!isPacked(source)) return { ...source, read: (options) => readComponents(source, options) };
  const dimensions = source.dimensions * 8;
  const { vector } = source.columns;
  return {
    ...source,
    dimensions,
    columns: { ...source.columns, vector: `${vector}, ${dimensions} bits` },
    read: (options) => readPacked(source, options),
  };
}

async function* readComponents(source: VectorSource, options: PointsOptions): AsyncGenerator<PointBatch> {
  for await (const batch of source.read(options)) {
    const { vectors, start } = batch;
    const wrong = vectors.findIndex((value) => value !== 0 && value !== 1);
    if (wrong >= 0) {
      throw new InputError(`component ${wrong % source.dimensions} of the vector is no bit`, {
        where: source.place(start + Math.floor(wrong / source.dimensions)),
        got: String(vectors[wrong]),
        next: 'hamming and jaccard compare bits: give components of 0 and 1, or eight a byte in uint8 (numpy.packbits); or choose another metric',
      });
    }
    yield batch;
  }
}

async function* readPacked(source: VectorSource, options: PointsOptions): AsyncGenerator<PointBatch> {
  for await (const batch of source.read(options)) {
    const bytes = batch.vectors;
    const vectors = new Float32Array(bytes.length * 8);
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      for (let bit = 0; bit < 8; bit++) vectors[i * 8 + bit] = (byte >> (7 - bit)) & 1;
    }
    yield { ...batch, vectors };
  }
}
