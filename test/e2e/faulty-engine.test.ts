import { describe, expect, test } from 'vitest';
import type { Results, TrialRow } from '../../harness/model/results.js';
import type { Fault } from '../engines/faults.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { FAULTY } from './helpers/engines.js';
import { events } from './helpers/log.js';
import { Workspace } from './helpers/workspace.js';

const QUERIES = 40;
const POINTS = npy(randomVectors(200, 8));
const VECTORS = npy(randomVectors(QUERIES, 8, 2));

interface Ran {
  work: Workspace;
  results: Results;
  stderr: string;
}

/** Runs a build of the faulty engine beside one of a good engine, which must not suffer from it. */
async function run(fault: Fault, code: number, extra = ''): Promise<Ran> {
  const work = new Workspace();
  work.write('points.npy', POINTS);
  work.write('points.queries.npy', VECTORS);
  work.write(
    'suite.yaml',
    `version: 1
name: faulty
dataset: { path: ./points.npy, metric: l2 }
k: 5
repeat: 2
warmup: 0
${extra}
engines: [{ use: ${FAULTY} }, { use: usearch }]
`,
  );
  const place = { folder: work.folder, env: { FAULT: fault } };
  const outcome = await vecproof(['run', 'suite.yaml', '--json'], place);
  expect(outcome.code, outcome.stderr).toBe(code);
  const results = JSON.parse(outcome.stdout) as Results;
  const good = results.trials.find(({ engine }) => engine === 'usearch');
  expect(good).toMatchObject({ state: 'completed', error: null });
  expect(doubts(good!)).toEqual([]);
  expect(good?.measures['recall.ties@5']?.value).toBeGreaterThan(0.99);
  expect(work.halfWritten()).toEqual([]);
  return { work, results, stderr: outcome.stderr };
}

/** Flags that the answers earn; that others used the machine meanwhile is no fault of theirs. */
const doubts = ({ flags }: TrialRow) => flags.filter((flag) => !flag.startsWith('busy-'));
const faulty = ({ results }: Ran) => results.trials.find(({ engine }) => engine === 'faulty')!;
const value = (ran: Ran, name: string) => faulty(ran).measures[name]?.value;

describe.concurrent('an engine that fails', () => {
  test.each<[Fault, string]>([
    ['connect throws', 'connection refused'],
    ['load aborts', 'crashed with signal SIGABRT'],
    ['load rejects later', 'connection lost'],
    ['loses points', 'the engine counts 199 points after 200 were loaded'],
    ['leaves points unindexed', 'the engine indexed 195 of 200 points'],
    ['query exits', 'crashed with exit code 0'],
  ])('%s: the build is recorded as failed, without figures', async (fault, message) => {
    const ran = await run(fault, 3);
    expect(faulty(ran).state).toBe('failed');
    expect(faulty(ran).error).toContain(message);
    expect(faulty(ran).measures).toEqual({});
  });

  test.each<Fault>(['drop crashes', 'drop throws'])(
    '%s: what was measured counts, and the failure is told',
    async (fault) => {
      const ran = await run(fault, 0);
      expect(faulty(ran)).toMatchObject({ state: 'completed' });
      expect(
        events(ran.work)
          .filter((event) => event.type === 'buildEnd')
          .map(({ state }) => state),
      ).toEqual(['failed', 'completed']);
      expect(ran.results.warnings.join()).toMatch(
        /faulty-none.* failed after its last trial: .*(SIGABRT|cannot drop)/,
      );
      expect(ran.stderr).toContain('failed after its last trial');
    },
  );
});

describe('an engine that hangs or grows', () => {
  test.each<[Fault, string]>([
    ['query never returns', 'search took longer than its deadline of 2 s (deadline.search)'],
    ['query never resolves', 'search took longer than its deadline of 2 s (deadline.search)'],
  ])('%s: the deadline ends it', async (fault, message) => {
    const ran = await run(fault, 3, 'deadline: { search: 2 }');
    expect(faulty(ran).error).toContain(message);
  });

  test('exit never ends: all was measured, and the process is ended', async () => {
    const ran = await run('exit never ends', 0, 'deadline: { search: 2 }');
    expect(faulty(ran)).toMatchObject({ state: 'completed', error: null });
    expect(ran.results.warnings).toEqual([]);
  });

  test('query takes memory: the limit ends it', async () => {
    const ran = await run('query takes memory', 3, 'memoryLimit: 300MiB');
    expect(faulty(ran).error).toMatch(/resident memory reached \d+ MiB, over the limit of 300 MiB/);
  });
});

describe.concurrent('an engine that answers badly', () => {
  test('some queries fail: they count as errors and as found nothing, and have no distance', async () => {
    const ran = await run('query throws', 0);
    expect(faulty(ran)).toMatchObject({ state: 'completed' });
    expect(doubts(faulty(ran))).toEqual(['failed-queries']);
    expect(faulty(ran).measures['errors']).toMatchObject({ value: (2 * QUERIES) / 4, n: 2 * QUERIES });
    expect(faulty(ran).measures['recall@5']?.n, 'a failed query is not left out').toBe(QUERIES);
  });

  test('all queries fail: that is a failure, and there is no recall and no latency, not even 0', async () => {
    const ran = await run('query throws always', 3);
    expect(doubts(faulty(ran))).toEqual(['failed-queries']);
    expect(value(ran, 'errors')).toBe(2 * QUERIES);
    const measured = Object.keys(faulty(ran).measures).filter((name) =>
      /recall|latency|throughput|distance/.test(name),
    );
    expect(measured).toEqual([]);
  });

  test.each<[Fault, string]>([
    ['query repeats itself', 'duplicate-hits'],
    ['query finds strangers', 'unknown-keys'],
    ['query is short', 'underfilled'],
  ])('%s: the trial carries a flag', async (fault, flag) => {
    const ran = await run(fault, 0);
    expect(faulty(ran).state).toBe('completed');
    expect(faulty(ran).flags).toContain(flag);
  });

  test('a client that talks does not disturb the JSON on stdout', async () => {
    expect(faulty(await run('talks', 0)).state).toBe('completed');
  });
});
