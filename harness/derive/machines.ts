import type { LoggedEvent } from '../model/events.js';
import { machineNumber, machinesOf } from '../model/machines.js';
import type { Environment, Manifest } from '../model/manifest.js';

/** Where the trials of a run were measured. */
export interface Machines {
  /** Undefined: on one. */
  all: Environment[] | undefined;
  /** Number of a trial's machine, from 1; undefined where there is one. */
  of(trial: string): number | undefined;
}

/** Shards that were merged say it in the manifest, runs that were continued elsewhere in their log. */
export function machinesOfRun(manifest: Manifest, events: readonly LoggedEvent[]): Machines {
  const found = new Map<string, Environment>();
  for (const { environment, builds } of manifest.shards ?? []) {
    const own = manifest.plan.filter(({ id }) => builds.includes(id));
    for (const { id } of own.flatMap(({ trials }) => trials)) found.set(id, environment);
  }
  let current = manifest.environment;
  for (const event of events) {
    if (event.type === 'runBegin') current = event.environment ?? manifest.environment;
    if (event.type === 'trialEnd' && manifest.shards === undefined) found.set(event.trial, current);
  }
  const machines = machinesOf([manifest.environment, ...found.values()]);
  if (machines.length < 2) return { all: undefined, of: () => undefined };
  return {
    all: machines,
    of: (trial) => machineNumber(machines, found.get(trial) ?? manifest.environment),
  };
}
