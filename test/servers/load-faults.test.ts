import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { connectServer } from '../../engines/pgvector/client.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import { exportCollection } from '../../migration/export/export.js';
import { loadExport } from '../../migration/load/load.js';
import type { LoadState } from '../../migration/load/state.js';
import type { Mapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { start, vecproof } from '../e2e/helpers/cli.js';
import { until } from '../e2e/helpers/until.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints } from '../migration/helpers/collection.js';
import { memorySource } from '../migration/helpers/memory-source.js';
import { seeded } from '../migration/helpers/seeded.js';
import { describeWithPgvector, never, request } from './docker.js';
import { smallPostgres } from './helpers/small-tablespace.js';
import { type TcpProxy, tcpProxy } from './helpers/tcp-proxy.js';

const ROWS = 6000;
const KILLS = Number(process.env['VECPROOF_KILLS'] ?? 3);

let server: LaunchedServer;
/** Its address changes with each start. */
const behind = { host: '', port: 0 };
let proxy: TcpProxy;
let work: Workspace;
let env: Record<string, string>;
let tables = 0;

async function query(sql: string): Promise<(readonly (string | null)[])[]> {
  const session = await connectServer(server.endpoint, never);
  try {
    return await session.query(sql);
  } finally {
    await session.close();
  }
}

/** A mapping of the export to a new table behind the proxy. */
async function target(): Promise<{ name: string; place: string; mapping: string }> {
  const name = `docs_${++tables}`;
  const place = `pgvector:postgres://postgres@127.0.0.1:${proxy.port}/postgres#${name}`;
  const mapping = `${name}.yaml`;
  await mapped(place, mapping, env);
  return { name, place, mapping };
}

async function mapped(place: string, mapping: string, credentials: Record<string, string>): Promise<void> {
  const args = ['map', 'export', '--to', place, '--index', 'type=hnsw', '--out', mapping];
  const { code, stderr } = await vecproof(args, { folder: work.folder, env: credentials });
  expect(code, stderr).toBe(0);
  const path = join(work.folder, mapping);
  const made = parse(readFileSync(path, 'utf8')) as Mapping;
  made.losses = made.losses.map((loss) => ({ ...loss, accepted: 'a test' }));
  work.write(mapping, stringify(made));
}

const load = (mapping: string, ...more: string[]) =>
  start(['load', 'export', '--mapping', mapping, '--batch', '100', ...more], { folder: work.folder, env });

/** Rows that a load counts as settled; 0: it has not begun. */
function settledRows(name: string): number {
  const path = join(work.folder, `${name}.load`, 'load.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as LoadState).rows : 0;
}

async function clean(place: string, credentials = env): Promise<void> {
  const surroundings = { cwd: work.folder, env: { ...process.env, ...credentials }, signal: never };
  const found = await verify('export:export', place, surroundings);
  expect(found, JSON.stringify(found.samples)).toMatchObject({
    state: 'equal',
    counts: { matching: ROWS },
  });
}

describeWithPgvector('a load into a server', () => {
  beforeAll(async () => {
    server = await pgvector.launch(request(`load-test-${process.pid}`, { memoryBytes: 512 * 2 ** 20 }));
    Object.assign(behind, { host: server.endpoint.host, port: server.endpoint.port });
    proxy = await tcpProxy(behind);
    env = { PGPASSWORD: server.endpoint.secrets['password']! };
    work = new Workspace();
    const source = memorySource(somePoints(ROWS), {
      ids: 'string',
      vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }],
      fields: [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }],
    });
    await exportCollection(source, { folder: join(work.folder, 'export'), signal: never });
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  test('by three workers holds every point once, and twice changes nothing', async () => {
    const { name, place, mapping } = await target();
    for (let time = 0; time < 2; time++) {
      const { code, stderr, stdout } = await load(mapping, '--workers', '3').ended;
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(`${ROWS} points loaded`);
    }
    await clean(place);
    const [index] = await query(
      `SELECT indexdef FROM pg_indexes WHERE tablename = '${name}' AND indexdef ~ 'hnsw'`,
    );
    expect(index?.[0]).toContain("m='16'");
  });

  test('goes on by itself where connections are reset, and rejects nothing', async () => {
    const { place, mapping } = await target();
    const running = load(mapping, '--workers', '2');
    for (let time = 0; time < 3; time++) await proxy.arm('reset', /INSERT INTO/);
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(0);
    await clean(place);
  });

  test('reads back what a batch without an answer has written, and rejects nothing', async () => {
    const { name, place, mapping } = await target();
    const notices: string[] = [];
    const running = loadExport({
      source: join(work.folder, 'export'),
      mapping: join(work.folder, mapping),
      state: join(work.folder, `${name}.load`),
      workers: 1,
      patience: { batch: 1, outage: 30 },
      cwd: work.folder,
      env: { ...process.env, ...env },
      signal: never,
      onNotice: (message) => notices.push(message),
    });
    await proxy.arm('silence', /INSERT INTO/);
    expect(await running).toMatchObject({ state: 'loaded', points: ROWS, rejects: [] });
    expect(notices.join('\n')).toMatch(/no answer within 1 s[\s\S]*answers again; goes on at row/);
    await clean(place);
  });

  test('ends with place, row and remedy where the server stays away, and goes on later', async () => {
    const { name, place, mapping } = await target();
    const options = {
      source: join(work.folder, 'export'),
      mapping: join(work.folder, mapping),
      state: join(work.folder, `${name}.load`),
      batchPoints: 100,
      workers: 1,
      patience: { batch: 1, outage: 1 },
      cwd: work.folder,
      env: { ...process.env, ...env },
      signal: never,
    };
    const running = loadExport({ ...options, rate: 4000 }).catch((error: unknown) => error);
    await until('a part is loaded', () => settledRows(name) > 500);
    proxy.refuse(true);
    await proxy.arm('reset', /INSERT INTO/);
    const error = (await running) as Error;
    proxy.refuse(false);
    expect(error.message).toMatch(
      /the target does not answer:[\s\S]*start it again, then run the same command: it goes on at row \d+/,
    );
    expect(settledRows(name)).toBeLessThan(ROWS);
    expect(await loadExport(options)).toMatchObject({ state: 'loaded', rejects: [] });
    await clean(place);
  });

  test(`into a server that is killed at ${KILLS} moments holds every point once in the end`, async () => {
    const random = seeded(7);
    let killed = 0;
    while (killed < KILLS) {
      const { name, place, mapping } = await target();
      const running = load(mapping, '--workers', '2', '--rate', '3000');
      let over = false;
      void running.ended.finally(() => {
        over = true;
      });
      while (!over && killed < KILLS) {
        const at = settledRows(name);
        await until('it gets on', () => over || settledRows(name) > at);
        await pause(random() * 300);
        if (over) break;
        const { host, port } = await server.restart!('kill');
        Object.assign(behind, { host, port });
        killed++;
      }
      const { code, stderr } = await running.ended;
      expect(code, stderr).toBe(0);
      await clean(place);
      await query(`DROP TABLE ${name}`);
    }
  }, 1_200_000);

  test('whose disk is full says so and rejects nothing; with space it goes on', async () => {
    const small = await smallPostgres(`load-small-${process.pid}`);
    try {
      const place = `pgvector:postgres://postgres@127.0.0.1:${small.endpoint.port}/postgres#docs`;
      const here = { folder: work.folder, env: { PGPASSWORD: 'small' } };
      await mapped(place, 'small.yaml', here.env);
      const again = () => start(['load', 'export', '--mapping', 'small.yaml', '--batch', '100'], here).ended;
      await small.fill();
      const { code, stderr } = await again();
      expect(code, stderr).toBe(3);
      expect(stderr).toMatch(/the target cannot write: .*No space left on device/);
      expect(stderr).toMatch(/free space.*it goes on at row \d+ of the export/);
      expect(existsSync(join(work.folder, 'small.load', 'rejects.parquet'))).toBe(false);
      await small.free();
      const second = await again();
      expect(second.code, second.stderr).toBe(0);
      await clean(place, here.env);
    } finally {
      await small.remove();
    }
  });

  test('keeps what the server refuses until somebody decides, or it is taken', async () => {
    const { name, place, mapping } = await target();
    const first = load(mapping, '--workers', '1', '--rate', '3000');
    await until('it has begun', () => settledRows(name) > 0);
    await query(`ALTER TABLE ${name} ADD CONSTRAINT odd CHECK (id NOT IN ('doc-4000 é', 'doc-4001 é'))`);
    const { code, stdout } = await first.ended;
    expect(code).toBe(4);
    expect(stdout).toContain(`2 points were rejected, all in ${name}.load/rejects.parquet`);
    const rejects = await rejectsOf(name);
    expect(rejects).toEqual([
      expect.objectContaining({ row: 4000n, id: 'doc-4000 é', id_type: 'string', accepted: null }),
      expect.objectContaining({ row: 4001n, id: 'doc-4001 é', id_type: 'string' }),
    ]);
    expect(rejects[0]!['cause']).toContain('violates check constraint "odd"');
    expect(JSON.parse(String(rejects[0]!['point']))).toMatchObject({
      id: 'doc-4000 é',
      metadata: { n: 4000 },
    });

    await query(`ALTER TABLE ${name} DROP CONSTRAINT odd`);
    await query(`ALTER TABLE ${name} ADD CONSTRAINT odd CHECK (id <> 'doc-4000 é')`);
    expect((await load(mapping, '--rejects').ended).code).toBe(4);
    expect(await rejectsOf(name)).toHaveLength(1);
    const accepted = await load(mapping, '--accept-rejects', 'known to be broken').ended;
    expect(accepted.code, accepted.stderr).toBe(0);
    expect(accepted.stdout).toContain('1 points that the target refused stay out, as accepted');
    expect((await load(mapping).ended).code, 'decided once').toBe(0);
    expect(await rejectsOf(name)).toEqual([
      expect.objectContaining({ id: 'doc-4000 é', accepted: 'known to be broken' }),
    ]);
    const found = await verify('export:export', place, {
      cwd: work.folder,
      env: { ...process.env, ...env },
      signal: never,
    });
    expect(found.counts).toMatchObject({ matching: ROWS - 1, missing: 1 });
  });

  test('says what index is missing, by name', async () => {
    const { name, mapping } = await target();
    expect((await load(mapping).ended).code).toBe(0);
    // Somebody has made another index in its place, after it was loaded.
    const [index] = await query(
      `SELECT indexname FROM pg_indexes WHERE tablename = '${name}' AND indexdef ~ 'hnsw'`,
    );
    await query(
      `DROP INDEX "${index![0]}"; CREATE INDEX ON ${name} USING hnsw (vector vector_cosine_ops) WITH (m = 5)`,
    );
    const { code, stderr } = await load(mapping).ended;
    expect(code).toBe(3);
    expect(stderr).toContain("the index is not the mapping's: m: 16 was asked for, the target has m 5");
  });
});

async function rejectsOf(name: string) {
  const bytes = readFileSync(join(work.folder, `${name}.load`, 'rejects.parquet'));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return (await parquetReadObjects({ file: file as ArrayBuffer })) as Record<string, unknown>[];
}
