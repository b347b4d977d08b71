import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { LaunchedServer, LaunchRequest } from '../../engines/contract/server.js';
import { connectDocker } from '../../engines/launcher/docker.js';
import { connectServer } from '../../engines/pgvector/client.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import { until } from '../e2e/helpers/until.js';
import { temporaryFolder } from '../e2e/helpers/workspace.js';
import { containersOf, describeWithPgvector, never, request, volumeExists, volumesOf } from './docker.js';

const RUN = `launch-test-${process.pid}`;
const running: LaunchedServer[] = [];

async function launch(more: Partial<LaunchRequest> = {}): Promise<LaunchedServer> {
  const server = await pgvector.launch(request(RUN, more));
  running.push(server);
  return server;
}

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

describeWithPgvector('a server in a container', () => {
  test('answers where it says, and is gone with its volumes after stop', async () => {
    const server = await launch();
    const session = await connectServer(server.endpoint, never);
    expect(await session.query('SELECT 1 + 1')).toEqual([['2']]);
    await session.close();
    expect(await server.status()).toEqual({ state: 'running', outOfMemory: false });
    const [id] = await containersOf(RUN);
    const volumes = await volumesOf(id!);
    expect(volumes).not.toEqual([]);
    await server.stop();
    expect(await containersOf(RUN)).toEqual([]);
    for (const volume of volumes) expect(await volumeExists(volume)).toBe(false);
  });

  test('has an image with a digest, limits that hold, a log, and figures of what it uses', async () => {
    const logFile = join(temporaryFolder(), 'server.log');
    const server = await launch({ memoryBytes: 512 * 2 ** 20, cpus: 1.5, logFile });
    expect(server.image?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const docker = await connectDocker();
    const [id] = await containersOf(RUN);
    const { HostConfig } = await docker.getContainer(id!).inspect();
    expect(HostConfig).toMatchObject({
      Memory: 512 * 2 ** 20,
      MemorySwap: 512 * 2 ** 20,
      NanoCpus: 1.5e9,
      ShmSize: 512 * 2 ** 20,
    });
    const session = await connectServer(server.endpoint, never);
    expect(await session.query('SHOW shared_buffers')).toEqual([['128MB']]);
    expect(server.memoryPeak()).toBeGreaterThan(2 ** 20);
    const before = server.cpuSeconds()!;
    // 64 MB in one aggregate: more than everything the server has used so far.
    await session.query("SELECT length(string_agg(repeat('x', 1000), '')) FROM generate_series(1, 64000)");
    expect(server.memoryPeak()).toBeGreaterThan(64 * 2 ** 20);
    expect(server.cpuSeconds()).toBeGreaterThan(before);
    const disk = await server.diskBytes();
    await session.query(
      'CREATE TABLE t AS SELECT repeat(md5(i::text), 8) AS a FROM generate_series(1, 100000) i; CHECKPOINT',
    );
    expect((await server.diskBytes())! - disk!).toBeGreaterThan(20 * 2 ** 20);
    await session.close();
    expect(server.logTail(50).join('\n')).toContain('database system is ready to accept connections');
    await server.stop();
    expect(readFileSync(logFile, 'utf8')).toContain('database system is ready to accept connections');
  });

  test('tells when it ends by itself, with its exit code', async () => {
    const server = await launch();
    const [id] = await containersOf(RUN);
    await (await connectDocker()).getContainer(id!).kill();
    expect(await server.ended).toEqual({ state: 'exited', code: 137, outOfMemory: false });
    expect(await server.status()).toMatchObject({ state: 'exited', code: 137 });
  });

  test('tells that it is paused', async () => {
    const server = await launch();
    const [id] = await containersOf(RUN);
    const container = (await connectDocker()).getContainer(id!);
    await container.pause();
    expect(await server.status()).toMatchObject({ state: 'paused' });
    await container.unpause();
  });

  test('acknowledged writes survive a kill: none of a thousand rows is missing after the restart', async () => {
    const server = await launch();
    const session = await connectServer(server.endpoint, never);
    await session.query('CREATE TABLE t (i integer)');
    for (let i = 0; i < 1000; i += 50) {
      await session.query(`INSERT INTO t SELECT generate_series(${i}, ${i + 49})`);
    }
    const used = server.cpuSeconds()!;
    const endpoint = await server.restart!('kill');
    expect(server.endpoint).toEqual(endpoint);
    const again = await connectServer(endpoint, never);
    expect(await again.query('SELECT count(*), min(i), max(i) FROM t')).toEqual([['1000', '0', '999']]);
    await again.close();
    expect(await server.status()).toMatchObject({ state: 'running' });
    expect(server.cpuSeconds(), 'goes on counting').toBeGreaterThan(used);
    await until('the log of the second start', () =>
      server.logTail(50).some((line) => line.includes('database system was not properly shut down')),
    );
    await expect(session.query('SELECT 1')).rejects.toThrow('the connection to the server is lost');
  });

  test('one that does not start is removed, and its last words are told', async () => {
    // The server's own check of its arguments ends it before it is ready.
    const failed = pgvector.launch(request(RUN, { threads: -1e9 }));
    await expect(failed).rejects.toThrow(/the server did not start[\s\S]*max_worker_processes/);
    expect(await containersOf(RUN)).toEqual([]);
  });

  test('a memory limit below what it needs is refused before anything starts', async () => {
    await expect(pgvector.launch(request(RUN, { memoryBytes: 2 ** 20 }))).rejects.toThrow(
      /memory limit is below[\s\S]*96MiB/,
    );
    expect(await containersOf(RUN)).toEqual([]);
  });

  test('an image that is nowhere is named with the ways to get one', async () => {
    const env = { ...process.env, VECPROOF_IMAGE_PGVECTOR: 'localhost:1/no/such:image' };
    await expect(pgvector.prepare(request(RUN, { env }))).rejects.toThrow(
      /localhost:1\/no\/such:image \(VECPROOF_IMAGE_PGVECTOR\)[\s\S]*npm run docker:build pgvector/,
    );
  });
});
