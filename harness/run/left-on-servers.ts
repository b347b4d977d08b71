import { setTimeout as wait } from 'node:timers/promises';
import { messageOf, VecproofError } from '../../common/errors.js';
import type { Endpoint } from '../../engines/contract/server.js';
import { engineOf } from '../../engines/open.js';
import type { PlannedBuild } from '../model/plan.js';
import type { BuildEnd } from './job.js';
import type { BuildServer } from './server.js';

/** A server that is restarted needs a while until it lets anybody in. */
const PATIENCE_MS = 15_000;
const ASK_MS = 250;
const CALL_MS = 30_000;

interface Left {
  build: PlannedBuild;
  endpoint: Endpoint;
  nameEnd: string;
}

/**
 * What builds that failed, were killed or lost their connection have made on servers that were not started for them:
 * removed over a new connection at the end of the build, and once more at the end of the run.
 */
export class LeftOnServers {
  readonly #left: Left[] = [];
  readonly #warn: (build: PlannedBuild, message: string) => void;

  constructor(warn: (build: PlannedBuild, message: string) => void) {
    this.#warn = warn;
  }

  /** A build that ended well has removed what it made. What cannot be removed yet is kept for the end of the run. */
  async afterBuild(build: PlannedBuild, end: BuildEnd, server: BuildServer): Promise<void> {
    const { nameEnd, launched } = server;
    if (nameEnd === undefined || end.state === 'completed') return;
    const left = { build, endpoint: launched.endpoint, nameEnd };
    // Where nothing could be made, nobody has to wait for a server that may never come.
    const nothingMade = end.state === 'failed' && end.orderly && (end.phase ?? 'create') === 'create';
    const failure = await remove(left, nothingMade ? 0 : PATIENCE_MS);
    if (failure !== undefined && !nothingMade) this.#left.push(left);
  }

  /** What still cannot be removed is named. */
  async atEnd(): Promise<void> {
    for (const left of this.#left.splice(0)) {
      const failure = await remove(left, PATIENCE_MS);
      if (failure === undefined) continue;
      const { build, endpoint, nameEnd } = left;
      const where = `${build.engine} at ${endpoint.host}:${endpoint.port}`;
      const what = `collections on ${where} whose names begin with vecproof and end in ${nameEnd} could not be removed`;
      this.#warn(build, `${what}: ${failure}; remove them once the server answers`);
    }
  }
}

/** Asks until the server answers or patience ends; resolves with why it could not be removed. */
async function remove({ build, endpoint, nameEnd }: Left, patienceMs: number): Promise<string | undefined> {
  const { server } = await engineOf(build);
  const definition = await server!.load();
  if (definition.remove === undefined) return 'the engine has no way to';
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      await definition.remove(endpoint, nameEnd, AbortSignal.timeout(CALL_MS));
      return undefined;
    } catch (error) {
      if (performance.now() >= end) return error instanceof VecproofError ? error.what : messageOf(error);
    }
    await wait(ASK_MS);
  }
}
