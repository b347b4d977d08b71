import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { nameEnd } from '../kit/own-names.js';
import { loadGrpc } from './client.js';
import { createCollection } from './collection.js';
import { connectServer, requireVersion } from './connect.js';
import { FILTERS } from './filter.js';
import { checkData, INDEX_TYPES, MAX_DIMENSIONS, rules } from './options.js';
import { recordStore } from './records.js';
import { LIMITS, METADATA } from './support.js';

const PACKAGES = ['@zilliz/milvus2-sdk-node', 'testcontainers'];

export const engine: EngineDefinition = {
  name: 'milvus',
  title: 'Milvus',
  packages: PACKAGES,
  node: '20.20.2',
  load: () => void loadGrpc(),
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: INDEX_TYPES,
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count', 'get', 'scan', 'upsert', 'delete', 'update', 'describe', 'attach', 'list'],
    idKinds: LIMITS.idKinds,
    integerIds: LIMITS.integerIds,
    maxDimensions: MAX_DIMENSIONS,
    visibility: 'after-ready',
    scores: { cosine: 'cos', dot: 'dot', l2: 'squared' },
    deterministicBuild: 'never',
    execution: 'concurrent',
    preparedSearches: 'several',
    exhaustive: {
      flat: { kind: 'scan', search: {} },
      hnsw: { kind: 'graph', search: { ef: 'points' } },
      ivf: { kind: 'scan', search: { nprobe: 'lists' } },
      scann: { kind: 'scan', search: { nprobe: 'lists' } },
    },
    remarks: [
      'A server: each query crosses the network and its Node client, which take about 2.5 ms whatever the index does.',
      'Queries are sent with consistency level Eventually: everything is flushed and sealed before, so that it sees all points; Strong would add the time tick of the server (200 ms).',
      'The time to index includes flushing (about 3 s) and loading the index into the query node (about 3.5 s), whatever the size.',
      'Points are inserted by columns, past the insert of the Node client, which costs four times the server.',
      'Each search is checked to find all segments sealed and indexed. Segments of fewer than 1024 rows are not indexed by default: servers that are started here index them, others are refused.',
      'hnsw needs ef of at least k, scann reorderK of at least k (default: k). nprobe above nlist works as nlist.',
      'Scores of ivf with sq8 and pq are estimates; scann reorders its candidates by the vectors themselves.',
      'pq trains slowly: choose it for its memory. It needs 2^bits points and pqSegments that divide the dimension (default: dimension/16, else /8, else 1).',
      'DISKANN is not offered: the server of the Python package accepts it and then builds for ever.',
      'Points that are all zero are left out of answers under cosine.',
      'Filters: columns have no null (as of 2.3), so a nullable field takes two of the 64 columns, the second a flag; texts have up to 65,535 bytes, arrays up to 4096 elements. payloadIndex adds an index to the columns of text (Trie), numbers and timestamps (STL_SORT); booleans, arrays and flags have none.',
      'More than some 500 conditions keep the parser of the server busy for minutes: such a filter is refused; $in counts as one.',
      'The id 2^63 - 1 is refused: the server (2.3.5) takes it and counts it, but no query returns it; a collection of others that holds it would be read without that point.',
      'Records are read and counted with consistency level Strong, which adds the time tick of the server (200 ms) to each call. Collections that others made are only read.',
      'The server does not tell how large an index is on disk; its data volume is measured instead.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  server: {
    modes: ['docker', 'url'],
    load: async () => (await import('./launch.js')).server,
  },
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { endpoint } = options;
  if (endpoint === undefined) throw new Error('milvus needs an endpoint');
  const client = await connectServer(endpoint, signal);
  try {
    const version = await requireVersion(client);
    return {
      version: async () => version,
      create: (spec) => {
        // A prefix of our own and a random part: nothing that is there already can be meant.
        const given = spec.name.replaceAll(/\W/g, '_').slice(0, 200);
        const name = `vecproof_${given}_${nameEnd(options)}`;
        return createCollection(client, name, spec);
      },
      records: recordStore(client),
      close: async () => {
        await client.closeConnection();
      },
    };
  } catch (error) {
    await client.closeConnection();
    throw error;
  }
}
