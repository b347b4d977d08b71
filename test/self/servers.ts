import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, VecproofError } from '../../common/errors.js';
import { openClient as openChroma } from '../../engines/chroma/client.js';
import type { Endpoint, LaunchedServer } from '../../engines/contract/server.js';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { connectServer as openMilvus } from '../../engines/milvus/connect.js';
import { openClient as openQdrant } from '../../engines/qdrant/client.js';
import { loadEngine } from '../../engines/registry.js';
import { clustered } from './clustered.js';
import { compareOwnTime } from './own-time.js';
import { print } from './print.js';

const COUNT = 10_000;
const DIMENSIONS = 128;
const QUERIES = 500;
const K = 10;

type Raw = (vector: Float32Array) => Promise<unknown>;

/** The request of the adapter, sent by the official client alone. */
const RAW: Readonly<Record<string, (endpoint: Endpoint, signal: AbortSignal) => Promise<Raw>>> = {
  chroma: async (endpoint) => {
    const client = openChroma(endpoint);
    const [found] = await client.listCollections({ limit: 1, offset: 0 });
    const collection = await client.getCollection({ name: found!.name });
    return (vector) =>
      collection.query({ queryEmbeddings: [Array.from(vector)], nResults: K, include: ['distances'] });
  },
  milvus: async (endpoint, signal) => {
    const client = await openMilvus(endpoint, signal);
    const { data } = await client.showCollections();
    const collection_name = data[0]!.name;
    const { schema } = await client.describeCollection({ collection_name });
    const [id, vector] = schema.fields.map(({ name }) => name);
    const request = {
      collection_name,
      anns_field: vector,
      limit: K,
      params: { ef: 64 },
      output_fields: [id],
    };
    return (data) => client.search({ ...request, data, consistency_level: 'Eventually' });
  },
  qdrant: async (endpoint) => {
    const address = `http://${endpoint.host}:${endpoint.port}`;
    const client = openQdrant(endpoint);
    const { result } = (await (await fetch(`${address}/collections`)).json()) as {
      result: { collections: { name: string }[] };
    };
    const { name } = result.collections.find((each) => each.name.startsWith('vecproof_'))!;
    const rest = { limit: K, params: { hnsw_ef: 64 }, with_payload: false, with_vector: false };
    return (vector) => client.query(name, { query: Array.from(vector), ...rest });
  },
};

/** What the adapters of Chroma and Milvus add to a query. */
export async function measureServers(folder: string): Promise<void> {
  for (const name of Object.keys(RAW)) await measureServer(name, folder);
}

async function measureServer(name: string, parent: string): Promise<void> {
  const { signal } = new AbortController();
  const definition = await loadEngine(name);
  const url = process.env[`VECPROOF_${name.toUpperCase()}_URL`];
  const mode = url === undefined ? { mode: 'docker' } : { mode: 'url', url };
  let server: LaunchedServer;
  try {
    const labels = ownLabels('bench-self');
    const launcher = await definition.server!.load();
    server = await launcher.launch({ ...mode, labels, env: process.env, threads: 2, signal });
  } catch (error) {
    if (!(error instanceof VecproofError)) throw error;
    print(`${name}: adapter beside the raw client`, 'not measured', messageOf(error).split('\n', 1)[0]);
    return;
  }
  try {
    await compare(name, server.endpoint, join(parent, name), signal);
  } finally {
    await server.stop();
  }
}

async function compare(name: string, endpoint: Endpoint, folder: string, signal: AbortSignal): Promise<void> {
  mkdirSync(folder);
  const engine = await loadEngine(name);
  // Chroma takes another ef than that of its index only after a restart.
  const options = engine.parseOptions({ index: {}, search: name === 'chroma' ? {} : { ef: 64 } });
  if (options.state !== 'ok') throw new Error(`${name} refuses its own parameters`);
  const connected = await engine.connect({ endpoint, folder, threads: 2, seed: 1 }, signal);
  const shape = { dimensions: DIMENSIONS, metric: 'l2' as const, capacity: COUNT };
  const collection = await connected.create(
    rowSpec({ name: 'vecproof_self', ...shape, index: options.index }),
  );
  const vectors = clustered(COUNT, DIMENSIONS);
  const at = (i: number) => vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
  const start = performance.now();
  for (let first = 0; first < COUNT; first += 1000) {
    const part = vectors.subarray(first * DIMENSIONS, (first + 1000) * DIMENSIONS);
    await collection.load(rowBatch(first, 1000, part), signal);
  }
  print(`${name}: load 10,000 x 128`, `${((performance.now() - start) / 1000).toFixed(2)} s`);
  await collection.ready(signal);
  const search = await collection.prepare(options.search, K);
  const raw = await RAW[name]!(endpoint, signal);
  await compareOwnTime(name, QUERIES, {
    adapter: async (i) => search.query(at(i).slice()),
    raw: (i) => raw(at(i)),
  });
  await search.close();
  await collection.drop();
  await connected.close();
}
