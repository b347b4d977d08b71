import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { connectServer, type Session } from '../../engines/pgvector/client.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { describeWithPgvector, never, request } from './docker.js';
import { serverSuite } from './suite.js';

let server: LaunchedServer;
let session: Session;

/** Address of the server under test, as somebody who runs one would write it. */
const url = (user: string, password: string, rest = '?sslmode=disable') =>
  `postgres://${user}:${password}@${server.endpoint.host}:${server.endpoint.port}/postgres${rest}`;

const tables = () =>
  session.query(
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace ORDER BY 1",
  );

describeWithPgvector('a running server', () => {
  beforeAll(async () => {
    server = await pgvector.launch(request(`url-test-${process.pid}`));
    session = await connectServer(server.endpoint, never);
  });
  afterAll(async () => {
    await session?.close();
    await server?.stop();
  });

  test('is measured by its address; what was there stays as it was, and nothing of ours is left', async () => {
    await session.query('CREATE TABLE vecproof_mine (a integer); INSERT INTO vecproof_mine VALUES (1), (2)');
    const before = await tables();
    const password = server.endpoint.secrets['password']!;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const work = serverSuite(
      'url: "postgres://postgres:${DB_PASSWORD}@${DB_HOST}/postgres?sslmode=disable"',
      '',
      'm: 4',
    );
    const DB_HOST = `${server.endpoint.host}:${server.endpoint.port}`;
    const env = { DB_PASSWORD: password, DB_HOST };
    const { code, stderr, stdout } = await vecproof(['run', 'suite.yaml'], { folder: work.folder, env });
    expect(code, stderr).toBe(0);
    expect(await tables()).toEqual(before);
    expect(await session.query('SELECT * FROM vecproof_mine')).toEqual([['1'], ['2']]);
    expect(stdout + stderr).not.toContain(password);
    for (const file of work.files()) {
      expect(readFileSync(`${work.folder}/${file}`, 'latin1').includes(password), file).toBe(false);
    }
    for (const { server: record, measures } of work.json<Results>('results.json').trials) {
      expect(record).toMatchObject({ mode: 'url', origin: 'url' });
      expect(JSON.stringify(record)).not.toContain(server.endpoint.host);
      expect(measures['memory.peak'], 'what cannot be measured is absent').toBeUndefined();
      expect(measures['client.memory.peak']?.value).toBeGreaterThan(0);
    }
  });

  test.each([
    [
      'a wrong password',
      () => url('postgres', 'wrong'),
      'password authentication failed',
      'check user and password',
    ],
    [
      'a database that is not there',
      () => url('postgres', pass()).replace('/postgres?', '/none?'),
      'does not exist',
      'name a database',
    ],
    [
      'TLS where the server has none',
      () => url('postgres', pass(), '?sslmode=require'),
      'does not support SSL',
      'sslmode=disable',
    ],
    [
      'a port where nothing listens',
      () => `postgres://postgres:x@${server.endpoint.host}:1/postgres?sslmode=disable`,
      'ECONNREFUSED',
      'check host and port',
    ],
  ])('%s is told with the remedy, exit code 3', async (_, address, what, next) => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const work = serverSuite('url: ${DB_URL}', '', 'm: 4');
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], {
      folder: work.folder,
      env: { DB_URL: address() },
    });
    expect(code, stderr).toBe(3);
    expect(stderr).toContain('cannot connect');
    expect(stderr).toContain(what);
    expect(stderr).toContain(next);
    expect(existsSync(join(work.folder, '.runs')), 'nothing was begun').toBe(false);
  });

  test('a user who may not make the extension is told so', async () => {
    await session.query("CREATE ROLE guest LOGIN PASSWORD 'guest'; DROP EXTENSION IF EXISTS vector");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const work = serverSuite('url: ${DB_URL}', '', 'm: 4');
    const env = { DB_URL: url('guest', 'guest') };
    const { code } = await vecproof(['run', 'suite.yaml'], { folder: work.folder, env });
    expect(code).toBe(3);
    const [trial] = work.json<Results>('results.json').trials;
    expect(trial!.error).toContain('the extension vector cannot be made');
    expect(trial!.error).toContain('let its administrator run CREATE EXTENSION vector');
  });
});

const pass = () => server.endpoint.secrets['password']!;
