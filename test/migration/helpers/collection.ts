import { mkdirSync } from 'node:fs';
import type { Collection } from '../../../engines/contract/collection.js';
import type { Point } from '../../../engines/contract/points.js';
import type { CollectionSpec } from '../../../engines/contract/spec.js';
import { loadEngine } from '../../../engines/registry.js';

/** Engines that keep collections in a folder, with the address of a folder. */
export const LOCAL = ['lancedb', 'sqlite-vec', 'pgvector'] as const;
export type LocalEngine = (typeof LOCAL)[number];

const never = new AbortController().signal;

export const SPEC: Omit<CollectionSpec, 'index'> = {
  name: 'docs',
  vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }],
  ids: 'string',
  fields: [
    { name: 'n', type: 'integer', nullable: true },
    { name: 'price', type: 'float', nullable: true },
    { name: 'name', type: 'string', nullable: true },
    { name: 'at', type: 'timestamp', nullable: true },
    { name: 'tags', type: 'string[]', nullable: true },
    { name: 'live', type: 'boolean', nullable: true },
  ],
  text: true,
  uri: true,
};

/** The same points for every engine; all fields are there, so that null and missing need not be told apart. */
export function somePoints(count: number, from = 0): Point[] {
  return Array.from({ length: count }, (_, at) => {
    const i = from + at;
    return {
      id: i === 1 ? '7' : `doc-${i} é`,
      vectors: { vector: Float32Array.from({ length: 6 }, (_unused, j) => Math.sin(i * 6 + j + 1)) },
      metadata: {
        n: i % 7 === 0 ? 9_007_199_254_740_993n : i,
        price: i % 5 === 0 ? null : i / 8,
        name: i % 3 === 0 ? 'Ünïcode "quoted"' : `name ${i}`,
        at: 1_700_000_000_123_456n + BigInt(i),
        tags: i % 4 === 0 ? null : ['a', `t${i % 10}`],
        live: i % 2 === 0,
      },
      text: i % 3 === 1 ? undefined : `text of ${i}`,
      uri: `file:///${i}`,
    };
  });
}

/** Writes a collection into a folder, as its owner would. */
export async function writeCollection(
  name: LocalEngine,
  folder: string,
  points: readonly Point[],
  change: Partial<CollectionSpec> = {},
): Promise<void> {
  const write = async (collection: Collection) => {
    for (let at = 0; at < points.length; at += 500)
      await collection.points!.upsert(points.slice(at, at + 500));
    if (change.index !== undefined) await collection.ready(never);
  };
  await withCollection(name, folder, 'create', write, change);
}

/** Changes a collection that is there. */
export async function withCollection(
  name: LocalEngine,
  folder: string,
  how: 'create' | 'open',
  use: (collection: Collection) => Promise<void>,
  change: Partial<CollectionSpec> = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const definition = await loadEngine(name);
  const options = { folder, place: folder, mode: definition.local!.mode, threads: 1, seed: 1 };
  const connected = await definition.connect(options, never);
  try {
    const parsed = definition.parseOptions({ index: change.index ?? { type: 'flat' }, search: {} });
    if (parsed.state === 'invalid') throw new Error(JSON.stringify(parsed.issues));
    await use(
      how === 'create'
        ? await connected.create({ ...SPEC, ...change, index: parsed.index })
        : await connected.open!(SPEC.name),
    );
  } finally {
    await connected.close();
  }
}
