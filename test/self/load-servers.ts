import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as Pg from 'pg';
import { Client } from 'undici';
import { messageOf, VecproofError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import { executionOf } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { Endpoint } from '../../engines/contract/server.js';
import { compactVectorJson } from '../../engines/kit/json-vector.js';
import { requireClient } from '../../engines/kit/packages.js';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { connectServer as connectMilvus } from '../../engines/milvus/connect.js';
import { RawQueries } from '../../engines/milvus/raw.js';
import { readLayout } from '../../engines/milvus/read-layout.js';
import { vectorParameter } from '../../engines/pgvector/vectors.js';
import { loadEngine } from '../../engines/registry.js';
import { timingMeasures } from '../../harness/measures/timing.js';
import { constantClients } from '../../harness/run/executors/constant-clients.js';
import { standInOf } from '../conformance/stand-in.js';
import { clustered } from './clustered.js';
import { print } from './print.js';
import { closedLoop, inTurns, type Way } from './rounds.js';

const NAME = 'vecproof_self_load';
const COUNT = 10_000;
const DIMENSIONS = 128;
const QUERIES = 500;
const K = 10;
const CLIENTS = 8;
const SECONDS = 2;

/** What one client asks; `i` counts over all clients. */
type Ask = (client: number, i: number) => Promise<unknown>;
type ByHand = (
  endpoint: Endpoint,
  queries: readonly Float32Array[],
) => Promise<{ ask: Ask; close(): Promise<unknown> }>;

/** The same search by a loop that does nothing else, over the fastest client there is. */
const BY_HAND: Readonly<Record<string, ByHand>> = {
  pgvector: async ({ host, port, settings, secrets }, queries) => {
    const { Client } = requireClient('pg') as typeof Pg;
    const { user, database } = settings;
    const clients = Array.from(
      { length: CLIENTS },
      () => new Client({ host, port, user, database, password: secrets['password'] }),
    );
    for (const client of clients) {
      await client.connect();
      await client.query(
        'SET hnsw.ef_search = 64; SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off',
      );
    }
    const distance = `"vector" <-> $1::vector(${DIMENSIONS})`;
    const text = `SELECT "id", ${distance} AS distance FROM "${NAME}" ORDER BY ${distance} LIMIT ${K}`;
    const parameters = queries.map(vectorParameter);
    return {
      ask: (client, i) =>
        clients[client]!.query({
          name: 'by_hand',
          text,
          values: [parameters[i % QUERIES]],
          rowMode: 'array',
        }),
      close: () => Promise.all(clients.map((client) => client.end())),
    };
  },
  chroma: async (endpoint, queries) => {
    const origin = originOf(endpoint);
    const base = '/api/v2/tenants/default_tenant/databases/default_database/collections';
    const { id } = (await (await fetch(`${origin}${base}/${NAME}`)).json()) as { id: string };
    const bodies = queries.map(
      (query) =>
        `{"query_embeddings":[${compactVectorJson(query)}],"n_results":${K},"include":["distances"]}`,
    );
    return overHttp(origin, `${base}/${id}/query`, bodies);
  },
  qdrant: async (endpoint, queries) => {
    const rest = `"limit":${K},"params":{"hnsw_ef":64},"with_payload":false,"with_vector":false}`;
    const bodies = queries.map((query) => `{"query":${compactVectorJson(query)},${rest}`);
    return overHttp(originOf(endpoint), `/collections/${NAME}/points/query`, bodies);
  },
  milvus: milvusByGrpc({ ef: 64 }),
};

/** @param params of the search, in the server's own names */
function milvusByGrpc(params: ParameterSet): ByHand {
  return async (endpoint, queries) => {
    const client = await connectMilvus(endpoint, new AbortController().signal);
    const { layout } = await readLayout(client, NAME);
    const [field] = layout.vectors;
    const column = layout.columns.get(field!.name)!;
    const target = { layout, column, k: K, params, level: 'Eventually' as const };
    // The messages are the client's own: nothing smaller is there to ask with.
    const raw = await RawQueries.open(client, target, field!);
    const messages = queries.map((query) => raw.encode(query, undefined));
    return {
      ask: (_client, i) => raw.send(messages[i % QUERIES]!, undefined),
      close: () => client.closeConnection(),
    };
  };
}

/** What else a server could be asked by, and is not; `beside`: the same over what is used. */
const OTHERWISE: Readonly<Record<string, { what: string; open: ByHand; beside: ByHand }>> = {
  milvus: {
    what: 'by hand without ef: REST / gRPC',
    beside: milvusByGrpc({}),
    open: async (endpoint, queries) => {
      // Of version 1, which the servers of 2.3 have: it sets neither ef nor the level of consistency.
      const bodies = queries.map(
        (query) => `{"collectionName":"${NAME}","vector":${compactVectorJson(query)},"limit":${K}}`,
      );
      return overHttp(originOf(endpoint), '/v1/vector/search', bodies, (answer) => {
        const { code, data } = answer as { code: number; data: unknown[] };
        if (code !== 200 || data.length !== K) throw new Error(JSON.stringify(answer).slice(0, 500));
      });
    },
  },
};

export const LOADED_SERVERS: readonly string[] = Object.keys(BY_HAND);

function originOf({ host, port }: Endpoint): string {
  return `http://${host}:${port}`;
}

/** @param check throws where an answer is none, whatever its status says */
async function overHttp(
  origin: string,
  path: string,
  bodies: readonly string[],
  check: (answer: unknown) => void = () => undefined,
) {
  const clients = Array.from({ length: CLIENTS }, () => new Client(origin, { pipelining: 1 }));
  const encoded = bodies.map((body) => Buffer.from(body));
  const headers = { 'content-type': 'application/json' };
  const ask: Ask = async (client, i) => {
    const body = encoded[i % QUERIES]!;
    const answer = await clients[client]!.request({ path, method: 'POST', headers, body });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(text);
    const parsed: unknown = JSON.parse(text);
    check(parsed);
    return parsed;
  };
  return { ask, close: () => Promise.all(clients.map((client) => client.close())) };
}

/** Throughput of each server with 8 clients: a trial's against a loop by hand, in turns. */
export async function measureLoadOnServers(
  parent: string,
  names: readonly string[] = LOADED_SERVERS,
): Promise<void> {
  for (const name of names) {
    try {
      await measureServer(name, join(parent, `load-${name}`));
    } catch (error) {
      if (!(error instanceof VecproofError)) throw error;
      print(`${name}: ${CLIENTS} clients`, 'not measured', messageOf(error).split('\n', 1)[0]);
    }
  }
}

async function measureServer(name: string, folder: string): Promise<void> {
  mkdirSync(folder);
  const { signal } = new AbortController();
  const definition = await loadEngine(name);
  const launcher = await definition.server!.load();
  const standIn = process.env[`VECPROOF_${name.toUpperCase()}_URL`] ? undefined : standInOf(name);
  const stand = await standIn?.start();
  const url = stand?.url ?? process.env[`VECPROOF_${name.toUpperCase()}_URL`];
  const mode = url === undefined ? { mode: 'docker' } : { mode: 'url', url };
  const labels = ownLabels('bench-self');
  try {
    const server = await launcher.launch({ ...mode, labels, env: process.env, threads: 2, signal });
    try {
      const { endpoint } = server;
      const engine = await definition.connect(
        { endpoint, folder, threads: 2, seed: 1, mode: mode.mode },
        signal,
      );
      const search = name === 'chroma' ? {} : { ef: 64 };
      const options = definition.parseOptions({ index: {}, search });
      if (options.state !== 'ok') throw new Error(`${name} refuses its own parameters`);
      const shape = { dimensions: DIMENSIONS, metric: 'l2' as const, capacity: COUNT };
      const collection = await engine.create(rowSpec({ name: NAME, ...shape, index: options.index }));
      await fill(collection, signal);
      await compare(name, standIn?.what, endpoint, collection, options.search);
      await collection.drop();
      await engine.close();
    } finally {
      await server.stop();
    }
  } finally {
    await stand?.stop();
  }
}

async function fill(collection: Collection, signal: AbortSignal): Promise<void> {
  const vectors = clustered(COUNT, DIMENSIONS);
  for (let first = 0; first < COUNT; first += 1000) {
    const part = vectors.slice(first * DIMENSIONS, (first + 1000) * DIMENSIONS);
    await collection.load(rowBatch(first, 1000, part), signal);
  }
  await collection.ready(signal);
}

async function compare(
  name: string,
  what: string | undefined,
  endpoint: Endpoint,
  collection: Collection,
  settings: Parameters<Collection['prepare']>[0],
): Promise<void> {
  const vectors = clustered(COUNT, DIMENSIONS);
  const queries = Array.from({ length: QUERIES }, (_, i) =>
    vectors.slice(i * 7 * DIMENSIONS, (i * 7 + 1) * DIMENSIONS),
  );
  const hand = await BY_HAND[name]!(endpoint, queries);
  const clientOf: Record<string, string> = {};
  const ours = (client?: string) => async () => {
    const found = await throughput(name, collection, { ...settings, ...(client && { client }) }, queries);
    clientOf[client ?? 'own'] = found.client ?? '';
    return found.perSecond;
  };
  const byHand = () => closedLoop(CLIENTS, SECONDS, hand.ask);
  const ways: Record<'ours' | 'byHand' | 'official', Way> = {
    ours: ours(),
    byHand,
    // Of pgvector it is what is used.
    official: ours(name === 'pgvector' ? undefined : 'official'),
  };
  const otherwise = OTHERWISE[name];
  const [other, beside] = await Promise.all([
    otherwise?.open(endpoint, queries),
    otherwise?.beside(endpoint, queries),
  ]);
  const loop = (ask: Ask) => () => closedLoop(CLIENTS, SECONDS, ask);
  const more = other && beside && { other: loop(other.ask), beside: loop(beside.ask) };
  const { rates, cpu, ratio } = await inTurns<'ours' | 'byHand' | 'official' | 'other' | 'beside'>(
    { ...ways, ...more } as Record<keyof typeof ways | 'other' | 'beside', Way>,
    SECONDS,
  );
  await hand.close();
  await other?.close();
  await beside?.close();
  print(
    `${name}: ${CLIENTS} clients, ours / by hand`,
    `${Math.round(rates.ours)} / ${Math.round(rates.byHand)} per s`,
    `ratio ${ratio.toFixed(2)}; target: at least 0.9 (${clientOf['own']})`,
  );
  print(
    '  client CPU for a query: ours / by hand / official',
    `${cpu.ours.toFixed(0)} / ${cpu.byHand.toFixed(0)} / ${cpu.official.toFixed(0)} µs`,
    `official: ${Math.round(rates.official)} per s`,
  );
  if (otherwise !== undefined)
    print(
      `  ${otherwise.what}`,
      `${Math.round(rates.other)} / ${Math.round(rates.beside)} per s`,
      `ratio ${(rates.other / rates.beside).toFixed(2)}; CPU ${cpu.other.toFixed(0)} / ${cpu.beside.toFixed(0)} µs`,
    );
  if (what !== undefined) print(`  ${what}`, '');
}

async function throughput(
  name: string,
  collection: Collection,
  settings: Parameters<Collection['prepare']>[0],
  queries: readonly Float32Array[],
) {
  const { capabilities } = await loadEngine(name);
  const { preparedSearches } = executionOf(capabilities, 'docker');
  const open = async () => {
    const search = await collection.prepare(settings, K);
    opened.push(search);
    return { search, filters: undefined };
  };
  const opened: Awaited<ReturnType<Collection['prepare']>>[] = [];
  const parsed = constantClients.parse({ clients: CLIENTS, seconds: SECONDS, warmUp: 0 });
  if (parsed.state !== 'ok') throw new Error('it refuses its own options');
  const { search, filters } = await open();
  const samples = await constantClients.run(
    {
      search,
      filters,
      queries,
      order: Int32Array.from(queries, (_, i) => i),
      k: K,
      count: COUNT,
      repetition: 0,
      seed: 1,
      concurrent: true,
      several: preparedSearches === 'several',
      open,
      origin: performance.now(),
      signal: new AbortController().signal,
    },
    parsed.options,
  );
  await Promise.all(opened.map((each) => each.close()));
  return { perSecond: timingMeasures(samples)['throughput']!.value, client: search.client };
}
