import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type * as Pg from 'pg';
import { messageOf, VecproofError } from '../../../common/errors.js';
import type { Point } from '../../../engines/contract/points.js';
import type { Endpoint, LaunchedServer } from '../../../engines/contract/server.js';
import { requireClient } from '../../../engines/kit/packages.js';
import { ownLabels } from '../../../engines/launcher/labels.js';
import { connectServer as openMilvus } from '../../../engines/milvus/connect.js';
import { loadEngine } from '../../../engines/registry.js';
import { print } from '../print.js';
import { scanByCursor } from './cursor.js';
import { measurePlace } from './place.js';

const never = new AbortController().signal;

interface MeasuredServer {
  title: string;
  address(endpoint: Endpoint): string;
  /** What the adapter finds the secrets in. */
  env(endpoint: Endpoint): NodeJS.ProcessEnv;
  rawScan(endpoint: Endpoint): Promise<number>;
}

const SERVERS: Readonly<Record<'pgvector' | 'milvus', MeasuredServer>> = {
  pgvector: {
    title: 'pgvector',
    address: ({ host, port }) => `pgvector:postgres://postgres@${host}:${port}/postgres?sslmode=disable`,
    env: ({ secrets }) => ({ PGPASSWORD: secrets['password'] }),
    async rawScan({ host, port, secrets: { password } }) {
      const { Client } = requireClient('pg') as typeof Pg;
      const client = new Client({ host, port, user: 'postgres', database: 'postgres', password: password! });
      await client.connect();
      const rows = await scanByCursor((sql) => client.query(sql));
      await client.end();
      return rows;
    },
  },
  milvus: {
    title: 'Milvus',
    address: ({ host, port }) => `milvus:http://${host}:${port}`,
    env: () => ({}),
    async rawScan(endpoint) {
      const client = await openMilvus(endpoint, never);
      const { schema } = await client.describeCollection({ collection_name: 'docs' });
      const pages = await (client as unknown as Iterated).queryIterator({
        collection_name: 'docs',
        batchSize: 1000,
        output_fields: schema.fields.map(({ name }) => name),
      });
      let rows = 0;
      for await (const page of pages) rows += page.length;
      await client.closeConnection();
      return rows;
    },
  },
};

interface Iterated {
  queryIterator(options: object): Promise<AsyncIterable<unknown[]>>;
}

/** Engines that are servers, in Docker; without it they are said not to be measured. */
export async function measureServer(
  name: 'pgvector' | 'milvus',
  parent: string,
  points: readonly Point[],
): Promise<void> {
  const { title, address, env, rawScan } = SERVERS[name];
  const folder = join(parent, `${title} server`);
  mkdirSync(folder);
  const definition = await loadEngine(name);
  let server: LaunchedServer;
  try {
    const labels = ownLabels('bench-self');
    const launcher = await definition.server!.load();
    server = await launcher.launch({ mode: 'docker', labels, env: process.env, threads: 2, signal: never });
  } catch (error) {
    if (!(error instanceof VecproofError)) throw error;
    print(`${title}: export / the raw client’s scan`, 'not measured', messageOf(error).split('\n', 1)[0]);
    return;
  }
  try {
    const { endpoint } = server;
    const connect = () =>
      definition.connect({ endpoint, folder: mkdtempSync(join(folder, 'own-')), threads: 2, seed: 1 }, never);
    await measurePlace(
      {
        title,
        address: address(endpoint),
        env: { ...process.env, ...env(endpoint) },
        connect,
        rawScan: () => rawScan(endpoint),
      },
      folder,
      points,
    );
  } finally {
    await server.stop();
  }
}
