import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LaunchedServer } from '../../engines/launch.js';
import { connectServer, type Session } from '../../engines/pgvector/client.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import type { Results } from '../../harness/store/schema.js';
import { start } from '../e2e/helpers/cli.js';
import { describeWithPgvector, never, request } from './docker.js';
import { type Fault, type TcpProxy, tcpProxy } from './helpers/tcp-proxy.js';
import { serverSuite } from './suite.js';

let server: LaunchedServer;
let session: Session;
let proxy: TcpProxy;

/** What of ours is on the server. */
const tables = () => session.query("SELECT relname FROM pg_class WHERE relname LIKE 'vecparity%'");

/** Runs two builds on the server behind the proxy, and breaks the connection that sends what matches. */
async function broken(fault: Fault, pattern: RegExp, shell = '') {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
  const work = serverSuite('url: ${DB_URL}', shell);
  const { password } = server.endpoint.secrets;
  const DB_URL = `postgres://postgres:${password}@127.0.0.1:${proxy.port}/postgres`;
  const struck = proxy.arm(fault, pattern);
  const running = start(['run', 'suite.yaml'], { folder: work.folder, env: { DB_URL } });
  await struck;
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(3);
  return work.json<Results>('results.json').trials;
}

describeWithPgvector('a network that breaks', () => {
  beforeAll(async () => {
    server = await pgvector.launch(request(`network-test-${process.pid}`));
    session = await connectServer(server.endpoint, never);
    proxy = await tcpProxy(server.endpoint);
  });
  afterAll(async () => {
    await proxy?.close();
    await session?.close();
    await server?.stop();
  });

  test.each([
    ['create', /CREATE TABLE/],
    ['load', /PGCOPY/],
    ['index', /CREATE INDEX/],
  ])('a reset in the phase %s fails that build, nothing is left on the server, the next one is measured', async (_, pattern) => {
    const trials = await broken('reset', pattern);
    expect(trials.map(({ state }) => state)).toEqual(['failed', 'failed', 'completed', 'completed']);
    for (const { error } of trials.slice(0, 2)) {
      expect(error).toContain('the connection to the server is lost: read ECONNRESET');
    }
    expect(await tables()).toEqual([]);
  });

  test('a reset while it is searched fails that trial; the others are measured on a new build', async () => {
    // Of the statements that are prepared by us, the first.
    const trials = await broken('reset', /vecparity_1\0/);
    expect(trials.map(({ state }) => state)).toEqual(['failed', 'completed', 'completed', 'completed']);
    expect(trials[0]!.error).toContain('the connection to the server is lost');
    expect(await tables()).toEqual([]);
  });

  test('silence ends with the deadline of the phase, and the others are measured', async () => {
    const trials = await broken('silence', /vecparity_1\0/, 'deadline: { search: 3 }');
    expect(trials.map(({ state }) => state)).toEqual(['failed', 'completed', 'completed', 'completed']);
    expect(trials[0]!.error).toContain('search took longer than its deadline of 3 s (deadline.search)');
    // The process was killed, as documented: what it has made stays. That is the table of one build.
    const left = await tables();
    expect(new Set(left.map(([name]) => name!.slice(0, 'vecparity_vecparity_012345678901'.length))).size).toBe(1);
    await session.query(`DROP TABLE "${left.map(([name]) => name!).sort()[0]}"`);
  });

  test('silence while an index is built ends with its deadline', async () => {
    const trials = await broken('silence', /CREATE INDEX/, 'deadline: { index: 5 }');
    expect(trials.map(({ state }) => state)).toEqual(['failed', 'failed', 'completed', 'completed']);
    for (const { error } of trials.slice(0, 2)) expect(error).toContain('index took longer than its deadline of 5 s');
  });
});
