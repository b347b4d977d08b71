import { afterAll } from 'vitest';
import { messageOf } from '../../common/errors.js';
import type { ConnectOptions, EngineDefinition } from '../../engines/contract/engine.js';
import type { LaunchedServer, LaunchRequest } from '../../engines/contract/server.js';
import { ownLabels } from '../../engines/launcher/labels.js';
import { type StandIn, standInOf } from './stand-in.js';

/** Address of a running server, for tests of an engine: `VECPROOF_QDRANT_URL`, … */
export function urlVariable(engine: string): string {
  return `VECPROOF_${engine.toUpperCase()}_URL`;
}

export function request({ name }: EngineDefinition, url = process.env[urlVariable(name)]): LaunchRequest {
  return {
    mode: url ? 'url' : 'docker',
    url: url || undefined,
    labels: ownLabels('conformance'),
    env: process.env,
    threads: 2,
    signal: new AbortController().signal,
  };
}

/** How an engine's server is provided: for real, by a stand-in, or not at all, on one line. */
export type ServerFound =
  | { state: 'server' | 'none needed' }
  | { state: 'stand-in'; standIn: StandIn }
  | { state: 'missing'; why: string };

export async function findServer(definition: EngineDefinition): Promise<ServerFound> {
  if (definition.server === undefined) return { state: 'none needed' };
  try {
    await (await definition.server.load()).prepare(request(definition));
    return { state: 'server' };
  } catch (error) {
    const standIn = process.env[urlVariable(definition.name)] ? undefined : standInOf(definition.name);
    if (standIn !== undefined) return { state: 'stand-in', standIn };
    return {
      state: 'missing',
      why: `set ${urlVariable(definition.name)}, or: ${messageOf(error).split('\n', 1)[0]}`,
    };
  }
}

/** One server for each engine and test file: started when first asked for, stopped after the file. */
const launched = new Map<string, Promise<Launched>>();

type Launched = Pick<LaunchedServer, 'endpoint' | 'restart' | 'stop' | 'handle'> & { mode: string };

async function launch(definition: EngineDefinition): Promise<Launched> {
  const launcher = await definition.server!.load();
  const found = await findServer(definition);
  const standIn = found.state === 'stand-in' ? await found.standIn.start() : undefined;
  const asked = request(definition, standIn?.url);
  const server = await launcher.launch(asked);
  return {
    // A restart may move it: its address may have been given away meanwhile.
    get endpoint() {
      return server.endpoint;
    },
    handle: server.handle,
    mode: asked.mode,
    restart: server.restart?.bind(server),
    stop: async () => {
      await server.stop();
      await standIn?.stop();
    },
  };
}

/** The server of an engine that has one, running. */
export function serverOf(definition: EngineDefinition): Promise<Launched> {
  const { name } = definition;
  let running = launched.get(name);
  if (running === undefined) {
    running = launch(definition);
    launched.set(name, running);
  }
  return running;
}

/** What connecting needs beyond a folder; nothing for embedded engines. */
export async function serverOptions(
  definition: EngineDefinition,
): Promise<Pick<ConnectOptions, 'endpoint' | 'mode' | 'restartServer'>> {
  if (definition.server === undefined) return {};
  const { endpoint, mode, restart: restartServer } = await serverOf(definition);
  return { endpoint, mode, restartServer };
}

afterAll(async () => {
  await Promise.all([...launched.values()].map(async (server) => (await server).stop()));
});
