import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { start, vecproof } from './helpers/cli.js';
import { events, eventsOf, manifest, passCounts, sampleFiles, states, trialInSearch } from './helpers/log.js';
import { hasProc, marked } from './helpers/processes.js';
import { QUERIES, REPEAT, slowSuite } from './helpers/slow-suite.js';
import { until } from './helpers/until.js';
import type { Workspace } from './helpers/workspace.js';

/** Waits until a build has passes on disk and the next pass goes on. */
function midway(work: Workspace, build: 0 | 1): Promise<string> {
  return until(`build ${build} is in its second pass`, () => {
    const id = work.runs.length === 0 ? undefined : events(work).length > 0 && manifest(work).plan[build]?.id;
    if (id === undefined || id === false) return undefined;
    const recorded = eventsOf(work, 'phase').filter(
      ({ phase, build: of }) => phase === 'record' && of === id,
    );
    return recorded.length > 0 ? trialInSearch(work, id) : undefined;
  });
}

/**
 * Everything was measured, every query once in each repetition, and nothing is left of the interruption.
 * @param begun trials with passes of two builds: all of such a build have the flag
 */
async function complete(work: Workspace, begun: readonly string[]): Promise<void> {
  const mixed = manifest(work).plan.flatMap(({ trials }) =>
    trials.some(({ id }) => begun.includes(id)) ? trials.map(({ id }) => id) : [],
  );
  const results = work.json<Results>('results.json');
  expect(results.run.state).toBe('completed');
  expect(new Set(Object.values(states(work)))).toEqual(new Set(['completed']));
  for (const { id, flags, measures } of results.trials) {
    expect(await passCounts(work, id), id).toEqual({ pairs: QUERIES * REPEAT, most: 1 });
    expect(measures['errors'], id).toMatchObject({ value: 0, n: QUERIES * REPEAT });
    expect(flags.includes('mixed-builds'), id).toBe(mixed.includes(id));
    expect(eventsOf(work, 'trialEnd').filter(({ trial }) => trial === id)).toHaveLength(1);
  }
  expect(readdirSync(work.run('samples', 'parts'))).toEqual([]);
  expect(work.halfWritten()).toEqual([]);
}

function partsOf(work: Workspace): string[] {
  const names = readdirSync(work.run('samples', 'parts'));
  return [...new Set(names.map((name) => name.replace(/\.\d+\.parquet$/, '')))];
}

describe.skipIf(!hasProc)('a run that is stopped', () => {
  test('by Ctrl-C ends in good order with exit code 130, and continues', async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml'], work);
    await midway(work, 1);
    process.kill(-running.child.pid!, 'SIGINT');
    const { code, stderr, stdout } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain(`--resume .runs/${work.runs[0]}`);
    expect(stdout, 'what was measured is reported').toContain('report.html');
    expect(work.json<Results>('results.json').run.state).toBe('interrupted');
    const before = sampleFiles(work);
    expect(before.size).toBe(3);
    expect(states(work)).toMatchObject(Object.fromEntries([...before.keys()].map((id) => [id, 'completed'])));
    const begun = partsOf(work);
    expect(work.halfWritten()).toEqual([]);

    const resumed = await vecproof(['run', '--resume', 'latest'], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    await complete(work, begun);
    const after = sampleFiles(work);
    for (const [id, bytes] of before) expect(after.get(id)?.equals(bytes), id).toBe(true);
  });

  test('by kill -9 leaves no process and no half-written file, and loses only the pass in progress', async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml'], work);
    await midway(work, 1);
    // The command, who watches it, and the build.
    expect(marked(running.mark)).toHaveLength(3);
    running.child.kill('SIGKILL');
    const { code } = await running.ended; // It checks that the build's process is gone, too.
    expect(code).toBeNull();
    expect(work.halfWritten()).toEqual([]);
    const before = sampleFiles(work);
    expect(before.size).toBe(3);
    const begun = partsOf(work);
    expect(begun).not.toEqual([]);

    const doctor = await vecproof(['doctor'], work);
    expect(doctor.stdout).toMatch(/run .*did not end; continue it with .*--resume/);
    const resumed = await vecproof(['run', '--resume', work.run()], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    await complete(work, begun);
    const after = sampleFiles(work);
    for (const [id, bytes] of before) expect(after.get(id)?.equals(bytes), id).toBe(true);
  });

  test('by a second Ctrl-C ends at once, and still leaves no process', async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml'], work);
    await midway(work, 0);
    process.kill(-running.child.pid!, 'SIGINT');
    process.kill(-running.child.pid!, 'SIGTERM');
    expect((await running.ended).code).toBe(130);
    const resumed = await vecproof(['run', '--resume', 'latest'], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(new Set(Object.values(states(work)))).toEqual(new Set(['completed']));
  });
});

test.skipIf(!hasProc)(
  'trials of a build that was made again are told apart, each with its own cost',
  async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml', '--only', 'm4-'], work);
    await until('a trial has ended', () => eventsOf(work, 'trialEnd')[0]);
    process.kill(-running.child.pid!, 'SIGINT');
    expect((await running.ended).code).toBe(130);
    const resumed = await vecproof(['run', '--resume', 'latest'], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(eventsOf(work, 'buildBegin').map(({ attempt }) => attempt)).toEqual([1, 2]);
    const attempts = eventsOf(work, 'trialEnd').map(({ trial, attempt }) => [trial, attempt] as const);
    expect(new Set(attempts.map(([, attempt]) => attempt))).toEqual(new Set([1, 2]));
    const costs = eventsOf(work, 'buildEnd').map(({ cost }) => cost.loadSeconds! + cost.indexSeconds!);
    const { trials, warnings } = work.json<Results>('results.json');
    for (const { id, attempt, flags, measures } of trials) {
      expect(attempt).toBe(new Map(attempts).get(id));
      expect(measures['build.seconds']?.value).toBe(costs[attempt! - 1]);
      expect(flags).toContain('mixed-builds');
    }
    expect(warnings).toEqual([expect.stringContaining('was made 2 times')]);
  },
);

test.skipIf(!hasProc)(
  'after a power cut doctor finds what is left, --clean removes it, and the run continues',
  async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml', '--only', 'm4-'], work);
    await midway(work, 0);
    process.kill(-running.child.pid!, 'SIGKILL');
    await running.ended;
    expect(work.halfWritten(), 'nobody was there to clean up').not.toEqual([]);
    const found = await vecproof(['doctor'], work);
    expect(found.stdout).toMatch(
      /run .*ended without cleaning up.*--resume.*\n +fix: vecproof doctor --clean/,
    );
    const begun = partsOf(work);
    expect((await vecproof(['doctor', '--clean'], work)).stdout).toContain('what it left behind was removed');
    expect(work.halfWritten()).toEqual([]);
    expect(partsOf(work), 'what was measured is kept').toEqual(begun);
    const resumed = await vecproof(['run', '--resume', 'latest'], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    await complete(work, begun);
  },
);

describe.skipIf(!hasProc)('one supervisor for one run', () => {
  test('a second one is refused while the first goes on; afterwards there is nothing left to do', async () => {
    const work = slowSuite();
    const running = start(['run', 'suite.yaml'], work);
    await midway(work, 0);
    const second = await vecproof(['run', '--resume', 'latest'], work);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/this run is in progress \(got "process \d+"\)\n {2}next: /);
    const program = marked(running.mark).find(({ command }) => command.includes('cli/program.js'));
    expect(second.stderr).toContain(`process ${program?.pid}`);
    expect((await running.ended).code).toBe(0);
    await complete(work, []);
    const before = work.read('results.csv');
    const again = await vecproof(['run', '--resume', 'latest'], work);
    expect(again.code, again.stderr).toBe(0);
    expect(work.read('results.csv')).toBe(before);
  });
});
