import { describe, expect, test } from 'vitest';
import type { Hits, PreparedSearch } from '../../../engines/contract/search.js';
import type { Pass } from '../../../harness/run/executors/executor.js';
import { serial } from '../../../harness/run/executors/serial.js';
import { spanOf } from '../../../harness/run/parts.js';

/** Queries that say which they are. */
const queries = Array.from({ length: 6 }, (_, i) => Float32Array.of(i));
const never = new AbortController().signal;

function pass(query: PreparedSearch['query'], more: Partial<Pass> = {}) {
  const search: PreparedSearch = { query, close: async () => undefined };
  const order = Int32Array.from([3, 0, 5, 1, 4, 2]);
  const options = {
    queries,
    order,
    k: 3,
    count: 100,
    repetition: 7,
    origin: performance.now(),
    signal: never,
  };
  return serial.run({ search, ...options, ...more }, {});
}

const hits = (keys: Hits['keys'], scores: number[] = Array.from(keys, () => 0.5)): Hits => ({ keys, scores });
const rows = (samples: { rows: Int32Array; k: number }, i: number) =>
  Array.from(samples.rows.subarray(i * samples.k, (i + 1) * samples.k));

describe('a pass', () => {
  test('sends each query once, in the order given, and records what came back', async () => {
    const samples = await pass((vector) => hits([vector[0]!, 50, 60], [0.1, 0.2, 0.3]));
    expect(Array.from(samples.query)).toEqual([3, 0, 5, 1, 4, 2]);
    expect(Array.from(samples.repetition)).toEqual(Array(6).fill(7));
    expect(rows(samples, 0)).toEqual([3, 50, 60]);
    expect(rows(samples, 2)).toEqual([5, 50, 60]);
    expect(Array.from(samples.scores.subarray(0, 3))).toEqual([0.1, 0.2, 0.3]);
    expect(Array.from(samples.returned)).toEqual(Array(6).fill(3));
    expect(samples.distances.every(Number.isNaN), 'distances are recomputed later').toBe(true);
  });

  test('sends a query only after the previous one was answered', async () => {
    let open = 0;
    const samples = await pass(async () => {
      open++;
      await Promise.resolve();
      expect(open--).toBe(1);
      return hits([1, 2, 3]);
    });
    for (let i = 0; i < samples.length; i++) {
      expect(samples.due[i]).toBe(samples.sent[i]);
      expect(samples.answered[i]).toBeGreaterThanOrEqual(samples.sent[i]!);
      if (i > 0) expect(samples.sent[i]).toBeGreaterThanOrEqual(samples.answered[i - 1]!);
    }
  });

  test.each([
    [
      'thrown',
      () => {
        throw new Error('out of order');
      },
    ],
    ['rejected', () => Promise.reject(new Error('out of order'))],
  ])('an error that is %s is a sample, and the pass goes on', async (_how, fail) => {
    let calls = 0;
    const samples = await pass((vector) => {
      calls++;
      return vector[0] === 5 ? fail() : hits([1, 2, 3]);
    });
    expect(calls, 'no retries').toBe(6);
    expect(samples.error).toEqual([null, null, 'out of order', null, null, null]);
    expect(Array.from(samples.returned)).toEqual([3, 3, -1, 3, 3, 3]);
    expect(rows(samples, 2)).toEqual([-1, -1, -1]);
    expect(samples.answered[2]).toBeGreaterThanOrEqual(samples.sent[2]!);
  });

  test.each([undefined, null, '', 'a text'])('even %j, thrown, is an error', async (thrown) => {
    const samples = await pass(() => {
      throw thrown;
    });
    expect(samples.error.every((error) => error !== null)).toBe(true);
    expect(Array.from(samples.returned)).toEqual(Array(6).fill(-1));
  });

  test('keeps short, long and empty lists as they are, up to k', async () => {
    const answers = [hits([1]), hits([]), hits([1, 2, 3, 4, 5])];
    let next = 0;
    const samples = await pass(() => answers[next++]!, { order: Int32Array.from([0, 1, 2]) });
    expect(Array.from(samples.returned)).toEqual([1, 0, 3]);
    expect([0, 1, 2].map((i) => rows(samples, i))).toEqual([
      [1, -1, -1],
      [-1, -1, -1],
      [1, 2, 3],
    ]);
    expect(samples.error).toEqual([null, null, null]);
  });

  test('marks keys that are no row of the dataset', async () => {
    const keys = [100, -1, 1.5, Number.NaN, 99, 0];
    const samples = await pass(() => hits(keys), { k: 6, order: Int32Array.from([0]) });
    expect(rows(samples, 0)).toEqual([-2, -2, -2, -2, 99, 0]);
    expect(samples.returned[0]).toBe(6);
  });

  test('takes 64-bit keys and typed arrays as clients give them', async () => {
    const keys = BigUint64Array.from([7n, 8n, 2n ** 63n]);
    const samples = await pass(() => ({ keys, scores: Float32Array.of(1, 2) }), {
      order: Int32Array.from([0]),
    });
    expect(rows(samples, 0)).toEqual([7, 8, -2]);
    expect(Array.from(samples.scores.subarray(0, 3))).toEqual([1, 2, Number.NaN]);
  });

  test('an answer that is no answer is an error of that query', async () => {
    const samples = await pass((() => undefined) as unknown as PreparedSearch['query']);
    expect(samples.error.every((error) => typeof error === 'string' && error !== '')).toBe(true);
  });

  test('stops when the run is stopped, even inside an engine that never waits', async () => {
    const abort = new AbortController();
    const busy = () => {
      abort.abort(new Error('stop'));
      for (const end = performance.now() + 60; performance.now() < end; );
      return hits([1, 2, 3]);
    };
    await expect(pass(busy, { signal: abort.signal })).rejects.toThrow('stop');
  });
});

test('the span of a pass is its wall time and the part of it inside the engine', async () => {
  const samples = await pass(() => hits([1]), { order: Int32Array.from([0, 1]) });
  samples.sent.set([10, 20]);
  samples.answered.set([14, 29]);
  expect(spanOf(samples)).toEqual({ wall: 19, inside: 13 });
});
