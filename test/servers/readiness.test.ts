import { afterEach, expect, test } from 'vitest';
import type { ConnectedEngine, EngineDefinition } from '../../engines/contract/engine.js';
import type { Endpoint, LaunchedServer } from '../../engines/contract/server.js';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import { launchContainer } from '../../engines/launcher/container.js';
import { connectServer as connectMilvus } from '../../engines/milvus/connect.js';
import { engine as milvusEngine } from '../../engines/milvus/engine.js';
import { connectServer } from '../../engines/pgvector/client.js';
import { engine as pgvectorEngine } from '../../engines/pgvector/engine.js';
import { server as pgvector } from '../../engines/pgvector/launch.js';
import { randomVectors } from '../e2e/helpers/data.js';
import { describeWith, never, request } from './docker.js';

const RUN = `readiness-test-${process.pid}`;
const COUNT = 500;
const DIMENSIONS = 16;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const keep = <T extends { stop(): Promise<void> }>(server: T): T => {
  closers.push(() => server.stop());
  return server;
};

/** A collection with few points, loaded and not ready. */
async function loaded(engine: EngineDefinition, endpoint: Endpoint) {
  const options = { endpoint, folder: '/nowhere', threads: 1, seed: 1 };
  const connected: ConnectedEngine = await engine.connect(options, never);
  closers.push(() => connected.close());
  const parsed = engine.parseOptions({ index: { type: 'hnsw' }, search: {} });
  if (parsed.state !== 'ok') throw new Error(JSON.stringify(parsed.issues));
  const spec = rowSpec({
    name: 'vecproof_p',
    dimensions: DIMENSIONS,
    metric: 'l2',
    capacity: COUNT,
    index: parsed.index,
  });
  const collection = await connected.create(spec);
  const vectors = Float32Array.from(randomVectors(COUNT, DIMENSIONS).flat());
  await collection.load(rowBatch(0, COUNT, vectors), never);
  return { collection, search: parsed.search };
}

describeWith(['pgvector'], 'PostgreSQL with an index that is of no use', () => {
  test('one that is not valid, or gone, is no index: neither is searched', async () => {
    const { endpoint } = keep<LaunchedServer>(await pgvector.launch(request(RUN)));
    const { collection, search } = await loaded(pgvectorEngine, endpoint);
    expect(await collection.ready(never)).toMatchObject({ count: COUNT, indexed: COUNT });
    const session = await connectServer(endpoint, never);
    closers.push(() => session.close());
    const [[name]] = (await session.query(
      "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'vecproof_p'::regclass AND NOT i.indisprimary",
    )) as [[string]];
    await session.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"${name}"'::regclass`);
    await expect(collection.ready(never)).rejects.toThrow('the index is not valid');
    await session.query(`DROP INDEX "${name}"`);
    await expect(collection.prepare(search, 10)).rejects.toThrow('the index is not built yet');
  });
});

describeWith(['milvus'], 'a Milvus that indexes no small segments', () => {
  test('is refused with the setting that fixes it, although it says that its index is finished', async () => {
    // As somebody else would run it: without the two settings that this project's launcher adds.
    const spec = {
      engine: 'milvus',
      port: 19530,
      environment: {
        DEPLOY_MODE: 'STANDALONE',
        ETCD_USE_EMBED: 'true',
        ETCD_DATA_DIR: '/var/lib/milvus/etcd',
        COMMON_STORAGETYPE: 'local',
      },
      command: ['milvus', 'run', 'standalone'],
      dataPath: '/var/lib/milvus',
      minimumMemoryBytes: 0,
      startSeconds: 120,
      secrets: {},
      settings: {},
      ask: async (endpoint: Endpoint) => {
        const client = await connectMilvus(endpoint, never);
        const { isHealthy } = await client.checkHealth().finally(() => client.closeConnection());
        if (!isHealthy) throw new Error('not healthy');
      },
    };
    const { endpoint } = keep(await launchContainer(spec, request(RUN)));
    const { collection } = await loaded(milvusEngine, endpoint);
    await expect(collection.ready(never)).rejects.toThrow(
      /1 of 1 segments have no index[\s\S]*indexCoord.segment.minSegmentNumRowsToEnableIndex/,
    );
    await collection.drop();
  });
});
