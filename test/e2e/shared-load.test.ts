import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compiledModule } from '../../common/paths.js';
import type { LoggedEvent } from '../../harness/model/events.js';
import type { Results } from '../../harness/model/results.js';
import { readSamples } from '../../harness/store/samples.js';
import { answeringServer } from './helpers/answering.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const LATER_MS = 40;
const [RATE, SECONDS] = [200, 2];
/** Seconds until both have begun, and the first has loaded its points. */
const LEADS = [7, 20, 60];
const TRIAL = 'answering-none-constant-rate-rate200-seconds2-warmUp0.2-timeout1';

let work: Workspace;
let server: Awaited<ReturnType<typeof answeringServer>>;
let shards: string[];

/** Of one run of the workspace. */
const at = (run: string, ...names: string[]) => join(work.folder, '.runs', run, ...names);
const resultsOf = (run: string) => JSON.parse(readFileSync(at(run, 'results.json'), 'utf8')) as Results;
const eventsOf = (run: string) =>
  readFileSync(at(run, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LoggedEvent);

/** Of raw samples, by the nearest rank and its neighbour, with nothing of the project's statistics. */
async function latenciesOf(run: string): Promise<number[]> {
  const { due, answered } = await readSamples(at(run, 'samples', `${TRIAL}.parquet`), 10);
  return Array.from(due, (each, i) => answered[i]! - each).sort((a, b) => a - b);
}

/** @returns whether the first machine was ready in time; any other failure is one of the test */
async function sendTogether(seconds: number): Promise<boolean> {
  const start = new Date(Date.now() + 1000 * seconds).toISOString();
  const run = (shard: string, url: string) =>
    vecproof(['run', 'suite.yaml', '--shard', shard, '--start-at', start], {
      folder: work.folder,
      env: { SERVER: url },
    });
  const ended = await Promise.all([run('1/2', server.prompt), run('2/2', server.late)]);
  const errors = work.runs.slice(-2).flatMap((run) => resultsOf(run).trials.map(({ error }) => error));
  if (errors.some((error) => error?.includes('choose a later time'))) return false;
  for (const { code, stderr } of ended) expect(code, `${stderr}${errors.join()}`).toBe(0);
  return true;
}

beforeAll(async () => {
  server = await answeringServer(LATER_MS);
  work = new Workspace();
  work.write('points.npy', npy(randomVectors(300, 4)));
  work.write('points.queries.npy', npy(randomVectors(50, 4, 2)));
  work.write(
    'suite.yaml',
    `version: 1
name: shared
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 1
warmup: 3
engines:
  - use: ${compiledModule('test/engines/answering.js')}
    url: "\${SERVER}"
    index: { type: none }
workloads:
  - { type: constant-rate, rate: ${RATE}, seconds: ${SECONDS}, warmUp: 0.2, timeout: 1 }
`,
  );
  // On a machine that is busy a later time is chosen, as a user would be told to.
  for (const seconds of LEADS) if (await sendTogether(seconds)) break;
  shards = work.runs.slice(-2).toSorted((a, b) => indexOf(a) - indexOf(b));
});
afterAll(() => server.close());

const indexOf = (run: string) =>
  (JSON.parse(readFileSync(at(run, 'manifest.json'), 'utf8')) as { shard: { index: number } }).shard.index;

describe('a load that two machines send together', () => {
  test('is sent to one collection, which is dropped once nobody searches it any more', () => {
    expect(server.dropped.slice(-1)).toEqual([
      {
        name: expect.stringMatching(/^vecproof_[0-9a-f]{12}$/) as string,
        after: server.searches.prompt + server.searches.late,
      },
    ]);
    expect(Math.min(server.searches.prompt, server.searches.late)).toBeGreaterThan(RATE * SECONDS * 0.3);
  });

  test('becomes one: rates are added, percentiles are those of all raw samples, never a mean of two', async () => {
    const { code, stderr } = await vecproof(['merge', ...shards], work);
    expect(code, stderr).toBe(0);
    const merged = work.runs.at(-1)!;
    const [row] = resultsOf(merged).trials;
    expect(row).toMatchObject({ id: TRIAL, state: 'completed', workloadOptions: { rate: RATE } });
    expect(resultsOf(merged).run.command).toBe('vecproof run suite.yaml');
    const own = await Promise.all(shards.map(latenciesOf));
    const all = own.flat().sort((a, b) => a - b);
    expect(row!.measures['errors']!.n).toBe(all.length);
    expect((await latenciesOf(merged)).map((ms) => ms.toFixed(4))).toEqual(all.map((ms) => ms.toFixed(4)));
    // Half of the answers are late: the median of one machine says nothing of all.
    for (const p of [0.5, 0.9, 0.99]) {
      const rank = p * (all.length - 1);
      const [low, high] = [all[Math.floor(rank)]!, all[Math.ceil(rank)]!];
      const found = row!.measures[`latency.p${p * 100}`]?.value;
      if (p === 0.99 && all.length < 1000 && found === undefined) continue;
      expect(found).toBeGreaterThanOrEqual(low - 1e-6);
      expect(found).toBeLessThanOrEqual(high + 1e-6);
    }
    const rates = shards.map((run) => resultsOf(run).trials[0]!.measures['load.offered']!.value);
    expect(row!.measures['load.offered']!.value / (rates[0]! + rates[1]!)).toBeCloseTo(1, 1);
    const throughputs = shards.map((run) => resultsOf(run).trials[0]!.measures['throughput']!.value);
    expect(row!.measures['throughput']!.value / (throughputs[0]! + throughputs[1]!)).toBeCloseTo(1, 1);
  });

  test('has arrivals of its own on each, and says how well the machines agreed on the time', () => {
    const merged = work.runs.at(-1)!;
    const warnings = eventsOf(merged).flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings.join('\n')).toMatch(
      /began within \d+ ms of each other on all machines, by the server's clock, within/,
    );
    const shared = shards.map(
      (run) => eventsOf(run).flatMap((event) => (event.type === 'trialEnd' ? [event.shared!] : []))[0]!,
    );
    for (const { passes, clock } of shared) {
      expect(passes).toHaveLength(1);
      // Both ask one clock, which is this machine's.
      expect(Math.abs(clock!.ahead)).toBeLessThanOrEqual(clock!.within + 1);
    }
  });

  test('cannot be merged without one of them, nor continued', async () => {
    const alone = await vecproof(['merge', shards[0]!], work);
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain('shard 2 of 2 is missing');
    const resumed = await vecproof(['run', '--resume', shards[1]!], {
      folder: work.folder,
      env: { SERVER: server.late },
    });
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toContain('the others do not wait for it');
  });
});
