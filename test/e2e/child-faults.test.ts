import { describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { type Outcome, type Running, start, vecproof } from './helpers/cli.js';
import { eventsOf, manifest, passCounts, states, trialInSearch } from './helpers/log.js';
import { buildProcess, hasProc } from './helpers/processes.js';
import { QUERIES, REPEAT, slowSuite } from './helpers/slow-suite.js';
import { until } from './helpers/until.js';
import type { Workspace } from './helpers/workspace.js';

const results = (work: Workspace) => work.json<Results>('results.json');
const failed = (work: Workspace) => results(work).trials.filter(({ state }) => state === 'failed');

/** Trials of a build of the plan: all its ids. */
function trialsOf(work: Workspace, build: 0 | 1): string[] {
  return manifest(work).plan[build]!.trials.map(({ id }) => id);
}

function signalBuild({ mark }: Running, signal: NodeJS.Signals): void {
  const pid = buildProcess(mark);
  if (pid === undefined) throw new Error('there is no process of a build');
  process.kill(pid, signal);
}

/** Strikes as soon as a measured pass of the second repetition goes on; returns the trial it belongs to. */
async function strikeInSearch(running: Running, work: Workspace, signal: NodeJS.Signals): Promise<string> {
  const hit = await until('a measured pass after the first ones', () => {
    const done = eventsOf(work, 'phase').filter(({ phase }) => phase === 'record').length;
    return done >= 3 ? trialInSearch(work) : undefined;
  });
  signalBuild(running, signal);
  return hit;
}

/** Strikes while points are loaded: the collection was created, nothing else is recorded yet. */
async function strikeInLoad(running: Running, work: Workspace, signal: NodeJS.Signals): Promise<void> {
  await until('points are loaded', () => eventsOf(work, 'phase').at(-1)?.phase === 'create');
  signalBuild(running, signal);
}

function expectFailure({ code, stderr, stdout }: Outcome): void {
  expect(code, stderr).toBe(3);
  expect(stdout).toContain('report.html');
}

describe.skipIf(!hasProc)('a build’s process that ends by itself', () => {
  test('killed while it searches: the trial in progress is lost, the others are measured on a new build', async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml'], work);
    const hit = await strikeInSearch(running, work, 'SIGKILL');
    expectFailure(await running.ended);
    expect(failed(work).map(({ id }) => id)).toEqual([hit]);
    expect(failed(work)[0]?.error).toContain('crashed with signal SIGKILL');
    expect(failed(work)[0]?.measures, 'a failed trial has no figures').toEqual({});
    const others = trialsOf(work, 0).filter((id) => id !== hit);
    for (const { id, state, flags } of results(work).trials) {
      if (id === hit) continue;
      expect(state).toBe('completed');
      expect(await passCounts(work, id)).toEqual({ pairs: QUERIES * REPEAT, most: 1 });
      // Its passes come from two builds of the same index: that must be said.
      expect(flags.includes('mixed-builds'), id).toBe(others.includes(id));
    }
    expect(eventsOf(work, 'buildBegin').map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
    const attempts = results(work).trials.filter(({ id }) => others.includes(id));
    expect(attempts.map(({ attempt }) => attempt)).toEqual(others.map(() => 2));
    expect(work.halfWritten()).toEqual([]);

    const again = await vecproof(['run', '--resume', 'latest'], work);
    expect(again.code, 'a recorded failure stays one').toBe(3);
    const retried = await vecproof(['run', '--resume', 'latest', '--retry-failed'], work);
    expect(retried.code, retried.stderr).toBe(0);
    expect(states(work)[hit]).toBe('completed');
    expect(await passCounts(work, hit)).toEqual({ pairs: QUERIES * REPEAT, most: 1 });
  });

  test('crashed while it loads: all trials of this build are lost, the other build is measured', async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml'], work);
    await strikeInLoad(running, work, 'SIGSEGV');
    expectFailure(await running.ended);
    expect(failed(work).map(({ id }) => id)).toEqual(trialsOf(work, 0));
    for (const { error } of failed(work)) expect(error).toContain('crashed with signal SIGSEGV');
    for (const id of trialsOf(work, 1)) expect(states(work)[id]).toBe('completed');
    expect(eventsOf(work, 'buildEnd').map(({ state }) => state)).toEqual(['failed', 'completed']);
    expect(work.halfWritten()).toEqual([]);
  });
});

describe.skipIf(!hasProc)('a build’s process that hangs', () => {
  test('while it searches: the deadline is named, the other trials are measured', async () => {
    const work = slowSuite('deadline: { search: 6 }');
    const running = start(['run', 'suite.yaml', '--only', 'm4-'], work);
    const hit = await strikeInSearch(running, work, 'SIGSTOP');
    expectFailure(await running.ended);
    expect(failed(work).map(({ id }) => id)).toEqual([hit]);
    expect(failed(work)[0]?.error).toContain('search took longer than its deadline of 6 s (deadline.search)');
    const others = Object.entries(states(work)).filter(([id]) => id !== hit);
    expect(others.map(([, state]) => state)).toEqual(['completed', 'completed']);
  });

  test('while it loads: the deadline is named, and the build is lost', async () => {
    const work = slowSuite('deadline: { create: 6, load: 6 }');
    const running = start(['run', 'suite.yaml', '--only', 'ef300'], work);
    await strikeInLoad(running, work, 'SIGSTOP');
    expectFailure(await running.ended);
    expect(failed(work).map(({ id }) => id)).toEqual(trialsOf(work, 0));
    expect(failed(work)[0]?.error).toMatch(
      /took longer than its deadline of 6 s \(deadline\.(create|load)\)/,
    );
    expect(states(work)[trialsOf(work, 1)[0]!]).toBe('completed');
  });
});

test.skipIf(!hasProc)('a build that takes more memory than allowed is ended, with both figures', async () => {
  const work = slowSuite('memoryLimit: 50MiB');
  const outcome = await vecproof(['run', 'suite.yaml', '--only', 'ef300'], work);
  expectFailure(outcome);
  expect(failed(work)).toHaveLength(2);
  for (const { error } of failed(work)) {
    expect(error).toMatch(/resident memory reached \d+ MiB, over the limit of 50 MiB \(memoryLimit\)/);
  }
  expect(work.halfWritten()).toEqual([]);
});
