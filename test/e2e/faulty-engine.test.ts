import { beforeAll, describe, expect, test } from 'vitest';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { type Fault, nameOf } from '../engines/faults.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { faultyModule } from './helpers/engines.js';
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

/** Runs builds of engines with these faults beside one of a good engine, which must not suffer from them. */
async function run(faults: readonly Fault[], code: number, extra = ''): Promise<Ran> {
  const work = new Workspace();
  work.write('points.npy', POINTS);
  work.write('points.queries.npy', VECTORS);
  for (const fault of faults) work.write(`${nameOf(fault)}.mjs`, faultyModule(fault));
  const uses = faults.map((fault) => `./${nameOf(fault)}.mjs`);
  work.write(
    'suite.yaml',
    `version: 1
name: faulty
dataset: { path: ./points.npy, metric: l2 }
k: 5
repeat: 2
warmup: 0
${extra}
engines: [${[...uses, 'usearch'].map((use) => `{ use: ${use} }`).join(', ')}]
`,
  );
  const outcome = await vecproof(['run', 'suite.yaml', '--json'], work);
  expect(outcome.code, outcome.stderr).toBe(code);
  const results = JSON.parse(outcome.stdout) as Results;
  expect(results.trials).toHaveLength(faults.length + 1);
  const good = results.trials.find(({ engine }) => engine === 'usearch');
  expect(good).toMatchObject({ state: 'completed', error: null });
  expect(doubts(good!)).toEqual([]);
  expect(good?.measures['recall.ties@5']?.value).toBeGreaterThan(0.99);
  expect(work.halfWritten()).toEqual([]);
  return { work, results, stderr: outcome.stderr };
}

/** Flags that the answers earn; that others used the machine meanwhile is no fault of theirs. */
const doubts = ({ flags }: TrialRow) => flags.filter((flag) => !flag.startsWith('busy-'));

function trialOf({ results }: Ran, fault: Fault): TrialRow {
  const found = results.trials.find(({ engine }) => engine === nameOf(fault));
  if (found === undefined) throw new Error(`no trial of ${nameOf(fault)}`);
  return found;
}

describe('engines that fail', () => {
  const FAILS: readonly [Fault, string][] = [
    ['connect throws', 'connection refused'],
    ['load aborts', 'crashed with signal SIGABRT'],
    ['load rejects later', 'connection lost'],
    ['loses points', 'the engine counts 199 points after 200 were loaded'],
    ['leaves points unindexed', 'the engine indexed 195 of 200 points'],
    ['query exits', 'crashed with exit code 0'],
  ];
  let ran: Ran;
  beforeAll(async () => {
    ran = await run(
      FAILS.map(([fault]) => fault),
      3,
    );
  });

  test.each(FAILS)('%s: the build is recorded as failed, without figures', (fault, message) => {
    const { state, error, measures } = trialOf(ran, fault);
    expect(state).toBe('failed');
    expect(error).toContain(message);
    expect(measures).toEqual({});
  });
});

describe('engines that fail after their last trial, or answer badly: the run has passed', () => {
  let ran: Ran;
  beforeAll(async () => {
    const drops = ['drop crashes', 'drop throws'] as const;
    const answers = [
      'query throws',
      'query repeats itself',
      'query finds strangers',
      'query is short',
    ] as const;
    ran = await run([...drops, ...answers, 'talks'], 0);
  });

  test.each<[Fault, string]>([
    ['drop crashes', 'SIGABRT'],
    ['drop throws', 'cannot drop'],
  ])('%s: what was measured counts, and the failure is told', (fault, message) => {
    expect(trialOf(ran, fault)).toMatchObject({ state: 'completed' });
    const ends = events(ran.work).filter((event) => event.type === 'buildEnd');
    expect(ends.filter(({ build }) => build.includes(nameOf(fault)))).toMatchObject([{ state: 'failed' }]);
    expect(ends.filter(({ build }) => build.includes('usearch'))).toMatchObject([{ state: 'completed' }]);
    const told = new RegExp(`${nameOf(fault)}-none.* failed after its last trial: .*${message}`);
    expect(ran.results.warnings.join('\n')).toMatch(told);
    expect(ran.stderr).toMatch(told);
  });

  test('some queries fail: they count as errors and as found nothing, and have no distance', () => {
    const trial = trialOf(ran, 'query throws');
    expect(trial).toMatchObject({ state: 'completed' });
    expect(doubts(trial)).toEqual(['failed-queries']);
    expect(trial.measures['errors']).toMatchObject({ value: (2 * QUERIES) / 4, n: 2 * QUERIES });
    expect(trial.measures['recall@5']?.n, 'a failed query is not left out').toBe(QUERIES);
  });

  test.each<[Fault, string]>([
    ['query repeats itself', 'duplicate-hits'],
    ['query finds strangers', 'unknown-keys'],
    ['query is short', 'underfilled'],
  ])('%s: the trial carries a flag', (fault, flag) => {
    expect(trialOf(ran, fault).state).toBe('completed');
    expect(trialOf(ran, fault).flags).toContain(flag);
  });

  test('a client that talks does not disturb the JSON on stdout', () => {
    expect(trialOf(ran, 'talks').state).toBe('completed');
  });
});

describe.concurrent('an engine that fails at every query, hangs or grows', () => {
  test('all queries fail: that is a failure, and there is no recall and no latency, not even 0', async () => {
    const trial = trialOf(await run(['query throws always'], 3), 'query throws always');
    expect(doubts(trial)).toEqual(['failed-queries']);
    expect(trial.measures['errors']?.value).toBe(2 * QUERIES);
    const measured = Object.keys(trial.measures).filter((name) =>
      /recall|latency|throughput|distance/.test(name),
    );
    expect(measured).toEqual([]);
  });

  const hangs = ['query never returns', 'query never resolves'] as const;
  test(`${hangs.join(', ')}: the deadline ends it`, async () => {
    const ran = await run(hangs, 3, 'deadline: { search: 2 }');
    const message = 'search took longer than its deadline of 2 s (deadline.search)';
    for (const fault of hangs) expect(trialOf(ran, fault).error, fault).toContain(message);
  });

  test('exit never ends: all was measured, and the process is ended', async () => {
    const ran = await run(['exit never ends'], 0, 'deadline: { search: 2 }');
    expect(trialOf(ran, 'exit never ends')).toMatchObject({ state: 'completed', error: null });
    expect(ran.results.warnings).toEqual([]);
  });

  test('query takes memory: the limit ends it', async () => {
    const ran = await run(['query takes memory'], 3, 'memoryLimit: 300MiB');
    const { error } = trialOf(ran, 'query takes memory');
    expect(error).toMatch(/resident memory reached \d+ MiB, over the limit of 300 MiB/);
  });
});
