import { expect, test } from 'vitest';
import { start, vecproof } from '../e2e/helpers/cli.js';
import { trialInSearch } from '../e2e/helpers/log.js';
import { marked } from '../e2e/helpers/processes.js';
import { until } from '../e2e/helpers/until.js';
import { containersOf, describeWithPgvector, volumeExists, volumesOf } from './docker.js';
import { containerOf, serverSuite } from './suite.js';

describeWithPgvector('a run on a server that is stopped', () => {
  test('by Ctrl-C leaves no container, and continues on a fresh one', async () => {
    const work = serverSuite();
    const running = start(['run', 'suite.yaml'], work);
    await until('a pass goes on', () => trialInSearch(work));
    process.kill(-running.child.pid!, 'SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(await containersOf(work.runs[0]!)).toEqual([]);
    const resumed = await vecproof(['run', '--resume', 'latest'], work);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await containersOf(work.runs[0]!)).toEqual([]);
  });

  test('by kill -9 of the supervisor: the build’s process removes the container with its volumes', async () => {
    const work = serverSuite();
    const running = start(['run', 'suite.yaml'], work);
    await until('a pass goes on', () => trialInSearch(work));
    const { id } = await containerOf(work);
    const volumes = await volumesOf(id);
    expect(volumes).not.toEqual([]);
    running.child.kill('SIGKILL');
    await running.ended;
    await until('the container is gone', async () => (await containersOf(work.runs[0]!)).length === 0);
    for (const volume of volumes) expect(await volumeExists(volume)).toBe(false);
  });

  test('by kill -9 of everything: doctor --clean removes the container, and so does the next run', async () => {
    for (const command of [
      ['doctor', '--clean'],
      ['run', 'suite.yaml', '--only', 'm4-efConstruction64-ef100'],
    ]) {
      const work = serverSuite();
      const running = start(['run', 'suite.yaml'], work);
      await until('a pass goes on', () => trialInSearch(work));
      const [run] = work.runs;
      const volumes = await volumesOf((await containerOf(work)).id);
      expect(volumes).not.toEqual([]);
      // All at once: none of them can act for another that is gone.
      const all = marked(running.mark).map(({ pid }) => pid);
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of all) process.kill(pid, signal);
      await running.ended;
      expect(await containersOf(run!)).toHaveLength(1);
      const { code, stdout, stderr } = await vecproof(command, work);
      expect(code, stderr).toBe(0);
      expect(stdout + stderr).toMatch(
        new RegExp(`${run}.*(was removed|had left)|removed what the killed run ${run}`),
      );
      expect(await containersOf(run!)).toEqual([]);
      for (const volume of volumes) expect(await volumeExists(volume)).toBe(false);
    }
  });

  test('a container of a run that goes on is left alone by doctor --clean', async () => {
    const work = serverSuite();
    const running = start(['run', 'suite.yaml'], work);
    await until('a pass goes on', () => trialInSearch(work));
    const other = serverSuite();
    const { code, stderr } = await vecproof(['doctor', '--clean'], other);
    expect(code, stderr).toBe(0);
    const outcome = await running.ended;
    expect(outcome.code, outcome.stderr).toBe(0);
  });
});
