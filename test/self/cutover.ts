import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type * as Pg from 'pg';
import { messageOf, VecproofError } from '../../common/errors.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { requireClient } from '../../engines/kit/packages.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { engine } from '../../engines/pgvector/engine.js';
import { server as launcher } from '../../engines/pgvector/launch.js';
import type { NewChange } from '../../migration/changes/change.js';
import { CollectionTarget } from '../../migration/changes/collection-target.js';
import { PostgresChangeLog } from '../../migration/changes/postgres/log.js';
import { PostgresVersions } from '../../migration/changes/postgres/versions.js';
import { compareHits, type Hit } from '../../migration/cutover/compare-hits.js';
import { DualWriter } from '../../migration/cutover/dual-writer.js';
import { MemoryFlags } from '../../migration/cutover/flags.js';
import { Replayer } from '../../migration/cutover/replayer.js';
import { ShadowReader } from '../../migration/cutover/shadow-reader.js';
import { TransactionalOutbox } from '../../migration/cutover/transactional-outbox.js';
import { clustered } from './clustered.js';
import { median, print } from './print.js';

const DIMENSIONS = 384;
const ROWS = 1500;
/** Pairs: an application that moves has warmed up long ago. */
const WRITES = 2000;
const REPLAYED = 400;
const READS = 15_600;
const BLOCKS = 26;

/**
 * What a cutover costs the application: `DualWriter` beside the application's own statement, `ShadowReader` beside the control
 * alone, in turns; and how fast a replay is, beside the load that it follows.
 */
export async function measureCutover(folder: string): Promise<void> {
  const labels = ownLabels('bench-self');
  const signal = new AbortController().signal;
  let server: LaunchedServer;
  try {
    server = await launcher.launch({ mode: 'docker', labels, env: process.env, threads: 2, signal });
  } catch (error) {
    if (!(error instanceof VecproofError)) throw error;
    print('cutover', 'not measured', messageOf(error).split('\n', 1)[0]);
    return;
  }
  try {
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(server)));
    try {
      await measure(server, clients, folder);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  } finally {
    await server.stop();
  }
}

const INSERT =
  'INSERT INTO docs (id, title, embedding) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET title = excluded.title, embedding = excluded.embedding';

async function measure(server: LaunchedServer, clients: Pg.Client[], folder: string): Promise<void> {
  const [plain, reading, following, versions] = clients as [Pg.Client, Pg.Client, Pg.Client, Pg.Client];
  const vectors = clustered(ROWS, DIMENSIONS);
  const row = (i: number) => vectors.subarray((i % ROWS) * DIMENSIONS, ((i % ROWS) + 1) * DIMENSIONS);
  await plain.query('CREATE EXTENSION IF NOT EXISTS vector');
  await plain.query(`CREATE TABLE docs (id bigint PRIMARY KEY, title text, embedding vector(${DIMENSIONS}))`);
  await plain.query('CREATE INDEX ON docs USING hnsw (embedding vector_cosine_ops)');
  const values = (i: number) => [String(i), `title ${i}`, `[${row(i).join(',')}]`];
  for (let i = 0; i < ROWS; i++) await plain.query({ name: 'fill', text: INSERT, values: values(i) });

  // The application's own connection for both: the same statement on another one takes up to a fifth longer or less,
  // by what that server process has done before.
  const log = await PostgresChangeLog.open(plain);
  const statement = (change: NewChange) => ({ text: INSERT, values: values(Number(change.id)) });
  const writer = await DualWriter.open({
    outbox: new TransactionalOutbox({ log, statement }),
    flags: new MemoryFlags(),
    direct: async () => undefined,
  });
  await writer.captureOn('docs');
  const written = await inTurns(WRITES, {
    plain: (i) => plain.query({ name: 'own', text: INSERT, values: values(ROWS + 2 * i) }),
    dual: (i) => writer.upsert('docs', pointOf(ROWS + 2 * i + 1, row(i))),
  });
  printRatio('DualWriter: write, batch 1, beside the client’s', written, 'target: under 20% more');

  const search = 'SELECT id FROM docs ORDER BY embedding <=> $1::vector LIMIT 10';
  const ask = (client: Pg.Client, i: number) =>
    client.query({ name: 'search', text: search, values: [`[${row(i).join(',')}]`] });
  await measureShadow('a candidate elsewhere', (i) => ask(plain, i), {
    // Of another machine, which takes none of this one's time but what its answer takes.
    candidate: async (_, answer) => {
      await pause(1);
      return answer;
    },
  });
  await measureShadow('a candidate on the same server', (i) => ask(plain, i), {
    candidate: (i) => ask(reading, i),
  });
  await measureOwnTime();
  await measureReplay({ server, log, writer, following, versions, folder, row });
}

/** In blocks: what is compared after a block takes none of the time of the next one, which has nothing to do with it. */
async function measureShadow(
  where: string,
  control: (i: number) => Promise<Pg.QueryResult>,
  { candidate }: { candidate(i: number, answer: Pg.QueryResult): Promise<Pg.QueryResult> },
): Promise<void> {
  let last: Pg.QueryResult;
  const shadow = new ShadowReader<number, Pg.QueryResult>({
    control: async (i) => {
      last = await control(i);
      return last;
    },
    candidate: (i) => candidate(i, last),
    compare: (one, other) => compareHits(one.rows as Hit[], other.rows as Hit[], 10),
  });
  // One stall of the machine moves the 99th percentile of all reads: that of each block is taken, and their median.
  const blocks: Record<'plain' | 'shadowed', number[]> = { plain: [], shadowed: [] };
  for (let block = 0; block < BLOCKS; block++) {
    const way = block % 2 === 0 ? 'plain' : 'shadowed';
    const times: number[] = [];
    for (let i = 0; i < READS / BLOCKS; i++) {
      const begun = performance.now();
      await (way === 'plain' ? control(i) : shadow.read(i));
      times.push(performance.now() - begun);
    }
    if (block >= 2) blocks[way].push(quantile(times, 0.99));
    await shadow.idle();
  }
  const [own, with99] = [median(blocks.plain), median(blocks.shadowed)];
  print(
    `ShadowReader, ${where}: 99% of control calls, without / with`,
    `${own.toFixed(3)} / ${with99.toFixed(3)} ms`,
    `${((with99 - own) * 1000).toFixed(0)} µs more; target: under 100 µs; 5% compared: ${shadow.summary().candidate.n}`,
  );
}

/** With a control that answers at once, so that nothing but the reader's own work is in it. */
async function measureOwnTime(): Promise<void> {
  const answer = [{ id: 1n }];
  const control = async () => answer;
  const shadow = new ShadowReader<number, typeof answer>({
    control,
    candidate: control,
    compare: () => ({ agreement: 1 }),
  });
  const times = await inTurns(50_000, { plain: control, shadowed: (i) => shadow.read(i) });
  await shadow.idle();
  const added = quantile(times['shadowed']!, 0.99) - quantile(times['plain']!, 0.99);
  print('  the reader’s own time, 99%', `${(added * 1000).toFixed(1)} µs`, 'target: under 100 µs');
}

interface Replaying {
  server: LaunchedServer;
  log: PostgresChangeLog;
  writer: DualWriter;
  following: Pg.Client;
  versions: Pg.Client;
  folder: string;
  row: (i: number) => Float32Array;
}

/** The same server is source, log and target, while it is written to as fast as one client can. */
async function measureReplay(parts: Replaying): Promise<void> {
  const { server, writer, following, versions, row } = parts;
  const folder = join(parts.folder, 'cutover');
  mkdirSync(folder);
  const options = engine.parseOptions({ index: {}, search: {} });
  if (options.state !== 'ok') throw new Error('pgvector refuses its own defaults');
  const { endpoint } = server;
  const connected = await engine.connect(
    { endpoint, folder, threads: 2, seed: 1 },
    new AbortController().signal,
  );
  const collection = await connected.create({
    name: 'vecproof_followed',
    vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: DIMENSIONS, metric: 'cosine' }],
    ids: 'u64',
    fields: [{ name: 'title', type: 'string', nullable: true }],
    index: options.index,
  });
  const source = await PostgresChangeLog.open(following);
  const replayer = new Replayer({
    ...{ source, cursors: source, consumer: 'target' },
    target: new CollectionTarget({
      place: 'pgvector',
      points: collection.points!,
      versions: await PostgresVersions.open(versions, 'target'),
    }),
  });
  await replayer.drain(await source.watermark());
  const count = REPLAYED;
  const begun = performance.now();
  const load = Promise.all(
    Array.from({ length: 4 }, async (_, client) => {
      for (let i = client; i < count; i += 4) await writer.upsert('docs', pointOf(100_000 + i, row(i)));
      return performance.now();
    }),
  );
  const ending = new AbortController();
  const running = replayer.run(ending.signal, (error) => print('replay', 'failed', messageOf(error)));
  const loaded = Math.max(...(await load));
  const behind = await source.backlog('target');
  ending.abort();
  await running;
  await replayer.drain(await source.watermark());
  const drained = performance.now();
  const rate = (end: number) => `${Math.round((count / (end - begun)) * 1000)} /s`;
  print(
    'replay: load by 4 writers, replayed meanwhile',
    `${rate(loaded)}, ${rate(drained)}`,
    `${behind.changes} behind at the load’s end`,
  );
  // By itself, without the load beside it.
  const again = new Replayer({
    ...{ source, cursors: source, consumer: 'again' },
    target: new CollectionTarget({
      ...{ place: 'pgvector', points: collection.points! },
      versions: await PostgresVersions.open(versions, 'again'),
    }),
  });
  const alone = performance.now();
  await again.drain(await source.watermark());
  const changes = count + WRITES;
  print(
    '  a replay by itself',
    `${Math.round((changes / (performance.now() - alone)) * 1000)} /s`,
    'target: at least the load’s rate',
  );
  await collection.drop();
  await connected.close();
}

function pointOf(id: number, vector: Float32Array) {
  return { id: BigInt(id), vectors: { vector }, metadata: { title: `title ${id}` } };
}

/** Milliseconds of each call, one way after the other, the first tenth left out. */
async function inTurns(
  n: number,
  ways: Readonly<Record<string, (i: number) => unknown>>,
): Promise<Record<string, number[]>> {
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, [] as number[]]));
  const orders = [Object.keys(ways), Object.keys(ways).reverse()];
  for (let i = 0; i < n; i++) {
    for (const way of orders[i % 2]!) {
      const start = performance.now();
      await ways[way]!(i);
      if (i >= n / 10) times[way]!.push(performance.now() - start);
    }
  }
  return times;
}

function printRatio(what: string, times: Record<string, number[]>, note: string): void {
  const [plain, dual] = [median(times['plain']!), median(times['dual']!)];
  print(
    what,
    `${dual.toFixed(3)} / ${plain.toFixed(3)} ms`,
    `${((dual / plain - 1) * 100).toFixed(1)}% more; ${note}`,
  );
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}

async function connect({ endpoint }: LaunchedServer): Promise<Pg.Client> {
  const { Client } = requireClient('pg') as typeof Pg;
  const { user, database } = endpoint.settings;
  const { host, port, secrets } = endpoint;
  const client = new Client({ host, port, user, database, password: secrets['password'] });
  await client.connect();
  return client;
}
