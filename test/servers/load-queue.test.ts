import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { connectServer } from '../../engines/pgvector/client.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import { exportCollection } from '../../migration/export/export.js';
import type { Mapping } from '../../migration/mapping/mapping.js';
import { verify } from '../../migration/verify/verify.js';
import { type Lease, WorkQueue } from '../../migration/work/queue.js';
import { QueueSession } from '../../migration/work/session.js';
import { type Running, start, vecproof } from '../e2e/helpers/cli.js';
import { until } from '../e2e/helpers/until.js';
import { Workspace } from '../e2e/helpers/workspace.js';
import { somePoints } from '../migration/helpers/collection.js';
import { memorySource } from '../migration/helpers/memory-source.js';
import { seeded } from '../migration/helpers/seeded.js';
import { describeWithPgvector, never, request } from './docker.js';

/** More than an item, so that several workers have something to do. */
const ROWS = 60_000;
const KILLS = Number(process.env['VECPROOF_KILLS'] ?? 5);

let server: LaunchedServer;
let work: Workspace;
let env: Record<string, string>;
let url: string;
let session: QueueSession;

async function query(sql: string): Promise<(readonly (string | null)[])[]> {
  const own = await connectServer(server.endpoint, never);
  try {
    return await own.query(sql);
  } finally {
    await own.close();
  }
}

/** The job's items of rows, as they lie one behind the other. */
async function doneRows(): Promise<[from: number, to: number][]> {
  const rows = await query(
    `SELECT w.first_row, coalesce(s.first_row, w.end_row) FROM vecproof_work w
     LEFT JOIN vecproof_work s ON s.job = w.job AND s.item = w.successor
     WHERE w.stage = 1 AND w.done_at IS NOT NULL AND w.job NOT LIKE 'test%' ORDER BY 1`,
  );
  return rows.map(([from, to]) => [Number(from), Number(to)]);
}

describeWithPgvector('work that is shared over leases', () => {
  beforeAll(async () => {
    server = await pgvector.launch(request(`queue-test-${process.pid}`));
    env = { PGPASSWORD: server.endpoint.secrets['password']! };
    url = `postgres://postgres@${server.endpoint.host}:${server.endpoint.port}/postgres?sslmode=disable`;
    session = new QueueSession(url, env, never);
    work = new Workspace();
  });
  afterAll(async () => {
    await session?.close();
    await server?.stop();
  });

  const leased = async (queue: WorkQueue, owner: string, seconds: number): Promise<Lease> => {
    const taken = await queue.take(owner, seconds);
    if (taken.state !== 'leased') throw new Error(taken.state);
    return taken.lease;
  };

  test('goes on at a cursor in a successor, and to others when a lease ends, twice as long', async () => {
    const queue = new WorkQueue(session, 'test protocol');
    const items = [
      { stage: 0, from: 0, to: 0 },
      { stage: 1, from: 0, to: 100 },
      { stage: 2, from: 100, to: 100 },
    ];
    await queue.prepare(items);
    await queue.prepare(items);
    const make = await leased(queue, 'a', 60);
    expect(make).toMatchObject({ stage: 0, attempts: 1 });
    expect(await queue.take('b', 60), 'one stage after the other').toMatchObject({ state: 'others' });
    expect(await queue.finish(make)).toBe(true);

    const first = await leased(queue, 'a', 0.3);
    expect(first).toMatchObject({ stage: 1, from: 0, to: 100, attempts: 1 });
    const second = await until('its lease has ended', async () => {
      const taken = await queue.take('b', 30);
      return taken.state === 'leased' && taken.lease;
    });
    expect(second).toMatchObject({ from: 0, to: 100, attempts: 2 });
    expect(second.seconds).toBeGreaterThan(55);
    expect(await queue.handOver(first, 50, 0), 'it is somebody else’s').toBe(false);
    expect(await queue.handOver(second, 40, 3)).toBe(true);
    expect(await queue.handOver(second, 40, 3), 'an answer that was lost').toBe(true);

    const rest = await leased(queue, 'a', 60);
    expect(rest).toMatchObject({ item: '1:40-100', from: 40, to: 100, attempts: 1 });
    expect(await queue.handOver(rest, 100, 1)).toBe(true);
    expect(await queue.progress()).toEqual({ rows: 100, leftOut: 4 });
    expect(await queue.finish(await leased(queue, 'b', 60))).toBe(true);
    expect(await queue.take('a', 60)).toEqual({ state: 'done' });
  });

  test('is given to one of many that ask at the same time', async () => {
    const queue = new WorkQueue(session, 'test many');
    await queue.prepare(Array.from({ length: 5 }, (_, i) => ({ stage: 1, from: i, to: i + 1 })));
    const sessions = Array.from({ length: 8 }, () => new QueueSession(url, env, never));
    const taken = await Promise.all(
      sessions.map((each, i) => new WorkQueue(each, 'test many').take(`worker ${i}`, 60)),
    );
    await Promise.all(sessions.map((each) => each.close()));
    const items = taken.flatMap((each) => (each.state === 'leased' ? [each.lease.item] : []));
    expect(new Set(items).size).toBe(items.length);
    expect(items).toHaveLength(5);
  });

  test(`is loaded by three processes of which ${KILLS} are killed: every point once, every row once`, async () => {
    const source = memorySource(somePoints(ROWS), {
      ids: 'string',
      vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }],
      fields: [{ name: 'at', type: 'timestamp', native: 'timestamptz', nullable: true }],
    });
    await exportCollection(source, { folder: join(work.folder, 'export'), signal: never });
    const place = `pgvector:${url}#docs`;
    const mapped = await vecproof(
      ['map', 'export', '--to', place, '--index', 'type=ivf', '--out', 'm.yaml'],
      {
        folder: work.folder,
        env,
      },
    );
    expect(mapped.code, mapped.stderr).toBe(0);
    const mapping = parse(readFileSync(join(work.folder, 'm.yaml'), 'utf8')) as Mapping;
    mapping.losses = mapping.losses.map((loss) => ({ ...loss, accepted: 'a test' }));
    work.write('m.yaml', stringify(mapping));

    const args = ['load', 'export', '--mapping', 'm.yaml', '--workers', '1', '--queue', url, '--lease', '2'];
    // Temporary files of processes that are killed stay: each has a folder of its own.
    let started = 0;
    const ownFolder = () => {
      const path = join(work.folder, `temporary-${++started}`);
      mkdirSync(path);
      return path;
    };
    const worker = (): Running =>
      start(args, {
        folder: work.folder,
        env: { ...env, TMPDIR: ownFolder() },
      });
    const random = seeded(3);
    const running = [worker(), worker(), worker()];
    let killed = 0;
    while (killed < KILLS) {
      await pause(300 + random() * 700);
      const at = Math.floor(random() * running.length);
      const { child, ended } = running[at]!;
      if (child.exitCode !== null) break;
      void ended.catch(() => undefined);
      // The command's processes are a group.
      process.kill(-child.pid!, 'SIGKILL');
      killed++;
      running[at] = worker();
    }
    for (const { ended } of running) {
      const { code, stderr } = await ended;
      expect(code, stderr).toBe(0);
    }
    expect(killed).toBeGreaterThan(0);
    const ranges = await doneRows();
    expect(ranges[0]?.[0]).toBe(0);
    expect(ranges.at(-1)?.[1]).toBe(ROWS);
    for (let i = 1; i < ranges.length; i++) expect(ranges[i]![0]).toBe(ranges[i - 1]![1]);
    const found = await verify('export:export', place, {
      cwd: work.folder,
      env: { ...process.env, ...env },
      signal: never,
    });
    expect(found, JSON.stringify(found.samples)).toMatchObject({
      state: 'equal',
      counts: { matching: ROWS },
    });
    const [index] = await query(
      "SELECT count(*) FROM pg_indexes WHERE tablename = 'docs' AND indexdef ~ 'ivfflat'",
    );
    expect(index).toEqual(['1']);
    // One that comes late finds nothing to do.
    expect((await worker().ended).code).toBe(0);
  }, 900_000);

  test('is waited for unless that is not wanted: exit code 5', async () => {
    await query(
      `UPDATE vecproof_work SET done_at = NULL, owner = 'somebody', expires = clock_timestamp() + interval '1 hour' WHERE stage = 2 AND job NOT LIKE 'test%'`,
    );
    const { code, stdout } = await vecproof(
      ['load', 'export', '--mapping', 'm.yaml', '--queue', url, '--no-wait'],
      { folder: work.folder, env },
    );
    expect(code).toBe(5);
    expect(stdout).toContain('other workers hold all that is left');
  });

  test.each([
    ['postgres://u:secret@h/d', 'holds a password'],
    ['mysql://h/d', 'is not the address of a PostgreSQL database'],
  ])('is not asked for at %s', async (queue, words) => {
    const { code, stderr } = await vecproof(['load', 'export', '--mapping', 'm.yaml', '--queue', queue], {
      folder: work.folder,
      env,
    });
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('secret');
  });
});
