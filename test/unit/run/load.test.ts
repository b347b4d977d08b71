import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../common/errors.js';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import { loadErrorKind } from '../../../harness/model/load-errors.js';
import { constantClients } from '../../../harness/run/executors/constant-clients.js';
import { constantRate } from '../../../harness/run/executors/constant-rate.js';
import type { Executor, Pass } from '../../../harness/run/executors/executor.js';
import { EXECUTORS } from '../../../harness/run/executors/registry.js';
import { dueTimes } from '../../../harness/run/executors/schedule.js';

const queries = Array.from({ length: 5 }, (_, i) => Float32Array.of(i));
const HITS = { keys: [1, 2], scores: [0.1, 0.2] };

function run(executor: Executor, query: PreparedSearch['query'], options: object, more: Partial<Pass> = {}) {
  const parsed = executor.parse(options as never);
  if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed.issues));
  const search: PreparedSearch = { query, close: async () => undefined };
  const pass: Pass = {
    search,
    queries,
    order: Int32Array.from([3, 0, 4, 1, 2]),
    k: 2,
    count: 100,
    repetition: 1,
    seed: 5,
    concurrent: true,
    several: false,
    open: async () => ({ search, filters: undefined }),
    origin: performance.now(),
    signal: new AbortController().signal,
    ...more,
  };
  return executor.run(pass, parsed.options);
}

const kinds = (error: readonly (string | null)[]) =>
  error.filter((each) => each !== null).map((each) => loadErrorKind(each));

describe('constant clients', () => {
  test('each sends its next query once the previous one was answered', async () => {
    let [open, most] = [0, 0];
    const samples = await run(
      constantClients,
      async () => {
        most = Math.max(most, ++open);
        await pause(1);
        open--;
        return HITS;
      },
      { clients: 4, seconds: 0.3, warmUp: 0.1 },
    );
    expect(most).toBe(4);
    expect(samples.length).toBeGreaterThan(4);
    expect(Array.from(samples.due)).toEqual(Array.from(samples.sent));
    expect(new Set(samples.query)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  test('end after so many recorded queries, the warm-up not counted', async () => {
    let asked = 0;
    const answer = async () => {
      asked++;
      await pause(1);
      return HITS;
    };
    const samples = await run(constantClients, answer, { clients: 4, count: 50, warmUp: 0.1 });
    expect(samples.length).toBe(50);
    expect(asked).toBeGreaterThan(50);
    // Together with other threads, of which one has sent some already.
    const part = { index: 0, of: 2, counters: Int32Array.of(0, 20) };
    expect((await run(constantClients, answer, { clients: 4, count: 50, warmUp: 0 }, { part })).length).toBe(
      30,
    );
    expect(
      (await run(constantClients, answer, { clients: 1, count: 1e8, seconds: 0.1 })).length,
    ).toBeLessThan(1000);
  });

  test('have a search each where the engine can have several', async () => {
    const used = new Set<number>();
    let opened = 0;
    const open = async () => {
      const own = ++opened;
      const search: PreparedSearch = {
        query: async () => {
          used.add(own);
          await pause(1);
          return HITS;
        },
        close: async () => undefined,
      };
      return { search, filters: undefined };
    };
    await run(
      constantClients,
      async () => HITS,
      { clients: 3, seconds: 0.1, warmUp: 0 },
      { several: true, open },
    );
    expect([...used].sort()).toEqual([1, 2]);
  });

  test('go on after a connection broke, on a new one, and the query it broke is not sent again', async () => {
    let [asked, opened] = [0, 0];
    const query = async () => {
      await pause(1);
      if (++asked === 5) throw new ConnectionLostError('the server closed the connection');
      return HITS;
    };
    const open = async () => {
      opened++;
      return { search: { query, close: async () => undefined }, filters: undefined };
    };
    const samples = await run(
      constantClients,
      query,
      { clients: 1, seconds: 0.4, warmUp: 0 },
      { several: true, open },
    );
    expect(opened).toBe(1);
    expect(samples.length).toBe(asked);
    expect(samples.length).toBeGreaterThan(5);
    expect(kinds(samples.error)).toEqual(['connection']);
  });

  test('a server that is gone leaves errors, and the pass ends in its time', async () => {
    const gone = async () => {
      throw new ConnectionLostError('refused');
    };
    const samples = await run(
      constantClients,
      gone,
      { clients: 2, seconds: 0.3, warmUp: 0 },
      { several: true, open: gone as never, search: { query: gone, close: gone } },
    ).catch((error: unknown) => error);
    // The second client could not even be prepared: that is a failure of the trial.
    expect(samples).toBeInstanceOf(ConnectionLostError);
    const shared = await run(constantClients, gone, { clients: 2, seconds: 0.3, warmUp: 0 });
    expect(shared.length).toBeGreaterThan(1);
    expect(new Set(kinds(shared.error))).toEqual(new Set(['connection']));
  });

  test('an answer that does not come within the time-out is a failed query', async () => {
    const query: PreparedSearch['query'] = (_vector, _filter, signal) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const samples = await run(constantClients, query, { clients: 2, seconds: 0.2, warmUp: 0, timeout: 0.05 });
    expect(samples.length).toBeGreaterThanOrEqual(4);
    expect(new Set(kinds(samples.error))).toEqual(new Set(['timeout']));
  });

  test('stop when the run is stopped', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    await expect(
      run(constantClients, async () => HITS, { clients: 2, seconds: 60 }, { signal: stop.signal }),
    ).rejects.toThrow('stopped');
  });

  test('stop at once when the run is stopped, whatever is on its way', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped')), 50);
    const never: PreparedSearch['query'] = (_vector, _filter, signal) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const options = { clients: 2, seconds: 60, timeout: 3600 };
    await expect(run(constantClients, never, options, { signal: stop.signal })).rejects.toThrow('stopped');
  });

  test('of an engine that blocks the process are refused, all but one', () => {
    const shape = { repeat: 3, execution: 'blocking', preparedSearches: 'several' } as const;
    expect(constantClients.plan({ clients: 1 }, shape)).toEqual({ state: 'ok', passes: 3 });
    expect(constantClients.plan({ clients: 2 }, shape)).toMatchObject({ state: 'refused' });
  });
});

describe('a constant rate', () => {
  const options = { rate: 400, seconds: 0.5, warmUp: 0 };
  const due = Float64Array.from(dueTimes({ from: 400, to: 400, seconds: 0.5 }, 'poisson', 6));

  test('every query that is due is recorded, at the time it was due', async () => {
    const origin = performance.now();
    const samples = await run(constantRate, async () => HITS, options, { origin });
    expect(samples.length).toBe(due.length);
    const gaps = (times: ArrayLike<number>) => Array.from(times, (time) => time - times[0]!);
    for (const [i, gap] of gaps(samples.due).entries()) expect(gap).toBeCloseTo(gaps(due)[i]!, 6);
    for (let i = 0; i < samples.length; i++)
      expect(samples.sent[i]).toBeGreaterThanOrEqual(samples.due[i]! - 1e-6);
  });

  test('ends after so many queries: the first ones of the same arrivals', async () => {
    const first = await run(constantRate, async () => HITS, { rate: 400, count: 60, warmUp: 0 });
    expect(first.length).toBe(60);
    const gap = (i: number) => first.due[i]! - first.due[0]!;
    expect(gap(59)).toBeCloseTo(due[59]! - due[0]!, 6);
    const warm = await run(constantRate, async () => HITS, { rate: 400, count: 60, warmUp: 0.1 });
    expect(warm.length).toBe(60);
  });

  test('a stall falls on all that were due while it lasted', async () => {
    let stalled: Promise<unknown> | undefined;
    const samples = await run(
      constantRate,
      async () => {
        stalled ??= pause(250);
        await stalled;
        return HITS;
      },
      { ...options, arrivals: 'uniform', inFlight: 2 },
    );
    const latency = Array.from(samples.answered, (end, i) => end - samples.due[i]!);
    // 100 queries are due in the 250 ms: one that is due at t waits 250 - t at least.
    const waited = latency.filter((each) => each > 125);
    expect(waited.length).toBeGreaterThanOrEqual(48);
    // A client that waits for each answer would have seen two slow ones.
    const service = Array.from(samples.answered, (end, i) => end - samples.sent[i]!);
    expect(service.filter((each) => each > 125)).toHaveLength(2);
  });

  test('a query that finds no place within the time-out is given up, and counted', async () => {
    const never: PreparedSearch['query'] = (_vector, _filter, signal) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const samples = await run(constantRate, never, { ...options, inFlight: 1, timeout: 0.2 });
    expect(samples.length).toBe(due.length);
    const found = kinds(samples.error);
    expect(found).toHaveLength(due.length);
    expect(new Set(found)).toEqual(new Set(['timeout', 'unsent']));
  });

  test('what is due in the warm-up is sent and not recorded', async () => {
    let sent = 0;
    const samples = await run(
      constantRate,
      async () => {
        sent++;
        return HITS;
      },
      { rate: 200, arrivals: 'uniform', seconds: 0.2, warmUp: 0.2 },
    );
    expect(sent).toBe(80);
    expect(samples.length).toBe(40);
  });

  test('an engine that blocks the process gets one query at a time', async () => {
    const samples = await run(constantRate, () => HITS, options, { concurrent: false });
    expect(samples.length).toBe(due.length);
    expect(samples.error.every((each) => each === null)).toBe(true);
  });
});

test.each([
  [{ clients: 0 }, 'clients must be an integer from 1 to 1000'],
  [{}, 'clients is missing'],
  [{ clients: 2, secnds: 3 }, 'secnds is not an option of this workload. Did you mean "seconds"?'],
  [{ clients: 2, timeout: -1 }, 'timeout must be a number from 0.01 to 3600 s'],
])('options %j: %s', (options, fault) => {
  const parsed = constantClients.parse(options as never);
  const texts =
    parsed.state === 'invalid' ? parsed.issues.map(({ path, what }) => `${path.join('.')} ${what}`) : [];
  expect(texts).toEqual([expect.stringContaining(fault)]);
});

test('every workload says in a sentence what it does, and describes its options', () => {
  for (const { description, optionSchemas } of EXECUTORS) {
    expect(description).toMatch(/\.$/);
    for (const schema of Object.values(optionSchemas())) expect(schema).toHaveProperty('type');
  }
});
