import { openClient } from '../../engines/chroma/client.js';
import type { Endpoint } from '../../engines/contract/server.js';
import { command, type MilvusClient } from '../../engines/milvus/client.js';
import { connectServer as connectMilvus } from '../../engines/milvus/connect.js';
import { connectServer as connectPostgres } from '../../engines/pgvector/client.js';
import { openClient as openQdrant } from '../../engines/qdrant/client.js';
import { until } from '../e2e/helpers/until.js';

/** Past the adapters: how many points the only collection of ours holds, asked on a connection of its own. */
export const RAW_COUNT: Readonly<Record<string, (endpoint: Endpoint) => Promise<number>>> = {
  pgvector: async (endpoint) => {
    const session = await connectPostgres(endpoint, new AbortController().signal);
    try {
      const [found] = await session.query(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'vecproof%'",
      );
      return Number((await session.query(`SELECT count(*) FROM "${found![0]}"`))[0]![0]);
    } finally {
      await session.close();
    }
  },
  chroma: async (endpoint) => {
    const client = openClient(endpoint) as ReturnType<typeof openClient> & {
      listCollections(): Promise<{ name: string; count(): Promise<number> }[]>;
    };
    return (await client.listCollections())[0]!.count();
  },
  milvus: async (endpoint) => {
    const client = await connectMilvus(endpoint, new AbortController().signal);
    try {
      // It accepts connections long before it serves what it holds.
      return await until(
        'Milvus serves its collection',
        () => countOfMilvus(client).catch(() => undefined),
        170,
      );
    } finally {
      await client.closeConnection();
    }
  },
  qdrant: async (endpoint) => {
    const client = openQdrant(endpoint) as ReturnType<typeof openQdrant> & {
      getCollections(): Promise<{ collections: { name: string }[] }>;
    };
    const { collections } = await client.getCollections();
    const ours = collections.find(({ name }) => name.startsWith('vecproof'))!;
    return (await client.count(ours.name, { exact: true })).count;
  },
};

/** Nothing can be counted in a collection that is not loaded, and nothing loaded without an index. */
async function countOfMilvus(client: MilvusClient): Promise<number | undefined> {
  const { data } = await (
    client as MilvusClient & { showCollections(): Promise<{ data: { name: string }[] }> }
  ).showCollections();
  const collection_name = data[0]!.name;
  const index = { collection_name, field_name: 'vector', index_type: 'FLAT', metric_type: 'COSINE' };
  await command('index', client.createIndex(index));
  await command('load', client.loadCollectionAsync({ collection_name }));
  const { progress } = await client.getLoadingProgress({ collection_name });
  if (Number(progress) !== 100) return undefined;
  const counted = await client.count({ collection_name, consistency_level: 'Strong' });
  return counted.status.code === 0 || counted.status.error_code === 'Success' ? counted.data : undefined;
}

/** How many of 600 acknowledged points a `kill -9` of the server loses, where that was seen. */
export const DURABLE: Readonly<Record<string, number>> = { pgvector: 0, chroma: 0, milvus: 0 };
