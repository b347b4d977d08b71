import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkpointAt } from '../../../harness/truth/checkpoint.js';
import { computeTruth } from '../../../harness/truth/compute.js';
import { readTruth, readTruthOrPart, type TruthPart, writeTruth } from '../../../harness/truth/files.js';
import { tilesWithin } from '../../../harness/truth/memory-plan.js';
import { mergeParts } from '../../../harness/truth/merge.js';
import type { TruthOptions } from '../../../harness/truth/options.js';
import { Bench, bruteForce, randomVectors } from './vectors.js';

const bench = new Bench();
afterAll(() => bench.remove());

const dimensions = 24;
const base = randomVectors(700, dimensions, 1);
const queries = randomVectors(30, dimensions, 2);
const vectors = bench.prepared(base, dimensions);
const exact = bruteForce(base, queries, dimensions, 'l2', 9);
const options: TruthOptions = { metric: 'l2', k: 9, threads: 1, tileRows: 64 };

describe('a scan that was stopped', () => {
  it('goes on where it was, and has all in the end', async () => {
    // As a first truth finds it: no folder is there.
    const path = join(bench.folder, 'cache', 'truth', 'stopped.partial');
    const stop = new AbortController();
    const real = checkpointAt(path);
    const checkpoint = {
      ...real,
      write: (...args: Parameters<typeof real.write>) => {
        real.write(...args);
        stop.abort();
      },
    };
    await expect(
      computeTruth(vectors, queries, { ...options, checkpoint, signal: stop.signal }),
    ).rejects.toThrow(/stopped/);
    expect(existsSync(path)).toBe(true);
    const scanned: number[] = [];
    const truth = await computeTruth(vectors, queries, {
      ...options,
      checkpoint: real,
      onProgress: (done) => scanned.push(done),
    });
    // The first of eleven tiles is not done again.
    expect(scanned).toHaveLength(10);
    expect(Math.min(...scanned)).toBeGreaterThan(1);
    expect(scanned.at(-1)).toBe(11);
    expect(truth.rows).toEqual(exact.rows);
    expect(truth.distances).toEqual(exact.distances);
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['one bit is another', (path: string) => flip(path)],
    ['it is cut off', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 900))],
    ['it is too long', (path: string) => appendFileSync(path, 'x')],
  ])('begins again where %s', async (_, damage) => {
    const path = join(bench.folder, 'damaged.partial');
    const lists = (await partially(path)).lists;
    damage(path);
    const warnings: string[] = [];
    expect(
      checkpointAt(path, (text) => warnings.push(text)).read(lists.queries, lists.depth),
    ).toBeUndefined();
    expect(warnings).toHaveLength(1);
  });

  it('of other queries is not taken up', async () => {
    const path = join(bench.folder, 'others.partial');
    const { lists } = await partially(path);
    expect(checkpointAt(path).read(lists.queries, lists.depth)?.done).toBe(64);
    expect(checkpointAt(path).read(lists.queries + 1, lists.depth)).toBeUndefined();
    expect(checkpointAt(path).read(lists.queries, lists.depth + 1)).toBeUndefined();
  });
});

/** Writes the checkpoint after the first tile. */
async function partially(path: string) {
  let kept: Parameters<ReturnType<typeof checkpointAt>['write']>[0] | undefined;
  const real = checkpointAt(path);
  const write: typeof real.write = (lists, done) => {
    kept = lists;
    real.write(lists, done);
    throw new Error('enough');
  };
  await expect(
    computeTruth(vectors, queries, { ...options, checkpoint: { ...real, write } }),
  ).rejects.toThrow();
  return { lists: kept! };
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(path, bytes);
}

describe('parts', () => {
  const ranges = [
    [0, 5],
    [5, 400],
    [400, 700],
  ] as const;

  async function parts(change: Partial<TruthPart> = {}) {
    const found = [];
    for (const [from, to] of ranges) {
      const truth = await computeTruth(vectors, queries, { ...options, part: { from, to } });
      const path = join(bench.folder, `part-${from}.parquet`);
      const part = { from, to, points: 700, datasetHash: 'd', queriesHash: 'q', ...(from > 0 && change) };
      await writeTruth(path, { ...truth, part }, { metric: 'l2' });
      found.push({ path, truth: await readTruthOrPart(path) });
    }
    return found;
  }

  it('merged in any order are the whole', async () => {
    const merged = mergeParts((await parts()).reverse());
    expect(merged.rows).toEqual(exact.rows);
    expect(merged.distances).toEqual(exact.distances);
    const path = join(bench.folder, 'whole.parquet');
    await writeTruth(path, merged, merged);
    expect((await readTruth(path)).rows).toEqual(exact.rows);
  });

  it('are no truth by themselves, and must be all, each once, of the same', async () => {
    const all = await parts();
    await expect(readTruth(all[1]!.path)).rejects.toThrow(/is a part of a truth/);
    expect(() => mergeParts([all[0]!, all[2]!])).toThrow(/rows 5 to 399 are in none/);
    expect(() => mergeParts([all[0]!, all[1]!])).toThrow(/rows 400 to 699 are in none/);
    expect(() => mergeParts([...all, all[1]!])).toThrow(/rows 5 to 399 are in another part, too/);
    const other = await parts({ queriesHash: 'r' });
    expect(() => mergeParts(other)).toThrow(/its queries is not that of|its queries/);
  });
});

describe('memory', () => {
  const wanted = {
    rows: 5_000_000,
    dimensions: 128,
    queries: 1000,
    depth: 100,
    kernel: 'onnxruntime' as const,
  };

  it('is kept by smaller tiles, then by fewer threads, and is refused below what one tile needs', () => {
    const usual = tilesWithin(undefined, 2, wanted);
    expect(tilesWithin(2 ** 40, 2, wanted)).toEqual(usual);
    const small = tilesWithin(600 * 2 ** 20, 2, wanted);
    expect(small.threads).toBe(2);
    expect(small.tileRows).toBeLessThan(usual.tileRows);
    const smaller = tilesWithin(460 * 2 ** 20, 8, wanted);
    expect(smaller.threads).toBeLessThan(8);
    expect(() => tilesWithin(2 ** 28, 2, wanted)).toThrow(/give at least \d+ MiB/);
  });
});
