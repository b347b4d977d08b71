import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { LaunchedServer, ServerDefinition } from '../../engines/contract/server.js';
import { ownNames } from '../../engines/kit/own-names.js';
import { engine as real } from '../../engines/null/engine.js';

export { facts } from '../../engines/null/facts.js';

const SECRET = 'correct-horse';

/**
 * The null engine as one whose collections stay on a server, which is the folder that its address names. It crashes at a
 * query without numbers, and says its password when it is asked for its version.
 */
export const engine: EngineDefinition = {
  ...real,
  name: 'placed',
  title: 'Placed',
  server: { modes: ['url'], load: async () => server },
  connect: async (options, signal) => {
    const connected = await real.connect(options, signal);
    const { settings, secrets } = options.endpoint!;
    const fileOf = (name: string) => join(settings['folder']!, name);
    return {
      ...connected,
      version: async () => `denied to ${secrets['password']}`,
      create: async (spec) => {
        const collection = await connected.create(spec);
        writeFileSync(fileOf(spec.name), '');
        return {
          ...collection,
          prepare: async (search, k) => {
            const prepared = await collection.prepare(search, k);
            const query: typeof prepared.query = (vector) => {
              if (vector.length === 0) process.abort();
              return prepared.query(vector);
            };
            return { ...prepared, query };
          },
          drop: async () => rmSync(fileOf(spec.name), { force: true }),
        };
      },
    };
  },
};

const server: ServerDefinition = {
  prepare: async () => {},
  launch: async ({ url }) => launched(new URL(url!).pathname),
  remove: async ({ settings }, nameEnd) => {
    const folder = settings['folder']!;
    const names = ownNames(readdirSync(folder), nameEnd);
    for (const name of names) rmSync(join(folder, name));
    return names;
  },
};

function launched(folder: string): LaunchedServer {
  return {
    endpoint: { host: 'localhost', port: 1, tls: false, secrets: { password: SECRET }, settings: { folder } },
    image: undefined,
    handle: undefined,
    controlGroup: undefined,
    ended: new Promise(() => {}),
    memoryPeak: () => undefined,
    cpuSeconds: () => undefined,
    diskBytes: async () => undefined,
    status: async () => undefined,
    logTail: () => [],
    restart: undefined,
    stop: async () => {},
  };
}
