import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { fileFailure } from '../../common/files.js';
import { hideSecrets } from '../../common/secrets.js';
import type { Consistency, Point } from '../../engines/contract/points.js';
import type { Surroundings } from '../connections/reach.js';
import type { NearField } from '../export/near.js';
import { differencesOf } from '../export/words.js';
import type { Mapping } from '../mapping/mapping.js';
import { openPlace, type Place } from '../probe/place.js';
import { type Counts, compareBucket, type Difference, noCounts } from './compare.js';
import { Buckets, bucketsFor } from './digests.js';
import { expectation } from './expected.js';
import { expectedIds } from './ids.js';

export interface VerifyOptions extends Surroundings {
  /** What the target was loaded by; absent: both hold the same. */
  mapping?: Mapping | undefined;
  /** Where the mapping stands: its map of ids is beside it. */
  mappingFolder?: string | undefined;
  /** File for all differences; none if absent. */
  differences?: string | undefined;
  /** Differences told in words. */
  samples?: number | undefined;
  onProgress?(side: 'source' | 'target', done: number, total: number): void;
}

/** A difference in words. */
export interface Sample extends Omit<Difference, 'id'> {
  id: string;
  /** Of a mismatch: what differs, source first. */
  words: readonly string[];
}

export interface SideResult {
  place: string;
  /** Points by its own counter, and as they were read. */
  counter: number;
  read: number;
  consistency: Consistency;
}

/** Every point of two places compared by id: typed ids, all vectors bit for bit, metadata by type and value. */
export interface Verification {
  state: 'equal' | 'different';
  source: SideResult;
  target: SideResult;
  counts: Counts;
  samples: readonly Sample[];
}

const SAMPLES = 10;

/**
 * Reads both places whole and compares every point. Memory is bounded by a bucket of about 200,000 ids.
 * @throws InputError, FailureError if a place cannot be opened or read to its end
 */
export async function verify(source: string, target: string, options: VerifyOptions): Promise<Verification> {
  const sides: Place[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-verify-'));
  try {
    for (const each of [source, target]) sides.push(await openPlace(each, options));
    return await compareSides(sides as [Place, Place], folder, options);
  } finally {
    for (const side of sides) await side.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compareSides(
  [source, target]: [Place, Place],
  folder: string,
  options: VerifyOptions,
): Promise<Verification> {
  const count = bucketsFor(Math.max(source.counter, target.counter));
  const expected = await expectedOf(source, target, options);
  // Without a mapping nothing was accepted: all is compared bit for bit.
  const near = options.mapping === undefined ? [] : target.near;
  const [a, b] = [
    await digestsOf(expected.source, 'source', folder, count, near, options),
    await digestsOf(expected.target, 'target', folder, count, near, options),
  ];
  const counts = noCounts();
  const first: Difference[] = [];
  const file = options.differences === undefined ? undefined : differencesFile(options.differences);
  for (let bucket = 0; bucket < count; bucket++) {
    options.signal.throwIfAborted();
    const differences = compareBucket(a.take(bucket), b.take(bucket), counts, near);
    file?.write(differences);
    first.push(...differences.slice(0, (options.samples ?? SAMPLES) - first.length));
  }
  file?.finish();
  const { matching: _, ...bad } = counts;
  return {
    state: Object.values(bad).every((each) => each === 0) ? 'equal' : 'different',
    source: resultOf(source, a.rows),
    target: resultOf(target, b.rows),
    counts,
    samples: await inWords(first, expected.source, expected.target),
  };
}

/** Both sides as they must be alike: under a mapping, the source's points as the target has to hold them. */
async function expectedOf(
  source: Place,
  target: Place,
  { mapping, mappingFolder }: VerifyOptions,
): Promise<{ source: Place; target: Place }> {
  if (mapping === undefined) return { source, target };
  const ids = await expectedIds(mapping, source.shape, mappingFolder ?? '.');
  const expected = expectation(mapping, source.shape.vectors, target, ids);
  return {
    source: {
      ...source,
      shape: target.shape,
      scan: () => mapped(source.scan(), expected.source),
      get: async (wanted) =>
        (
          await source.get(wanted.flatMap((each) => ids.original?.(each.id) ?? originalId(source, each)))
        ).flatMap((point) => expected.source(point) ?? []),
    },
    target: {
      ...target,
      scan: () => mapped(target.scan(), expected.target),
      get: async (wanted) => (await target.get(wanted)).map(expected.target),
    },
  };
}

async function* mapped(pages: AsyncIterable<readonly Point[]>, change: (point: Point) => Point | undefined) {
  for await (const points of pages) yield points.flatMap((point) => change(point) ?? []);
}

/** The id that a source's point had before it became text. */
function originalId(
  { shape }: Place,
  wanted: Pick<Difference, 'type' | 'id'>,
): Pick<Difference, 'type' | 'id'> {
  const digits = typeof wanted.id === 'string' && /^-?\d+$/.test(wanted.id);
  if (shape.ids === 'integer' || (shape.ids === null && digits))
    return { type: 'integer', id: BigInt(wanted.id) };
  return { id: wanted.id, type: shape.ids ?? 'uuid' };
}

function resultOf({ place, counter, consistency }: Place, read: number): SideResult {
  return { place, counter, read, consistency };
}

async function digestsOf(
  side: Place,
  name: 'source' | 'target',
  folder: string,
  count: number,
  near: readonly NearField[],
  { signal, onProgress }: VerifyOptions,
): Promise<Buckets> {
  const buckets = new Buckets(folder, name, count, near);
  for await (const points of side.scan()) {
    signal.throwIfAborted();
    for (const point of points) buckets.add(side.shape, point);
    onProgress?.(name, buckets.rows, Math.max(side.counter, buckets.rows));
  }
  buckets.finish();
  return buckets;
}

async function inWords(differences: readonly Difference[], source: Place, target: Place): Promise<Sample[]> {
  const ids = differences.filter(({ kind }) => kind === 'mismatched');
  const [mine, theirs] = ids.length === 0 ? [[], []] : [await source.get(ids), await target.get(ids)];
  return differences.map(({ id, ...rest }) => {
    const [a, b] = [mine, theirs].map((points) => points.find((point) => point.id === id));
    return { ...rest, id: String(id), words: a === undefined || b === undefined ? [] : differencesOf(a, b) };
  });
}

/** All differences as Parquet: id, its type, kind, and what differs. */
function differencesFile(path: string) {
  const text = (name: string) =>
    ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }) as const;
  const names = ['id', 'id_type', 'kind', 'differs'];
  try {
    const schema = [{ name: 'root', num_children: names.length }, ...names.map(text)];
    const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'vecproof' });
    return {
      write: (differences: readonly Difference[]) => {
        if (differences.length === 0) return;
        const columns = [
          differences.map(({ id }) => hideSecrets(String(id))),
          differences.map(({ type }) => type),
          differences.map(({ kind }) => kind),
          differences.map(({ differs }) => differs.join(',')),
        ];
        void writer.write({ columnData: names.map((name, at) => ({ name, data: columns[at]! })) });
      },
      finish: () => void writer.finish(),
    };
  } catch (error) {
    throw fileFailure(path, 'cannot be written', error);
  }
}
