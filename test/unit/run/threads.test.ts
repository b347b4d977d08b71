import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ParameterSet } from '../../../common/parameters.js';
import { compiledModule } from '../../../common/paths.js';
import { constantClients } from '../../../harness/run/executors/constant-clients.js';
import { constantRate } from '../../../harness/run/executors/constant-rate.js';
import type { Executor, TrialShape } from '../../../harness/run/executors/executor.js';
import { threadsOf } from '../../../harness/run/executors/parts.js';
import { dueTimes } from '../../../harness/run/executors/schedule.js';
import { runThreads } from '../../../harness/run/generators/threads.js';
import type { Job } from '../../../harness/run/job.js';
import type { SpoolPlace } from '../../../harness/run/recorder.js';
import { readSpools } from '../../../harness/run/spool.js';
import type { Echoed } from '../../engines/echoing.js';

const folder = mkdtempSync(join(tmpdir(), 'vecproof-threads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const QUERIES = 7;
const queriesFile = join(folder, 'queries.f32');
writeFileSync(queriesFile, new Uint8Array(Float32Array.from({ length: QUERIES }, (_, i) => i).buffer));

const shape: TrialShape = { execution: 'concurrent', preparedSearches: 'several', shares: true, repeat: 1 };
const job = {
  build: { engine: 'echoing', module: compiledModule('test/engines/echoing.js') },
  dimensions: 1,
  count: 100,
  queriesFile,
  queryCount: QUERIES,
  warmupQueryCount: 0,
  seed: 5,
  engineSeed: 5,
  threads: 1,
  workFolder: folder,
} as unknown as Job;

function run(
  executor: Executor,
  given: ParameterSet,
  fault?: Echoed['fault'],
  signal?: AbortSignal,
  spool?: SpoolPlace,
) {
  const parsed = executor.parse(given);
  if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed.issues));
  const collection: Echoed = { points: 100, ...(fault && { fault }) };
  return runThreads({
    threads: Number(given['threads']),
    job,
    trial: { id: 'it', search: {}, workload: { type: executor.type, options: parsed.options } },
    shape,
    shared: { collection },
    repetition: 1,
    k: 1,
    ks: undefined,
    spool,
    origin: performance.now(),
    signal: signal ?? new AbortController().signal,
    onBegin: () => undefined,
  });
}

test('arrivals of an open loop are split over threads: each is due when it was, sent once, and answered as asked', async () => {
  const rate = 300;
  const { samples, spun } = await run(constantRate, { rate, seconds: 1, warmUp: 0, threads: 3, inFlight: 8 });
  const wanted = Float64Array.from(dueTimes({ from: rate, to: rate, seconds: 1 }, 'poisson', 6));
  expect(samples.length).toBe(wanted.length);
  const due = samples.due.toSorted();
  for (const [i, at] of due.entries()) expect(at - due[0]!).toBeCloseTo(wanted[i]! - wanted[0]!, 4);
  expect(samples.error.every((each) => each === null)).toBe(true);
  expect(Array.from(samples.rows)).toEqual(Array.from(samples.query));
  for (let i = 0; i < samples.length; i++) {
    expect(samples.sent[i]).toBeGreaterThanOrEqual(samples.due[i]! - 0.01);
    expect(samples.answered[i]).toBeGreaterThan(samples.sent[i]!);
  }
  expect(spun).toBeGreaterThanOrEqual(0);
});

test('clients of a closed loop take their queries in one order over all threads', async () => {
  const { samples } = await run(constantClients, { clients: 5, seconds: 0.3, warmUp: 0, threads: 2 });
  expect(samples.length).toBeGreaterThan(0);
  const counts = new Array<number>(QUERIES).fill(0);
  for (const query of samples.query) counts[query]!++;
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test('of a load that is too long for memory each thread keeps its times in a file, and a part of its answers', async () => {
  const options = { rate: 200, arrivals: 'uniform', seconds: 1, warmUp: 0, threads: 2 };
  const place = { path: join(folder, 'spool'), seed: 1, most: 20, room: 16 };
  const { samples } = await run(constantRate, options, undefined, undefined, place);
  const { spools, kept } = samples.all!;
  const due: number[] = [];
  for await (const block of readSpools(spools)) due.push(...block.due);
  due.sort((a, b) => a - b);
  expect(due).toHaveLength(200);
  for (const [i, at] of due.entries()) expect(at - due[0]!).toBeCloseTo(i * 5, 4);
  expect(kept).toBeLessThanOrEqual(0.25);
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.length).toBeLessThanOrEqual(32);
  expect(Array.from(samples.rows)).toEqual(Array.from(samples.query));
});

test('queries that fail are samples; a thread that cannot open its connection, or dies, fails the pass', async () => {
  const options = { clients: 2, seconds: 0.1, warmUp: 0, threads: 2 };
  const { samples } = await run(constantClients, options, 'query');
  expect(new Set(samples.error)).toEqual(new Set(['no answer']));
  await expect(run(constantClients, options, 'attach')).rejects.toThrow('cannot attach');
  await expect(run(constantClients, options, 'exit')).rejects.toThrow('ended without its samples');
});

test('a run that is stopped rejects with its reason', async () => {
  const abort = new AbortController();
  const running = run(
    constantClients,
    { clients: 2, seconds: 60, warmUp: 0, threads: 2 },
    'hang',
    abort.signal,
  );
  setTimeout(() => abort.abort(new Error('enough')), 200);
  await expect(running).rejects.toThrow('enough');
});

test('threads are refused where each cannot have a connection; never more than there are clients', () => {
  const alone = { ...shape, shares: undefined };
  expect(constantClients.plan({ clients: 8, threads: 2 }, alone)).toMatchObject({
    state: 'refused',
    reason: expect.stringContaining('each of the 2 threads needs a connection') as string,
  });
  expect(constantRate.plan({ rate: 10, seconds: 1, warmUp: 0, inFlight: 8, threads: 2 }, alone).state).toBe(
    'refused',
  );
  expect(constantClients.plan({ clients: 1, threads: 2 }, alone).state).toBe('ok');
  expect(constantClients.plan({ clients: 8, threads: 2 }, shape).state).toBe('ok');
});

test('each client of an engine that blocks has a thread, where its index can be opened again', () => {
  const blocking: TrialShape = { ...shape, execution: 'blocking' };
  const filtered = { rows: 100, writable: false, filtered: true };
  expect(threadsOf({ clients: 4, threads: 2 }, blocking)).toBe(4);
  expect(threadsOf({ inFlight: 64 }, blocking)).toBe(1);
  expect(constantClients.plan({ clients: 4 }, blocking)).toEqual({ state: 'ok', passes: 1 });
  expect(constantClients.plan({ clients: 65 }, blocking).state).toBe('refused');
  expect(constantClients.plan({ clients: 4 }, { ...blocking, collection: filtered })).toMatchObject({
    reason: expect.stringContaining('does not hold what filters need'),
  });
  expect(constantClients.plan({ clients: 1 }, { ...blocking, collection: filtered }).state).toBe('ok');
});
