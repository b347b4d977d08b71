import { existsSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { LoadBatch } from '../../engines/contract/spec.js';
import { type Slice, slice } from './data.js';
import { DECLARED } from './declared.js';
import { answerOf, batches, build, contenders, mayOverlap, never, open, parsed, rowsOf } from './session.js';
import { NARROW, SMALL_GRAPH, WIDE } from './settings.js';

const COUNT = 600;

/** A setting that the engine moves to its limit by itself, and that limit, at k = 10. */
const MOVED: Readonly<Record<string, [OptionsInput['search'], OptionsInput['search']]>> = {
  usearch: [{ ef: 1 }, { ef: 10 }],
  hnswlib: [{ ef: 1 }, { ef: 10 }],
  lancedb: [{ nprobe: 50 }, { nprobe: 4 }],
  pgvector: [{ nprobe: 50 }, { nprobe: 4 }],
  chroma: [{ ef: 1 }, { ef: 10 }],
  milvus: [{ nprobe: 50 }, { nprobe: 4 }],
  qdrant: [{ ef: 1 }, { ef: 10 }],
};

for (const { name, definition, missing, suffix, standIn } of contenders) {
  const wide = WIDE[name]!;
  const declared = DECLARED[name]!;
  const isSearchEngine = name !== 'null';
  const hasSettings = Object.keys(definition.optionSchemas().search['properties'] as object).length > 0;

  describe.skipIf(missing !== undefined)(
    `${name}${suffix}`,
    { concurrent: mayOverlap(definition, standIn) },
    () => {
      test('has a version', async () => {
        const opened = await open(definition, await slice('cosine', COUNT, 1));
        expect(await opened.connected.version()).toMatch(/^\d+\.\d+\.\d+/);
        await opened.close();
      });

      test('counts what was loaded, and is ready when asked again', async () => {
        const data = await slice('cosine', COUNT, 1);
        const session = await build(definition, data, { index: wide.index, batchSize: 250 });
        expect(session.readiness.count).toBe(COUNT);
        expect([COUNT, null]).toContain(session.readiness.indexed);
        expect(await session.collection.count()).toBe(COUNT);
        expect(await session.collection.ready(never)).toEqual(session.readiness);
        await session.close();
      });

      test('a k above the number of points returns every point once', async () => {
        const data = await slice('cosine', COUNT, 5);
        const session = await build(definition, data, { index: wide.index });
        for (const rows of rowsOf(await session.search(wide.search, COUNT + 50))) {
          expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, row) => row));
        }
        await session.close();
      });

      test('a query of another length is refused, also one of twice the length', async () => {
        const data = await slice('cosine', COUNT, 1);
        const session = await build(definition, data, { index: wide.index });
        const search = parsed(definition, { index: wide.index, search: wide.search }).search;
        const prepared = await session.collection.prepare(search, 10);
        for (const length of [data.dimensions - 1, 2 * data.dimensions, 0]) {
          const wrong = async () => prepared.query(new Float32Array(length).fill(0.1));
          await expect(wrong()).rejects.toThrow(
            `the query has ${length} dimensions, the index ${data.dimensions}`,
          );
        }
        await prepared.close();
        await session.close();
      });

      test(`a query of NaN gets ${declared.nanQuery}`, async () => {
        if (declared.nanQuery === 'an error') {
          await expect(ask(Number.NaN)).rejects.toThrow(declared.nanError);
          return;
        }
        const hits = await ask(Number.NaN);
        expect(hits.rows.length > 0 ? 'arbitrary points' : 'no points').toBe(declared.nanQuery);
      });

      test(`a query of zeros under cosine gets ${declared.zeroQuery}`, async () => {
        const { rows, scores } = await ask(0);
        if (declared.zeroQuery === 'no points') expect(rows).toEqual([]);
        if (declared.zeroQuery === 'fixed points')
          expect(rows).toEqual(Array.from({ length: 10 }, (_, i) => i));
        if (declared.zeroQuery === 'points at similarity 0')
          expect(scores.map(Math.abs)).toEqual(Array(10).fill(0));
        if (declared.zeroQuery === 'points with score NaN')
          expect(scores).toEqual(Array(10).fill(Number.NaN));
        if (declared.zeroQuery === 'points at distance 1') expect(scores).toEqual(Array(10).fill(1));
      });

      async function ask(value: number) {
        const data = await slice('cosine', COUNT, 1);
        const session = await build(
          definition,
          { ...data, queries: [new Float32Array(data.dimensions).fill(value)] },
          { index: wide.index },
        );
        const [answer] = await session.search(wide.search, 10);
        await session.close();
        return answer!;
      }

      test('a query that is a view into a larger buffer gets the same answer as a copy', async () => {
        const data = await slice('cosine', COUNT, 8);
        const all = new Float32Array(8 * data.dimensions);
        for (const [q, query] of data.queries.entries()) all.set(query, q * data.dimensions);
        const views = data.queries.map((_, q) =>
          all.subarray(q * data.dimensions, (q + 1) * data.dimensions),
        );
        const session = await build(definition, data, { index: wide.index });
        const search = parsed(definition, { index: wide.index, search: wide.search }).search;
        const prepared = await session.collection.prepare(search, 10);
        const answers = [];
        for (const view of views) answers.push(answerOf(await prepared.query(view)));
        await prepared.close();
        expect(answers).toEqual(await session.search(wide.search, 10));
        if (isSearchEngine) expect(new Set(answers.map(({ rows }) => rows.join())).size).toBeGreaterThan(1);
        await session.close();
      });

      test.runIf(isSearchEngine)('points with equal vectors are all found, each once', async () => {
        const data = await withDuplicates(await slice('cosine', COUNT, 1), 20);
        const session = await build(
          definition,
          { ...data, queries: [data.points.slice(0, data.dimensions)] },
          { index: wide.index },
        );
        const [answer] = await session.search(wide.search, 20);
        await session.close();
        expect([...answer!.rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i * 30));
      });

      test.runIf(isSearchEngine && hasSettings)(
        'two settings in a row both take effect, and the first again',
        async () => {
          const data = await slice('cosine', COUNT, 30);
          const index = wide.index['type'] === 'ivf' ? wide.index : SMALL_GRAPH;
          const session = await build(definition, data, { index });
          const [narrow, broad] = NARROW[name]!;
          const first = await session.search(narrow, 5);
          const second = await session.search(broad, 5);
          expect(second).not.toEqual(first);
          expect(await session.search(narrow, 5)).toEqual(first);
          expect(await session.search(broad, 5)).toEqual(second);
          await session.close();
        },
      );

      test.runIf(isSearchEngine && hasSettings)(
        'a setting beyond the limit works as the limit, and says so',
        async () => {
          const data = await slice('cosine', COUNT, 30);
          const index = wide.index['type'] === 'ivf' ? wide.index : SMALL_GRAPH;
          const session = await build(definition, data, { index });
          const [given, limit] = MOVED[name]!;
          const prepared = await session.collection.prepare(
            parsed(definition, { index, search: given }).search,
            10,
          );
          expect(prepared.effective).toEqual(limit);
          await prepared.close();
          expect(await session.search(given, 10)).toEqual(await session.search(limit, 10));
          await session.close();
        },
      );

      test('a search that was closed refuses to answer', async () => {
        const data = await slice('cosine', COUNT, 1);
        const session = await build(definition, data, { index: wide.index });
        const search = parsed(definition, { index: wide.index, search: wide.search }).search;
        const prepared = await session.collection.prepare(search, 5);
        await prepared.close();
        const late = async () => prepared.query(data.queries[0]!);
        await expect(late()).rejects.toThrow('the search was closed');
        await session.close();
      });

      test('an aborted signal ends load and ready with its reason', async () => {
        const data = await slice('cosine', COUNT, 1);
        const reason = new Error('enough');
        const opened = await open(definition, data, { index: wide.index });
        const batch = oneBatch(data);
        await expect(opened.collection.load(batch, AbortSignal.abort(reason))).rejects.toBe(reason);
        await opened.collection.load(batch, never);
        await expect(opened.collection.ready(AbortSignal.abort(reason))).rejects.toBe(reason);
        expect((await opened.collection.ready(never)).count).toBe(COUNT);
        await opened.close();
      });

      test.runIf(isSearchEngine)('a signal raised during a load stops it between chunks', async () => {
        const data = await slice('cosine', 4000, 1);
        const opened = await open(definition, data, { index: wide.index });
        const batch = oneBatch(data);
        const abort = new AbortController();
        const loading = opened.collection.load(batch, abort.signal);
        const outcome = expect(loading).rejects.toThrow('enough');
        await nextTurn();
        abort.abort(new Error('enough'));
        await outcome;
        await opened.close();
      });

      test('the size on disk is that of files, and drop and close remove them', async () => {
        const data = await slice('cosine', COUNT, 1);
        const session = await build(definition, data, { index: wide.index });
        const bytes = await session.collection.indexBytes();
        if (declared.tellsSize) expect(bytes).toBeGreaterThan(COUNT * data.dimensions * 4);
        else expect(bytes).toBeUndefined();
        await session.collection.drop();
        await session.connected.close();
        // What the engine keeps of the place itself may stay.
        const { name } = session.collection;
        expect(filesBelow(session.folder).filter((path) => path.includes(name))).toEqual([]);
      });
    },
  );
}

/** The whole slice as one batch; the generator is left before it wipes the batch's memory. */
function oneBatch(data: Slice): LoadBatch {
  return batches(data, data.count).next().value as LoadBatch;
}

/** Every thirtieth of the first 600 points becomes the first one. */
async function withDuplicates(data: Slice, copies: number): Promise<Slice> {
  const points = data.points.slice();
  for (let i = 1; i < copies; i++) points.copyWithin(i * 30 * data.dimensions, 0, data.dimensions);
  return { ...data, points };
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}
