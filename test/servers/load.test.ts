import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { connectDocker } from '../../engines/launcher/docker.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { start, vecproof } from '../e2e/helpers/cli.js';
import { until } from '../e2e/helpers/until.js';
import type { Workspace } from '../e2e/helpers/workspace.js';
import { containersOf, describeWithPgvector, request } from './docker.js';
import { type TcpProxy, tcpProxy } from './helpers/tcp-proxy.js';
import { smallSuite } from './suite.js';

const rows = (work: Workspace) => work.json<Results>('results.json').trials;
const value = ({ measures }: TrialRow, name: string) => measures[name]?.value;

/** A search statement that is executed with its parameters (Bind of the extended protocol). */
const QUERIES = /B[\s\S]{4}\0vecproof_\d+\0/g;
const QUERY = new RegExp(QUERIES.source);

const RUN = `load-test-${process.pid}`;
// biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
const URL = 'postgres://postgres:${DB_PASSWORD}@${DB_HOST}/postgres';

describeWithPgvector('a load on a server', () => {
  let server: LaunchedServer;
  let proxy: TcpProxy;
  const env = () => ({
    DB_PASSWORD: server.endpoint.secrets['password']!,
    DB_HOST: `127.0.0.1:${proxy.port}`,
  });
  beforeAll(async () => {
    server = await pgvector.launch(request(RUN));
    proxy = await tcpProxy(server.endpoint);
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  test('that resets one connection in twenty: so many queries failed, none was sent twice, the others were answered', async () => {
    const work = smallSuite(
      `{ use: pgvector, url: "${URL}", index: { type: flat } }`,
      'workloads: [{ type: constant-clients, clients: 4, seconds: 3, warmUp: 0 }]',
    );
    const resets = proxy.resetEvery(20, QUERY);
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], { folder: work.folder, env: env() });
    expect(code, stderr).toBe(0);
    const [row] = rows(work);
    const sent = row!.measures['errors']!.n;
    expect(row!.state).toBe('completed');
    expect(row!.flags).toContain('failed-queries');
    expect(resets()).toBeGreaterThan(3);
    expect(value(row!, 'errors.connection')).toBe(resets());
    expect(value(row!, 'errors')).toBe(resets());
    // One in twenty of all that were sent.
    expect(Math.floor(sent / 20)).toBe(resets());
    expect(row!.measures['latency.mean']!.n).toBe(sent - resets());
  });

  test('that stops answering for a while: what was due meanwhile is counted by what became of it', async () => {
    const work = smallSuite(
      `{ use: pgvector, url: "${URL}", index: { type: flat } }`,
      'workloads: [{ type: constant-rate, rate: 100, seconds: 8, warmUp: 0, timeout: 1, inFlight: 8 }]',
    );
    const before = proxy.sent().length;
    const running = start(['run', 'suite.yaml'], { folder: work.folder, env: env() });
    await until('queries are sent', () => (proxy.sent().slice(before).match(QUERIES)?.length ?? 0) > 40);
    const container = (await connectDocker()).getContainer((await containersOf(RUN))[0]!);
    await container.pause();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await container.unpause();
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(0);
    const row = rows(work)[0]!;
    expect(row.state).toBe('completed');
    expect(value(row, 'errors.timeout')).toBeGreaterThan(0);
    expect(value(row, 'errors.unsent')).toBeGreaterThan(0);
    expect(row.flags).toContain('rate-not-reached');
    // All that were due.
    const { n } = row.measures['errors']!;
    expect(Math.abs(n - 800)).toBeLessThan(5 * Math.sqrt(800));
    expect(value(row, 'latency.p99')).toBeGreaterThan(500);
  });

  test('that becomes slow in the middle: nothing fails, the queue grows, and the course of the trial shows when', async () => {
    const work = smallSuite(
      `{ use: pgvector, url: "${URL}", index: { type: flat } }`,
      'workloads: [{ type: constant-rate, rate: 50, seconds: 3, warmUp: 0, timeout: 60, inFlight: 4 }]',
    );
    const slowed = await tcpProxy(server.endpoint);
    const running = start(['run', 'suite.yaml'], {
      folder: work.folder,
      env: { ...env(), DB_HOST: `127.0.0.1:${slowed.port}` },
    });
    await until('queries are sent', () => (slowed.sent().match(QUERIES)?.length ?? 0) > 40);
    slowed.slow(300);
    const { code, stderr } = await running.ended;
    await slowed.close();
    expect(code, stderr).toBe(0);
    const row = rows(work)[0]!;
    expect(row.state).toBe('completed');
    expect(value(row, 'errors')).toBe(0);
    // Four at a time, each 300 ms: 13 of the 50 that are due in a second.
    expect(row.flags).toContain('rate-not-reached');
    expect(value(row, 'load.queued')).toBeGreaterThan(0.1);
    const { slices } = row.load!;
    expect(slices.at(-1)!.p50).toBeGreaterThan(300);
    expect(slices.at(-1)!.p50).toBeGreaterThan(slices[0]!.p50!);
  });

  test('that dies in the middle, for good: what was measured stays, the rest are failed queries, and the run ends in its time', async () => {
    const seconds = 6;
    const work = smallSuite(
      `{ use: pgvector, url: "${URL}", index: { type: flat } }`,
      `workloads: [{ type: constant-rate, rate: 50, duration: ${seconds}s, warmUp: 0, timeout: 1, inFlight: 4 }]`,
    );
    const before = proxy.sent().length;
    const running = start(['run', 'suite.yaml'], { folder: work.folder, env: env() });
    await until('queries are sent', () => (proxy.sent().slice(before).match(QUERIES)?.length ?? 0) > 40);
    await (await connectDocker()).getContainer((await containersOf(RUN))[0]!).kill();
    const { stderr } = await running.ended;
    const row = rows(work)[0]!;
    expect(row.state, stderr).toBe('completed');
    // All that were due, each with what became of it.
    const { n } = row.measures['errors']!;
    expect(Math.abs(n - 50 * seconds)).toBeLessThan(5 * Math.sqrt(50 * seconds));
    expect(value(row, 'errors.connection')! + value(row, 'errors.unsent')!).toBe(value(row, 'errors'));
    expect(value(row, 'errors.connection')).toBeGreaterThan(0);
    expect(row.measures['latency.mean']!.n).toBe(n - value(row, 'errors')!);
    expect(row.flags).toContain('rate-not-reached');
  });
});
