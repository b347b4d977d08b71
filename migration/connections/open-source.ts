import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { FailureError, InputError } from '../../common/errors.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { ConnectedEngine, ConnectOptions, EngineDefinition } from '../../engines/contract/engine.js';
import type { Points } from '../../engines/contract/points.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { type Address, parseAddress } from './address.js';

/** What opening a place needs of its surroundings. */
export interface Surroundings {
  /** Relative folders start here. */
  cwd: string;
  /** Credentials that an address leaves out. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** A collection of the user's that is only read. */
export interface OpenSource {
  definition: EngineDefinition;
  engineVersion: string;
  /** For people: without credentials. */
  place: string;
  collection: Collection & { readonly points: Points };
  close(): Promise<void>;
}

/**
 * Opens a collection that is there. Nothing is made, changed or migrated in it.
 *
 * @throws InputError for an address that is none, an engine that keeps no whole points, a collection that is not named
 * @throws FailureError if the place cannot be reached or has no such collection
 */
export async function openSource(text: string, surroundings: Surroundings): Promise<OpenSource> {
  const address = parseAddress(text, engineNames());
  const definition = await loadEngine(address.engine);
  requirePoints(definition, text);
  const folder = await mkdtemp(join(tmpdir(), 'vecproof-source-'));
  const closing: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    while (closing.length > 0) await closing.pop()!();
  };
  try {
    const { place, ...reached } = await reach(definition, address, surroundings);
    if (reached.server !== undefined) closing.push(() => reached.server!.stop());
    const connected = await definition.connect(
      { ...reached.connect, folder, readOnly: true, threads: 1, seed: 0 },
      surroundings.signal,
    );
    closing.push(() => connected.close());
    const collection = await openCollection(connected, definition, address, text);
    return { definition, engineVersion: await connected.version(), place, collection, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function requirePoints({ title, capabilities }: EngineDefinition, where: string): void {
  if (capabilities.points !== null) return;
  throw new InputError(`${title} keeps vectors and row numbers alone, no whole points`, {
    where,
    next: 'read the files that its index was made of',
  });
}

interface Reach {
  connect: Pick<ConnectOptions, 'endpoint' | 'mode' | 'place'>;
  server?: LaunchedServer;
  place: string;
}

/** A folder, where the engine keeps its collections in one and the address is no URL; else its server. */
async function reach(
  { name, local, server }: EngineDefinition,
  { address }: Address,
  { cwd, env, signal }: Surroundings,
): Promise<Reach> {
  if (local !== undefined && !/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    const place = resolve(cwd, address);
    if (address === '' || !existsSync(place))
      throw new FailureError('there is no such folder', {
        where: `${name}:${address}`,
        next: 'check the path',
      });
    return { connect: { mode: local.mode, place }, place: `${name}:${relative(cwd, place) || '.'}` };
  }
  if (server === undefined) {
    throw new InputError('keeps its collections in folders, not on servers', {
      where: `${name}:${hidden(address)}`,
      next: `write ${name}:./folder#collection`,
    });
  }
  const launched = await (await server.load()).launch({
    mode: 'url',
    url: address,
    labels: {},
    env,
    threads: 1,
    signal,
  });
  return {
    connect: { endpoint: launched.endpoint, mode: 'url' },
    server: launched,
    place: `${name}:${hidden(address)}`,
  };
}

/** An address without user, password and parameters, which may hold one. */
function hidden(address: string): string {
  if (!URL.canParse(address)) return address.replace(/\/\/[^/]*@/, '//');
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}

async function openCollection(
  connected: ConnectedEngine,
  { title }: EngineDefinition,
  { engine, collection: name }: Address,
  where: string,
): Promise<OpenSource['collection']> {
  if (name === undefined || name === '') {
    const there = (await connected.list?.()) ?? [];
    throw new InputError('names no collection', {
      where: engine,
      next:
        there.length === 0
          ? 'there is none in this place'
          : `add one of ${there.map((each) => `#${each}`).join(', ')}`,
    });
  }
  const opened = await connected.open?.(name);
  if (opened?.points === undefined) throw new InputError(`${title} keeps no whole points`, { where });
  return opened as OpenSource['collection'];
}
