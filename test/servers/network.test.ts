import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { connectServer, type Session } from '../../engines/pgvector/client.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import type { Results } from '../../harness/model/results.js';
import { start } from '../e2e/helpers/cli.js';
import { eventsOf } from '../e2e/helpers/log.js';
import { describeWithPgvector, never, request } from './docker.js';
import { type TcpProxy, tcpProxy } from './helpers/tcp-proxy.js';
import { smallSuite } from './suite.js';

let server: LaunchedServer;
let session: Session;
let proxy: TcpProxy;

/** What of ours is on the server. */
const tables = async () =>
  (await session.query("SELECT relname FROM pg_class WHERE relname LIKE 'vecproof%' AND relkind = 'r'"))
    .length;

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

  /** One fault after the other on the builds of one run; what matches is sent once in each build and phase. */
  test('a reset or silence in each phase fails that build or trial; the next ones are measured', async () => {
    const work = smallSuite(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      '{ use: pgvector, url: "${DB_URL}", index: { m: [2, 3, 4, 5, 6, 7] }, search: { ef: [10, 20] } }',
      'deadline: { index: 8, search: 8 }',
    );
    const { password } = server.endpoint.secrets;
    const DB_URL = `postgres://postgres:${password}@127.0.0.1:${proxy.port}/postgres`;
    const first = proxy.arm('reset', /CREATE TABLE/);
    const running = start(['run', 'suite.yaml'], { folder: work.folder, env: { DB_URL } });
    await first;
    await proxy.arm('reset', /PGCOPY/);
    await proxy.arm('reset', /CREATE INDEX/);
    await proxy.arm('silence', /CREATE INDEX/);
    // The first statement that a search prepares.
    await proxy.arm('reset', /vecproof_1\0/);
    expect(await tables(), 'four builds have failed and left nothing; one goes on').toBe(1);
    await proxy.arm('silence', /vecproof_1\0/);
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(3);

    const { trials } = work.json<Results>('results.json');
    const of = (m: number) => trials.filter(({ index }) => index['m'] === m);
    const lost = /the connection to the server is lost: (read|write) (ECONNRESET|EPIPE)/;
    for (const m of [2, 3, 4]) {
      expect(of(m).map(({ state }) => state)).toEqual(['failed', 'failed']);
      for (const { error } of of(m)) expect(error).toMatch(lost);
    }
    for (const { error } of of(5)) expect(error).toContain('index took longer than its deadline of 8 s');
    const searched = [...of(6), ...of(7)].sort((a, b) => a.state.localeCompare(b.state));
    expect(searched.map(({ state }) => state)).toEqual(['completed', 'completed', 'failed', 'failed']);
    const errors = searched.slice(2).map(({ error }) => error);
    expect(errors.find((error) => lost.test(error!))).toBeDefined();
    expect(errors.find((error) => /search took longer than its deadline of 8 s/.test(error!))).toBeDefined();
    expect(eventsOf(work, 'buildBegin')).toHaveLength(7);
    expect(await tables(), 'those that were killed at their deadline left nothing either').toBe(0);
  });

  test('a server that comes back later holds nothing of ours; one that does not is named', async () => {
    const work = smallSuite(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      '{ use: pgvector, url: "${DB_URL}", index: { m: 2 }, search: { ef: 10 } }',
    );
    const { password } = server.endpoint.secrets;
    const DB_URL = `postgres://postgres:${password}@127.0.0.1:${proxy.port}/postgres`;
    const first = proxy.arm('reset', /CREATE INDEX/);
    const running = start(['run', 'suite.yaml'], { folder: work.folder, env: { DB_URL } });
    await first;
    proxy.refuse(true);
    const { code, stderr } = await running.ended;
    proxy.refuse(false);
    expect(code, stderr).toBe(3);
    expect(stderr).toMatch(
      /collections on pgvector at 127\.0\.0\.1:\d+ whose names begin with vecproof and end in [0-9a-f]{12} could not be removed/,
    );
    expect(stderr).not.toContain(password);
    const [row] = await session.query(
      "SELECT relname FROM pg_class WHERE relname LIKE 'vecproof%' AND relkind = 'r'",
    );
    const [, end] = /end in ([0-9a-f]{12})/.exec(stderr)!;
    expect(row![0]).toMatch(new RegExp(`^vecproof_${end}$`));
    expect(await pgvector.remove!(server.endpoint, end!, never)).toEqual([row![0]]);
    expect(await tables()).toBe(0);

    const again = proxy.arm('reset', /CREATE INDEX/);
    const second = start(['run', 'suite.yaml'], { folder: work.folder, env: { DB_URL } });
    await again;
    proxy.refuse(true);
    setTimeout(() => proxy.refuse(false), 5000);
    expect((await second.ended).code).toBe(3);
    expect(await tables(), 'removed once the server let it in again').toBe(0);
  });
});
