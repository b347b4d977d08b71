import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as Pg from 'pg';
import { messageOf, VecproofError } from '../../common/errors.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { requireClient } from '../../engines/kit/packages.js';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { engine } from '../../engines/pgvector/engine.js';
import { server as launcher } from '../../engines/pgvector/launch.js';
import { vectorParameter } from '../../engines/pgvector/vectors.js';
import { clustered } from './clustered.js';
import { compareOwnTime } from './own-time.js';
import { print } from './print.js';

const COUNT = 50_000;
const DIMENSIONS = 128;
const QUERIES = 1000;

/**
 * What the adapter adds to a query: its call against the raw client's on the same server, with the same statement and
 * binary parameter, in turns. And the time to load 50,000 x 128.
 */
export async function measurePgvector(folder: string): Promise<void> {
  const signal = new AbortController().signal;
  const labels = ownLabels('bench-self');
  let server: LaunchedServer;
  try {
    server = await launcher.launch({ mode: 'docker', labels, env: process.env, threads: 2, signal });
  } catch (error) {
    if (!(error instanceof VecproofError)) throw error;
    print('pgvector: adapter beside the raw client', 'not measured', messageOf(error).split('\n', 1)[0]);
    return;
  }
  try {
    await compare(server, folder, signal);
  } finally {
    await server.stop();
  }
}

async function compare(server: LaunchedServer, parent: string, signal: AbortSignal): Promise<void> {
  const folder = join(parent, 'pgvector');
  mkdirSync(folder);
  const { endpoint } = server;
  const connected = await engine.connect({ endpoint, folder, threads: 2, seed: 1 }, signal);
  const options = engine.parseOptions({ index: {}, search: {} });
  if (options.state !== 'ok') throw new Error('pgvector refuses its own defaults');
  const spec = rowSpec({
    name: 'vecproof_self',
    dimensions: DIMENSIONS,
    metric: 'l2' as const,
    capacity: COUNT,
    index: options.index,
  });
  const collection = await connected.create(spec);
  const vectors = clustered(COUNT, DIMENSIONS);
  const start = performance.now();
  await collection.load(rowBatch(0, COUNT, vectors), signal);
  const seconds = (performance.now() - start) / 1000;
  print(
    'pgvector: load 50,000 x 128 by binary COPY',
    `${seconds.toFixed(2)} s`,
    'target: within 1.5 x 0.15 s on a quiet machine',
  );
  await collection.ready(signal);

  const search = await collection.prepare(options.search, 10);
  const raw = await rawClient(server);
  const text = `SELECT "id", "vector" <-> $1::vector(${DIMENSIONS}) AS distance FROM "vecproof_self" ORDER BY "vector" <-> $1::vector(${DIMENSIONS}) LIMIT 10`;
  const queries = Array.from({ length: QUERIES }, (_, i) =>
    vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS),
  );
  const parameters = queries.map(vectorParameter);
  const ways = {
    adapter: (i: number) => search.query(queries[i]!),
    raw: (i: number) => raw.query({ name: 'raw', text, values: [parameters[i]], rowMode: 'array' }),
  };
  await compareOwnTime('pgvector', QUERIES, ways);
  await raw.end();
  await search.close();
  await collection.drop();
  await connected.close();
}

async function rawClient({ endpoint }: LaunchedServer) {
  const { Client } = requireClient('pg') as typeof Pg;
  const { user, database } = endpoint.settings;
  const client = new Client({
    host: endpoint.host,
    port: endpoint.port,
    user,
    database,
    password: endpoint.secrets['password'],
  });
  await client.connect();
  await client.query('SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off');
  return client;
}
