import { afterAll } from 'vitest';
import { messageOf } from '../../common/errors.js';
import type { ConnectOptions, EngineDefinition } from '../../engines/engine.js';
import type { LaunchedServer, LaunchRequest } from '../../engines/launch.js';
import { ownLabels } from '../../engines/server/labels.js';

/** Address of a server that runs already, for tests of an engine: `VECPARITY_QDRANT_URL`, … */
export function urlVariable(engine: string): string {
  return `VECPARITY_${engine.toUpperCase()}_URL`;
}

export function request({ name }: EngineDefinition): LaunchRequest {
  const url = process.env[urlVariable(name)];
  return {
    mode: url ? 'url' : 'docker',
    url: url || undefined,
    labels: ownLabels('conformance'),
    env: process.env,
    threads: 2,
    signal: new AbortController().signal,
  };
}

/** Why an engine's server cannot be had here, on one line; undefined: it can, or there is none. */
export async function serverMissing(definition: EngineDefinition): Promise<string | undefined> {
  if (definition.server === undefined) return undefined;
  try {
    await (await definition.server.load()).prepare(request(definition));
    return undefined;
  } catch (error) {
    return `set ${urlVariable(definition.name)}, or: ${messageOf(error).split('\n', 1)[0]}`;
  }
}

/** One server for each engine and test file: started when first asked for, stopped after the file. */
const launched = new Map<string, Promise<LaunchedServer>>();

/** The server of an engine that has one, running. */
export function serverOf({ name, server }: EngineDefinition, asked: LaunchRequest): Promise<LaunchedServer> {
  let running = launched.get(name);
  if (running === undefined) {
    running = server!.load().then((launcher) => launcher.launch(asked));
    launched.set(name, running);
  }
  return running;
}

/** What connecting needs beyond a folder; nothing for embedded engines. */
export async function serverOptions(
  definition: EngineDefinition,
): Promise<Pick<ConnectOptions, 'endpoint' | 'mode' | 'restartServer'>> {
  if (definition.server === undefined) return {};
  const asked = request(definition);
  const running = await serverOf(definition, asked);
  return { endpoint: running.endpoint, mode: asked.mode, restartServer: running.restart };
}

afterAll(async () => {
  await Promise.all([...launched.values()].map(async (server) => (await server).stop()));
});
