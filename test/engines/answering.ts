import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { Endpoint, ServerDefinition } from '../../engines/contract/server.js';
import { HttpPool } from '../../engines/kit/http-pool.js';
import { runningServer } from '../../engines/launcher/running.js';
import { engine as real } from '../../engines/null/engine.js';

export { facts } from '../../engines/null/facts.js';

/**
 * Collections on a server that speaks HTTP and is its test's: `POST /<what>/<collection>` creates, loads, counts, searches or
 * drops, `POST /list` names them, and `POST /clock` tells the time (ms).
 */
export const engine: EngineDefinition = {
  ...real,
  name: 'answering',
  title: 'Answering',
  capabilities: { ...real.capabilities, execution: 'concurrent' },
  server: { modes: ['url'], load: async () => server },
  connect: async ({ endpoint }) => {
    const pool = await HttpPool.open(`http://${endpoint!.host}:${endpoint!.port}`, {});
    const ask = (path: string, body: unknown) => askServer(pool, path, body);
    const collectionOf = (name: string): Collection => {
      const count = async () => (await ask(`/count/${name}`, {})) as number;
      return {
        name,
        load: async ({ count: points }) => {
          await ask(`/load/${name}`, { points });
        },
        ready: async () => ({ count: await count(), indexed: null, details: {} }),
        prepare: async () => ({
          client: 'raw-http',
          query: async (vector, _filter, signal) => {
            const body = Buffer.from(JSON.stringify([vector[0]]));
            const answer = await pool.post(`/search/${name}`, body, signal);
            const keys = JSON.parse(String(answer.body)) as number[];
            return { keys, scores: keys.map(() => 0) };
          },
          close: async () => {},
        }),
        count,
        indexBytes: async () => undefined,
        drop: async () => {
          await ask(`/drop/${name}`, {});
        },
      };
    };
    return {
      version: async () => '1',
      create: async ({ name }) => {
        await ask(`/create/${name}`, {});
        return collectionOf(name);
      },
      open: async (name) => collectionOf(name),
      list: async () => (await ask('/list', {})) as string[],
      clock: async () => (await ask('/clock', {})) as number,
      close: () => pool.close(),
    };
  },
};

async function askServer(pool: HttpPool, path: string, body: unknown): Promise<unknown> {
  return JSON.parse(String((await pool.post(path, Buffer.from(JSON.stringify(body)))).body));
}

const server: ServerDefinition = {
  prepare: async () => {},
  launch: async ({ url }) => runningServer(endpointOf(new URL(url!))),
};

function endpointOf({ hostname, port }: URL): Endpoint {
  return { host: hostname, port: Number(port), tls: false, secrets: {}, settings: {} };
}
