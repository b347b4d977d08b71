import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedEngine } from '../../engines/contract/engine.js';
import type { Points } from '../../engines/contract/points.js';
import type { Endpoint, LaunchedServer } from '../../engines/contract/server.js';
import { requireClient } from '../../engines/kit/packages.js';
import { engine } from '../../engines/pgvector/engine.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import type { RowChange } from '../../migration/changes/change.js';
import { capture } from '../../migration/changes/feeds/feed.js';
import { LogicalFeed } from '../../migration/changes/feeds/logical.js';
import { MemoryChangeLog } from '../../migration/changes/memory-log.js';
import { PostgresChangeLog } from '../../migration/changes/postgres/log.js';
import { MemoryFlags } from '../../migration/cutover/flags.js';
import { killAndReplay, someChanges } from '../migration/helpers/killed-replay.js';
import { describeWithPgvector, never, request } from './docker.js';

/** Above 2 kB: PostgreSQL stores it apart, and an UPDATE that leaves it alone does not carry it. */
const DIMENSIONS = 1000;

let server: LaunchedServer;
let endpoint: Endpoint;
let client: Pg.Client;
let other: Pg.Client;
let connected: ConnectedEngine;
let points: Points;
const folder = mkdtempSync(join(tmpdir(), 'vecproof-logical-'));

async function connect(): Promise<Pg.Client> {
  const { Client } = requireClient('pg') as typeof Pg;
  const { host, port, settings, secrets } = endpoint;
  const one = new Client({
    ...{ host, port, user: settings['user'], database: settings['database'] },
    password: secrets['password'],
  });
  await one.connect();
  return one;
}

const vector = (value: number) =>
  `[${Array.from({ length: DIMENSIONS }, (_, i) => value + i / 7).join(',')}]`;

describeWithPgvector('changes by logical decoding', () => {
  beforeAll(async () => {
    server = await pgvector.launch(request(`logical-test-${process.pid}`));
    endpoint = server.endpoint;
    client = await connect();
    await client.query('CREATE EXTENSION IF NOT EXISTS vector');
    await client.query(
      `CREATE TABLE docs (id bigint PRIMARY KEY, title text, embedding vector(${DIMENSIONS}))`,
    );
  });
  afterAll(async () => {
    await Promise.all([client, other].map((each) => each?.end()));
    await connected?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const feedOf = (name = 'feed') =>
    new LogicalFeed({
      ...{ client, collection: 'docs', points, name },
      table: { schema: 'public', name: 'docs', key: 'id' },
    });

  test('need a server that decodes, and say so', async () => {
    await expect(feedOf().open()).rejects.toThrow(/wal_level = replica[\s\S]*set wal_level = logical/);
    await client.query(`ALTER SYSTEM SET wal_level = logical`);
    await client.end();
    endpoint = await server.restart!('stop');
    [client, other] = [await connect(), await connect()];
    connected = await engine.connect({ endpoint, folder, threads: 1, seed: 0 }, never);
    points = (await connected.open!('docs')).points!;
  });

  test('come as whole rows, also where a vector did not come along; each once, also after a crash', async () => {
    const feed = feedOf();
    await feed.open();
    await feed.open();
    const log = new MemoryChangeLog();
    const flags = new MemoryFlags();
    const run = () => capture({ feed, log, flags, name: 'docs' });
    const since = async (n: number) => (await log.read(BigInt(n), 1000)) as RowChange[];
    const words = (changes: readonly RowChange[]) => changes.map(({ id, kind }) => `${kind} ${id}`).sort();

    // One that began before the others and commits late is not missed.
    await other.query('BEGIN');
    await other.query(`INSERT INTO docs VALUES (9, 'late', '${vector(9)}')`);
    for (const id of [1, 2, 3, 4])
      await client.query(`INSERT INTO docs VALUES (${id}, 'first', '${vector(id)}')`);
    await client.query(`BEGIN; INSERT INTO docs VALUES (5, 'undone', NULL); ROLLBACK`);
    await run();
    expect(words(await since(0))).toEqual(['upsert 1', 'upsert 2', 'upsert 3', 'upsert 4']);
    await other.query('COMMIT');

    await client.query(`UPDATE docs SET title = 'changed' WHERE id = 1`);
    await client.query('DELETE FROM docs WHERE id = 2');
    await client.query('UPDATE docs SET id = 33 WHERE id = 3');
    // Gone before it is read again: nothing but its deletion comes.
    await client.query(`UPDATE docs SET title = 'soon gone' WHERE id = 4`);
    await client.query('DELETE FROM docs WHERE id = 4');
    const before = (await since(0)).length;
    const lost = { get: (name: string) => flags.get(name), set: () => Promise.reject(new Error('crashed')) };
    await expect(capture({ feed, log, flags: lost, name: 'docs' })).rejects.toThrow('crashed');
    expect(await run()).toBe(0);
    const changes = await since(before);
    expect(words(changes)).toEqual(['delete 2', 'delete 3', 'delete 4', 'upsert 1', 'upsert 33', 'upsert 9']);
    const first = changes.find(({ id }) => id === 1n)!;
    expect(first.kind === 'upsert' && first.point.metadata['title']).toBe('changed');
    const [stored] = await points.get([1n]);
    expect(first.kind === 'upsert' && first.point).toEqual(stored);
    expect((stored!.vectors['embedding'] as Float32Array).length).toBe(DIMENSIONS);
    expect(await run()).toBe(0);

    // In the log when it crashed, and newer when it is read again.
    await client.query(`UPDATE docs SET title = 'one' WHERE id = 9`);
    await expect(capture({ feed, log, flags: lost, name: 'docs' })).rejects.toThrow('crashed');
    await client.query(`UPDATE docs SET title = 'two' WHERE id = 9`);
    await run();
    const newest = (await since(0)).findLast(({ id }) => id === 9n)!;
    expect(newest.kind === 'upsert' && newest.point.metadata['title']).toBe('two');
  });

  test('are proven to be captured by a message that comes by', async () => {
    const feed = feedOf();
    const log = await PostgresChangeLog.open(client);
    const flags = new MemoryFlags();
    await client.query(`UPDATE docs SET title = 'before the message' WHERE id = 9`);
    await feed.prove(() => capture({ feed, log, flags, name: 'docs' }), AbortSignal.timeout(60_000));
    expect(await log.read(null, 10)).toMatchObject([
      { kind: 'upsert', id: 9n, point: { metadata: { title: 'before the message' } } },
    ]);
    // The server keeps nothing for a slot whose table rests.
    await client.query('CREATE TABLE others AS SELECT generate_series(1, 1000)');
    const { rows } = await client.query(`SELECT pg_current_wal_lsn()::text AS lsn`);
    await capture({ feed, log, flags, name: 'docs' });
    const { rows: slots } = await client.query(
      `SELECT confirmed_flush_lsn >= $1::pg_lsn AS read FROM pg_replication_slots`,
      [rows[0].lsn],
    );
    expect(slots).toEqual([{ read: true }]);
  });

  test('are not gone on with behind a gap: a slot that was dropped, made anew, or has lost what it kept', async () => {
    const feed = feedOf('gap');
    await feed.open();
    const [log, flags] = [new MemoryChangeLog(), new MemoryFlags()];
    const run = () => capture({ feed, log, flags, name: 'gap' });
    await client.query(`UPDATE docs SET title = 'before the gap' WHERE id = 9`);
    expect(await run()).toBe(1);
    await client.query(`SELECT pg_drop_replication_slot('vecproof_gap')`);
    await client.query(`UPDATE docs SET title = 'in the gap' WHERE id = 9`);
    await expect(run()).rejects.toThrow(/vecproof_gap is not there[\s\S]*somebody has dropped it/);
    await feed.open();
    await client.query(`UPDATE docs SET title = 'behind the gap' WHERE id = 9`);
    await expect(run()).rejects.toThrow('changes in between are lost');
    expect(await log.read(null, 10)).toHaveLength(1);

    await client.query(`ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'`);
    await client.query('SELECT pg_reload_conf()');
    await expect
      .poll(
        async () => {
          await client.query(`SELECT pg_logical_emit_message(true, 'other', 'x'), pg_switch_wal()`);
          await client.query('CHECKPOINT');
          const { rows } = await client.query(
            `SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'vecproof_gap'`,
          );
          return rows[0].wal_status;
        },
        { timeout: 60_000 },
      )
      .toBe('lost');
    await expect(capture({ feed, log, flags: new MemoryFlags(), name: 'gap' })).rejects.toThrow(
      /wal_status = lost[\s\S]*max_slot_wal_keep_size/,
    );
    await client.query('ALTER SYSTEM RESET max_slot_wal_keep_size');
    await client.query('SELECT pg_reload_conf()');
    await feed.drop();
  });

  test('are replayed from this server’s log to the end after a kill -9 between target and cursor', async () => {
    const log = await PostgresChangeLog.open(client, { schema: 'killed' });
    await log.append(someChanges());
    const { host, port, settings, secrets } = endpoint;
    const login = `${settings['user']}:${encodeURIComponent(secrets['password']!)}`;
    const url = `postgres://${login}@${host}:${port}/${settings['database']}`;
    await killAndReplay({ log: { kind: 'postgres', url, schema: 'killed' }, folder }, (use) => use(log));
  });

  test('stop at what says no rows, and leave nothing behind', async () => {
    const feed = feedOf();
    await feed.drop();
    await feed.open();
    await client.query('TRUNCATE docs');
    const captured = capture({ feed, log: new MemoryChangeLog(), flags: new MemoryFlags(), name: 'docs' });
    await expect(captured).rejects.toThrow('the table was truncated');
    await feed.drop();
    const { rows } = await client.query(
      'SELECT slot_name FROM pg_replication_slots UNION SELECT pubname FROM pg_publication',
    );
    expect(rows).toEqual([]);
  });
});
