import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { start, vecproof } from '../e2e/helpers/cli.js';
import { events, eventsOf, trialInSearch } from '../e2e/helpers/log.js';
import { until } from '../e2e/helpers/until.js';
import type { Workspace } from '../e2e/helpers/workspace.js';
import { containersOf, describeWithPgvector, inside } from './docker.js';
import { containerOf, serverSuite } from './suite.js';

const trials = (work: Workspace) => work.json<Results>('results.json').trials;

/** Nothing of the run is left in Docker. */
async function nothingLeft(work: Workspace): Promise<void> {
  expect(await containersOf(work.runs[0]!)).toEqual([]);
}

describeWithPgvector('a server that fails', () => {
  test('dies while it is searched: that trial fails with the server’s state, the rest is measured on a fresh one', async () => {
    const work = serverSuite('', '', 'm: [4, 8]');
    const running = start(['run', 'suite.yaml'], work);
    const hit = await until('a pass goes on', () => trialInSearch(work));
    await (await containerOf(work)).kill();
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(3);
    for (const { id, state, error } of trials(work)) {
      expect(state, `${id} ${error}`).toBe(id === hit ? 'failed' : 'completed');
      if (id === hit) {
        expect(error).toContain('the server ended with exit code 137');
        expect(error).toContain('database system is ready to accept connections');
        const [, log] = /its whole log: (\S+)/.exec(error!)!;
        expect(readFileSync(work.run(log!), 'utf8')).toContain('listening on IPv4');
      }
    }
    expect(eventsOf(work, 'buildBegin')).toHaveLength(3);
    await nothingLeft(work);
  });

  test('breaks the connection while it is searched: that trial fails, the rest is measured', async () => {
    const work = serverSuite();
    const running = start(['run', 'suite.yaml'], work);
    const hit = await until('a pass goes on', () => trialInSearch(work));
    const container = await containerOf(work);
    // The processes that serve clients end, the server stays.
    await inside(container, 'for p in $(pgrep -f "postgres: postgres"); do kill -TERM $p; done');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(3);
    for (const { id, state, error } of trials(work)) {
      expect(state, `${id} ${error}`).toBe(id === hit ? 'failed' : 'completed');
      if (id === hit) expect(error).toContain('the connection to the server is lost');
    }
    await nothingLeft(work);
  });

  test('hangs: the deadline ends the trial, and says that the container is paused', async () => {
    const work = serverSuite('', 'deadline: { search: 4 }');
    const running = start(['run', 'suite.yaml'], work);
    const hit = await until('a pass goes on', () => trialInSearch(work));
    await (await containerOf(work)).pause();
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(3);
    const failed = trials(work).filter(({ state }) => state === 'failed');
    expect(failed.map(({ id }) => id)).toEqual([hit]);
    expect(failed[0]!.error).toMatch(/container is paused[\s\S]*search took longer than its deadline of 4 s/);
    await nothingLeft(work);
  });

  test('runs out of memory: the build fails, and the limit is named', async () => {
    const work = serverSuite('memory: 96MiB');
    const running = start(['run', 'suite.yaml'], work);
    const container = await containerOf(work);
    await until('the server answers', () => events(work).some(({ type }) => type === 'phase'));
    await fill(container);
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(3);
    expect(trials(work).map(({ state }) => state)).toContain('failed');
    const { error } = trials(work).find(({ state }) => state === 'failed')!;
    expect(error).toContain('the server ran out of memory: the kernel killed one of its processes');
    expect(error).toContain('at the limit of 96 MiB (memory)');
    await nothingLeft(work);
  });

  test('cannot be started with the limit that the suite sets: exit code 3 and the remedy', async () => {
    const work = serverSuite('memory: 8MiB');
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
    expect(code, stderr).toBe(3);
    const errors = trials(work).map(({ error }) => error);
    expect(errors[0]).toContain('pgvector: memory: the memory limit is below what the server needs to start');
    expect(errors[0]).toContain('set memory: to at least 96MiB');
    await nothingLeft(work);
  });

  test('has an image that is nowhere: its trials are skipped with the remedy, exit code 3', async () => {
    const work = serverSuite('image: localhost:1/no/such:image');
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
    expect(code, stderr).toBe(3);
    for (const { state, reason } of trials(work)) {
      expect(state).toBe('skipped');
      expect(reason).toContain('localhost:1/no/such:image (image: in the suite)');
      expect(reason).toContain('docker pull localhost:1/no/such:image');
    }
  });

  test('leaves no trace of its password in any file of the run', async () => {
    const work = serverSuite('');
    const running = start(['run', 'suite.yaml'], work);
    const container = await containerOf(work);
    const { Config } = await container.inspect();
    const password = Config.Env.find((each) => each.startsWith('POSTGRES_PASSWORD='))!.split('=')[1]!;
    expect(password).toHaveLength(24);
    const { code, stderr, stdout } = await running.ended;
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).not.toContain(password);
    for (const file of work.files()) {
      expect(readFileSync(`${work.folder}/${file}`, 'latin1').includes(password), file).toBe(false);
    }
    expect(existsSync(work.run('logs')), 'no log is kept of what went well').toBe(false);
    const [trial] = trials(work);
    expect(trial!.server).toMatchObject({ mode: 'docker', digest: expect.stringMatching(/^sha256:/) });
    for (const name of [
      'memory.peak',
      'memory.index',
      'memory.search',
      'memory.baseline',
      'client.memory.peak',
      'server.memory.peak',
      'server.cpu.seconds',
      'server.disk',
    ]) {
      expect(trial!.measures[name]?.value, name).toBeGreaterThan(0);
    }
  });
});

/** Takes memory inside the container until the kernel looks for something to kill, which is the largest process. */
async function fill(container: Awaited<ReturnType<typeof containerOf>>): Promise<void> {
  await inside(
    container,
    'echo 1000 >/proc/1/oom_score_adj; dd if=/dev/zero of=/dev/shm/full bs=1M count=200',
  );
}
