import type { Collection } from '../../../engines/contract/collection.js';
import type { Point, Points } from '../../../engines/contract/points.js';
import type { CollectionSpec, LoadBatch } from '../../../engines/contract/spec.js';
import { clustered } from '../clustered.js';

export const ROWS = Number(process.env['VECPROOF_SELF_ROWS'] ?? 63_436);
export const DIMENSIONS = 384;

const FIELDS = [
  ['section', 'string'],
  ['maintainer', 'string'],
  ['version', 'string'],
  ['host', 'string'],
  ['size', 'integer'],
  ['score', 'float'],
  ['live', 'boolean'],
  ['tags', 'string[]'],
] as const;

export const SPEC: Omit<CollectionSpec, 'index'> = {
  name: 'docs',
  vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: DIMENSIONS, metric: 'cosine' }],
  ids: 'string',
  fields: FIELDS.map(([name, type]) => ({ name, type, nullable: true })),
  text: true,
};

/** Points with metadata and a text, as a collection of documents has them. */
export function somePoints(): Point[] {
  const vectors = clustered(ROWS, DIMENSIONS);
  const text = 'a description of several hundred letters, as documents have them '.repeat(7);
  return Array.from({ length: ROWS }, (_, i) => ({
    id: `package-${i}`,
    vectors: { vector: vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS) },
    metadata: {
      section: `section ${i % 40}`,
      maintainer: `maintainer ${i % 2000}`,
      version: `1.${i % 977}-${i % 7}`,
      host: `host${i % 6000}.example`,
      size: i * 37,
      score: i / 8,
      live: i % 3 === 0,
      tags: [`role::${i % 9}`, `use::${i % 31}`, `tag${i % 500}`],
    },
    text: `${i} ${text}`,
  }));
}

/** Of about four mebibytes, as a load has them. */
const BATCH = 2000;

/** By the adapter's fastest way. @param after each batch */
export async function bulkLoad(
  collection: Collection & { points?: Points | undefined },
  points: readonly Point[],
  signal: AbortSignal,
  after: (batch: readonly Point[]) => Promise<unknown> = async () => {},
): Promise<void> {
  for (let start = 0; start < points.length; start += BATCH) {
    const some = points.slice(start, start + BATCH);
    const values = new Float32Array(some.length * DIMENSIONS);
    some.forEach(({ vectors }, i) => {
      values.set(vectors['vector'] as Float32Array, i * DIMENSIONS);
    });
    const batch: LoadBatch = {
      start,
      count: some.length,
      ids: some.map(({ id }) => id),
      vectors: { vector: { kind: 'dense', values } },
      metadata: Object.fromEntries(
        FIELDS.map(([name]) => [name, some.map(({ metadata }) => metadata[name] as string)]),
      ),
      texts: some.map(({ text }) => text),
    };
    await collection.load(batch, signal);
    await after(some);
  }
}
