import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { executionOf } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import { packageVersion } from '../../engines/kit/packages.js';
import { rowSpec } from '../../engines/kit/rows.js';
import { engine } from '../../engines/pgvector/engine.js';
import { PGLITE_PACKAGES } from '../../engines/pgvector/pglite.js';
import { exactDistance, pointOf, recall, type Slice, slice } from './data.js';
import { type Answer, answerOf, batches, never, parsed, turnsDuring } from './session.js';

const missing = PGLITE_PACKAGES.find((name) => packageVersion(name) === undefined);
const why = missing === undefined ? '' : ` (skipped: ${missing} is not installed)`;

/** A collection in a PGlite of its own: `use` asks it, and nothing of it is left afterwards. */
async function withPglite(
  data: Slice,
  index: OptionsInput['index'],
  use: (
    search: (parameters: OptionsInput['search'], k?: number) => Promise<Answer[]>,
    collection: Collection,
  ) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-pglite-'));
  const connected = await engine.connect({ folder, threads: 1, seed: 7, mode: 'pglite' }, never);
  const { metric, dimensions, count: capacity } = data;
  const { index: complete } = parsed(engine, { index });
  const spec = rowSpec({ name: 'vecproof_p', metric, dimensions, capacity, index: complete });
  const collection = await connected.create(spec);
  for (const batch of batches(data, 1000)) await collection.load(batch, never);
  const { count, indexed } = await collection.ready(never);
  expect([count, indexed]).toEqual([data.count, index['type'] === 'flat' ? null : data.count]);
  await use(async (parameters, k = 10) => {
    const prepared = await collection.prepare(parsed(engine, { index, search: parameters }).search, k);
    const answers: Answer[] = [];
    for (const query of data.queries) answers.push(answerOf(await prepared.query(query)));
    await prepared.close();
    return answers;
  }, collection);
  expect(await collection.indexBytes()).toBeGreaterThan(0);
  await collection.drop();
  await connected.close();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
}

const rows = (answers: readonly Answer[]) => answers.map((answer) => answer.rows);

describe.skipIf(missing !== undefined)(`pgvector in PGlite${why}`, () => {
  test('says what it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vecproof-pglite-'));
    const connected = await engine.connect({ folder, threads: 1, seed: 7, mode: 'pglite' }, never);
    expect(await connected.version()).toMatch(
      /^\d+\.\d+\.\d+ on PostgreSQL \d+\.\d+ in PGlite \d+\.\d+\.\d+$/,
    );
    await connected.close();
    await rm(folder, { recursive: true });
  });

  for (const metric of ['cosine', 'dot', 'l2'] as const) {
    test(`flat under ${metric} is exact, with scores by the formula`, async () => {
      const data = await slice(metric, 1000, 10);
      await withPglite(data, { type: 'flat' }, async (search) => {
        const answers = await search({});
        expect(recall(data, rows(answers), 10)).toBe(1);
        answers.forEach((answer, query) => {
          answer.rows.forEach((row, rank) => {
            const wanted = exactDistance(metric, pointOf(data, row), data.queries[query]!);
            expect(Math.abs(answer.scores[rank]! - wanted)).toBeLessThan(
              2e-5 * Math.max(1, Math.abs(wanted)),
            );
          });
        });
      });
    });
  }

  test('a graph finds more with a larger ef, and a setting does not stay for the next one', async () => {
    const data = await slice('cosine', 1500, 50);
    await withPglite(data, { type: 'hnsw', m: 4, efConstruction: 16 }, async (search) => {
      const narrow = await search({ ef: 10 });
      const wide = await search({ ef: 400 });
      expect(recall(data, rows(wide), 10)).toBeGreaterThan(recall(data, rows(narrow), 10) + 0.1);
      expect(await search({ ef: 10 })).toEqual(narrow);
    });
  });

  test('a query blocks the process, and one setting holds at a time, as declared', async () => {
    const data = await slice('cosine', 1500, 30);
    expect(executionOf(engine.capabilities, 'pglite')).toEqual({
      execution: 'blocking',
      preparedSearches: 'one',
      shares: false,
    });
    const index = { type: 'hnsw', m: 4, efConstruction: 16 };
    await withPglite(data, index, async (search, collection) => {
      const alone = await search({ ef: 10 });
      const open: PreparedSearch[] = [];
      for (const ef of [10, 400])
        open.push(await collection.prepare(parsed(engine, { index, search: { ef } }).search, 10));
      expect((await turnsDuring(data.queries, (query) => open[1]!.query(query))).some(Boolean)).toBe(false);
      const first: Answer[] = [];
      for (const query of data.queries) first.push(answerOf(await open[0]!.query(query)));
      expect(first).not.toEqual(alone);
      for (const each of open) await each.close();
    });
  });

  test('lists find more with more probes; bits more with more candidates', async () => {
    const data = await slice('cosine', 1500, 50);
    await withPglite(data, { type: 'ivf', nlist: 16 }, async (search) => {
      expect(recall(data, rows(await search({ nprobe: 16 })), 10)).toBe(1);
      expect(recall(data, rows(await search({ nprobe: 1 })), 10)).toBeLessThan(0.8);
    });
    await withPglite(data, { type: 'ivf', nlist: 16, quantization: 'binary' }, async (search) => {
      const few = recall(data, rows(await search({ nprobe: 16, candidates: 10 })), 10);
      const all = recall(data, rows(await search({ nprobe: 16, candidates: 1500 })), 10);
      expect(all).toBe(1);
      expect(few).toBeLessThan(0.8);
    });
  });
});
