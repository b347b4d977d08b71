import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { FailureError, InputError } from '../../common/errors.js';
import { fileFailure, makeFolder } from '../../common/files.js';
import { tellNotice } from '../../common/notices.js';
import type { ConnectOptions, EngineDefinition } from '../../engines/contract/engine.js';
import type { LaunchedServer } from '../../engines/contract/server.js';
import type { Address } from './address.js';

/** What opening a place needs of its surroundings. */
export interface Surroundings {
  /** Relative folders start here. */
  cwd: string;
  /** Credentials that an address leaves out. */
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** @throws InputError for an engine that keeps no whole points */
export function requirePoints({ title, capabilities }: EngineDefinition, where: string): void {
  if (capabilities.points !== null) return;
  throw new InputError(`${title} keeps vectors and row numbers alone, no whole points`, {
    where,
    next: 'read the files that its index was made of',
  });
}

/** How an address is reached. */
export interface Reach {
  connect: Pick<ConnectOptions, 'endpoint' | 'mode' | 'place'>;
  server?: LaunchedServer;
  place: string;
}

/**
 * A folder, where the engine keeps its collections in one and the address is no URL; else its server.
 * @param make a folder that is not there is made
 * @throws InputError for an engine that has neither, FailureError if it cannot be reached
 */
export async function reach(
  { name, local, server }: EngineDefinition,
  { address }: Address,
  { cwd, env, signal }: Surroundings,
  make = false,
): Promise<Reach> {
  if (local !== undefined && !/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    const place = resolve(cwd, address);
    if (make && address !== '') makePlace(place);
    else if (address === '' || !existsSync(place))
      throw new FailureError('there is no such folder or file', {
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
    onNotice: tellNotice,
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

function makePlace(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw fileFailure(path, 'cannot be made', error);
  }
}
