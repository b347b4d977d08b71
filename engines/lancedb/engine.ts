import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../contract/engine.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { packageVersion } from '../kit/packages.js';
import { loadClients } from './client.js';
import { createCollection } from './collection.js';
import { FILTERS } from './filter.js';
import { METADATA } from './metadata.js';
import { checkData, INDEX_TYPES, rules } from './options.js';
import { LIMITS } from './records.js';
import { recordStore } from './store.js';

const PACKAGES = ['@lancedb/lancedb', 'apache-arrow'];

export const engine: EngineDefinition = {
  name: 'lancedb',
  title: 'LanceDB',
  packages: PACKAGES,
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: INDEX_TYPES,
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count', 'get', 'scan', 'upsert', 'delete', 'update', 'describe', 'attach', 'list'],
    idKinds: LIMITS.idKinds,
    integerIds: LIMITS.integerIds,
    maxDimensions: null,
    visibility: 'immediate',
    scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
    deterministicBuild: 'never',
    execution: 'concurrent',
    preparedSearches: 'several',
    exhaustive: {
      flat: { kind: 'scan', search: {} },
      ivf: { kind: 'scan', search: { nprobe: 'lists' } },
      hnsw: { kind: 'graph', search: { ef: 'points', nprobe: 'lists' } },
    },
    remarks: [
      'Runs inside the process on threads of its own: a query is asynchronous, and the number of threads asked for holds for its queries, too: measured with two instead of one on two cores, hnsw-sq8 builds 1.8 times as fast, a flat scan answers 1.2 times as fast, a graph search no faster.',
      'Scores of pq, rq and sq8 without refineFactor are estimates, and under cosine they estimate 2(1-cos); with refineFactor they are exact.',
      'nlist is always set, as the engine would otherwise choose a number of partitions that leaves nprobe without effect; nprobe above nlist works as nlist.',
      'Each search is checked to use the index: a plan that falls back to scanning is a failure.',
      'hnsw needs ef of at least k times refineFactor.',
      'sq8 loses much of its recall under dot, and refining does not mend it (measured: 0.58 against 0.99 under cosine, on the same 5,000 unit vectors): for unit vectors use cosine, which ranks the same.',
      'pq needs 2^bits points and pqSegments that divide the dimension (default: dimension/16, else /8, else 1); rq a dimension divisible by 8.',
      'The original vectors always stay on disk beside the index; the size on disk covers both.',
      'Its SQL has no parameters: values of filters are written as quoted literals. Filters come before the search (prefilter); with postfilter: true they are applied to the k hits that were found, and restrictive ones return fewer.',
      'payloadIndex: true makes a btree for each single value and a label list for each array but those of floats, of which the engine makes none; no bitmaps, as LIKE over one is an error in 0.31.',
      'Records are rows of a table in the folder with columns id and vector and one for each field; it holds no dots in names, so that nested fields are columns with %2E. They are created with type flat: an index is trained on points, and can be made later.',
      'An update of a record reads and writes it as a whole.',
      'Points that are all zero are left out of answers under cosine.',
      'A query that holds NaN gets no or arbitrary points, by index type. The harness checks all vectors beforehand.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  connect,
};

async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine> {
  const { lance, arrow } = loadClients(options.threads);
  const folder = join(options.folder, 'lancedb');
  const connection = await lance.connect(folder);
  signal.throwIfAborted();
  const records = recordStore(lance, arrow, options.folder);
  return {
    version: async () => packageVersion('@lancedb/lancedb') ?? 'unknown',
    create: (spec) => createCollection({ lance, arrow, connection, folder, threads: options.threads }, spec),
    records,
    close: async () => {
      await records.close();
      connection.close();
      // The connection keeps a manifest of its own beside the tables.
      await rm(folder, { force: true, recursive: true });
    },
  };
}
