import { FailureError, VecproofError } from '../../common/errors.js';
import { needsLaunch } from '../../engines/contract/server.js';
import { requireClient } from '../../engines/kit/packages.js';
import { engineOf } from '../../engines/open.js';
import type { PlannedBuild } from '../model/plan.js';
import { serverEnv } from './allowed-env.js';
import { type Context, notice } from './context.js';

/**
 * Checks whether the servers of a plan are available here: Docker, images (pulled where missing), addresses. What killed
 * runs have left is removed first.
 * @throws FailureError for an address where no server answers
 * @returns by build, why its server is not available and what fixes it
 */
export async function unavailableServers(
  builds: readonly PlannedBuild[],
  threads: number,
  context: Context,
): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  const known = new Map<string, string | undefined>();
  let swept = false;
  for (const build of builds) {
    if (build.server === undefined) continue;
    if (build.server.mode === 'docker' && !swept) {
      swept = true;
      await sweep(context);
    }
    const key = JSON.stringify([build.engine, build.server]);
    if (!known.has(key)) known.set(key, await whyNot(build, threads, context));
    const reason = known.get(key);
    if (reason !== undefined) reasons.set(build.id, reason);
  }
  return reasons;
}

async function whyNot(build: PlannedBuild, threads: number, context: Context): Promise<string | undefined> {
  const { server } = await engineOf(build);
  let asked = false;
  try {
    for (const name of server!.packages?.[build.server!.mode] ?? []) requireClient(name);
    if (!needsLaunch(build.server!.mode)) return undefined;
    const definition = await server!.load();
    asked = true;
    await definition.prepare({
      ...build.server!,
      labels: {},
      env: serverEnv(context),
      threads,
      signal: context.signal,
      onNotice: (message) => notice(context, message),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof FailureError) || context.signal.aborted) throw error;
    // Somebody has named this server: to measure the others without it is not what was asked for.
    if (asked && build.server!.mode === 'url') throw error;
    return `${error.where ?? build.engine}: ${error.what}${error.next === undefined ? '' : `. Fix: ${error.next}`}`;
  }
}

/** Containers of runs that were killed: they would take memory and processor time from this one. */
async function sweep(context: Context): Promise<void> {
  const { removeOrphans } = await import('../../engines/launcher/orphans.js');
  try {
    for (const { run, image } of await removeOrphans()) {
      notice(context, `removed what the killed run ${run} had left: a container of ${image}`);
    }
  } catch (error) {
    // Docker cannot be reached: the engines' own check says so with the remedy.
    if (!(error instanceof VecproofError)) throw error;
  }
}
