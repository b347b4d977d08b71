import { existsSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LoadBatch } from '../../engines/contract/spec.js';
import type { TestApi } from './api.js';
import { type Slice, slice } from './data.js';
import { answerOf, batches, build, type Contender, never, open, parsed, rowsOf } from './session.js';

const COUNT = 600;

/** What a collection does that has nothing to do with how well it finds. */
export function checkBehaviour({ test, expect }: TestApi, contender: Contender): void {
  const { definition, facts } = contender;
  const { wide, coarse = wide.index } = facts;
  const ranks = Object.keys(facts.kinds).length > 0;

  test('has a version', async () => {
    const opened = await open(contender, await slice('cosine', COUNT, 1));
    expect(await opened.connected.version()).toMatch(/(^|interface )\d+\.\d+\.\d+/);
    await opened.close();
  });

  test('counts what was loaded, and is ready when asked again', async () => {
    const data = await slice('cosine', COUNT, 1);
    const session = await build(contender, data, { index: wide.index, batchSize: 250 });
    expect(session.readiness.count).toBe(COUNT);
    expect([COUNT, null]).toContain(session.readiness.indexed);
    expect(await session.collection.count()).toBe(COUNT);
    expect(await session.collection.ready(never)).toEqual(session.readiness);
    await session.close();
  });

  test('a k above the number of points returns every point once', async () => {
    const data = await slice('cosine', COUNT, 5);
    const session = await build(contender, data, { index: wide.index });
    for (const rows of rowsOf(await session.search(wide.search, COUNT + 50))) {
      expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, row) => row));
    }
    await session.close();
  });

  test('a query of another length is refused, also one of twice the length', async () => {
    const data = await slice('cosine', COUNT, 1);
    const session = await build(contender, data, { index: wide.index });
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

  test(`a query of NaN gets ${facts.nanQuery}`, async () => {
    if (facts.nanQuery === 'an error') {
      await expect(ask(Number.NaN)).rejects.toThrow(facts.nanError);
      return;
    }
    const hits = await ask(Number.NaN);
    expect(hits.rows.length > 0 ? 'arbitrary points' : 'no points').toBe(facts.nanQuery);
  });

  test(`a query of zeros under cosine gets ${facts.zeroQuery}`, async () => {
    const { rows, scores } = await ask(0);
    if (facts.zeroQuery === 'no points') expect(rows).toEqual([]);
    if (facts.zeroQuery === 'fixed points') expect(rows).toEqual(Array.from({ length: 10 }, (_, i) => i));
    if (facts.zeroQuery === 'points at similarity 0') expect(scores.map(Math.abs)).toEqual(Array(10).fill(0));
    if (facts.zeroQuery === 'points with score NaN') expect(scores).toEqual(Array(10).fill(Number.NaN));
    if (facts.zeroQuery === 'points at distance 1') expect(scores).toEqual(Array(10).fill(1));
  });

  async function ask(value: number) {
    const data = await slice('cosine', COUNT, 1);
    const session = await build(
      contender,
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
    const views = data.queries.map((_, q) => all.subarray(q * data.dimensions, (q + 1) * data.dimensions));
    const session = await build(contender, data, { index: wide.index });
    const search = parsed(definition, { index: wide.index, search: wide.search }).search;
    const prepared = await session.collection.prepare(search, 10);
    const answers = [];
    for (const view of views) answers.push(answerOf(await prepared.query(view)));
    await prepared.close();
    expect(answers).toEqual(await session.search(wide.search, 10));
    if (ranks) expect(new Set(answers.map(({ rows }) => rows.join())).size).toBeGreaterThan(1);
    await session.close();
  });

  test.skipIf(!ranks)('points with equal vectors are all found, each once', async () => {
    const data = await withDuplicates(await slice('cosine', COUNT, 1), 20);
    const session = await build(
      contender,
      { ...data, queries: [data.points.slice(0, data.dimensions)] },
      { index: wide.index },
    );
    const [answer] = await session.search(wide.search, 20);
    await session.close();
    expect([...answer!.rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i * 30));
  });

  test.skipIf(facts.narrow === undefined)(
    'two settings in a row both take effect, and the first again',
    async () => {
      const data = await slice('cosine', COUNT, 30);
      const index = coarse;
      const session = await build(contender, data, { index });
      const [narrow, broad] = facts.narrow!;
      const first = await session.search(narrow, 5);
      const second = await session.search(broad, 5);
      expect(second).not.toEqual(first);
      expect(await session.search(narrow, 5)).toEqual(first);
      expect(await session.search(broad, 5)).toEqual(second);
      await session.close();
    },
  );

  test.skipIf(facts.moved === undefined)(
    'a setting beyond the limit works as the limit, and says so',
    async () => {
      const data = await slice('cosine', COUNT, 30);
      const index = coarse;
      const session = await build(contender, data, { index });
      const [given, limit] = facts.moved!;
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
    const session = await build(contender, data, { index: wide.index });
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
    const opened = await open(contender, data, { index: wide.index });
    const batch = oneBatch(data);
    await expect(opened.collection.load(batch, AbortSignal.abort(reason))).rejects.toBe(reason);
    await opened.collection.load(batch, never);
    await expect(opened.collection.ready(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect((await opened.collection.ready(never)).count).toBe(COUNT);
    await opened.close();
  });

  test.skipIf(!ranks)('a signal raised during a load stops it between chunks', async () => {
    const data = await slice('cosine', 4000, 1);
    const opened = await open(contender, data, { index: wide.index });
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
    const session = await build(contender, data, { index: wide.index });
    const bytes = await session.collection.indexBytes();
    if (facts.tellsSize) expect(bytes).toBeGreaterThan(COUNT * data.dimensions * 4);
    else expect(bytes).toBeUndefined();
    await session.collection.drop();
    await session.connected.close();
    // What the engine keeps of the place itself may stay.
    const { name } = session.collection;
    expect(filesBelow(session.folder).filter((path) => path.includes(name))).toEqual([]);
  });
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
