import type { BuildCost, LoggedEvent, ServerCost } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';

/** What was measured on which making of a build. */
export interface Attempts {
  /** Cost of the attempt that a trial was measured on, as far as it is known. */
  costOf(build: string, trial: string): BuildCost;
  /** Number of that attempt, from 1; undefined where the build was begun once, or the trial was not measured. */
  of(build: string, trial: string): number | undefined;
  /** Whether completed trials of a build come from more than one attempt: another graph, at another time. */
  isMixed(build: string): boolean;
  /** One sentence for each such build, with the times. */
  warnings: readonly string[];
}

interface Build {
  /** When each attempt was begun. */
  begun: string[];
  /** By attempt. */
  costs: Map<number, BuildCost>;
  /** Attempts by trial: that in which it ended. */
  trials: Map<string, number>;
  /** Attempts that completed trials come from. */
  used: Map<number, number>;
  /** Trials that have passes of several attempts. */
  within: Set<string>;
}

/** A run that was continued, or a process that crashed, makes a build again: attempts are counted as they begin in the log. */
export function attemptsOf({ plan }: Pick<Manifest, 'plan'>, events: readonly LoggedEvent[]): Attempts {
  const builds = new Map(plan.map(({ id }) => [id, emptyBuild()]));
  for (const event of events) {
    const build = 'build' in event && event.build !== undefined ? builds.get(event.build) : undefined;
    if (build !== undefined) note(build, event);
  }
  for (const build of builds.values()) for (const attempt of build.trials.values()) count(build, attempt);
  const mixed = [...builds].filter(([, build]) => isMixed(build));
  const ids = new Set(mixed.map(([id]) => id));
  return {
    costOf: (id, trial) => costOf(builds.get(id), trial),
    of: (id, trial) => {
      const build = builds.get(id);
      return build === undefined || build.begun.length < 2 ? undefined : build.trials.get(trial);
    },
    isMixed: (id) => ids.has(id),
    warnings: mixed.map(([id, build]) => warning(id, build)),
  };
}

const emptyBuild = (): Build => ({
  begun: [],
  costs: new Map(),
  trials: new Map(),
  used: new Map(),
  within: new Set(),
});

function note(build: Build, event: LoggedEvent): void {
  const attempt = build.begun.length;
  if (event.type === 'buildBegin') build.begun.push(event.time);
  if (event.type === 'buildEnd' && Object.keys(event.cost).length > 0) build.costs.set(attempt, event.cost);
  if (event.type !== 'trialEnd') return;
  // Measured again, or given up: the last word counts.
  build.trials.delete(event.trial);
  build.within.delete(event.trial);
  if (event.state !== 'completed' || attempt === 0) return;
  build.trials.set(event.trial, attempt);
  if (event.flags.includes('mixed-builds')) build.within.add(event.trial);
}

function count({ used }: Build, attempt: number): void {
  used.set(attempt, (used.get(attempt) ?? 0) + 1);
}

const isMixed = ({ used, within }: Build): boolean => used.size > 1 || within.size > 0;

/** Of an attempt that ended without telling its cost only what every attempt has in common is known. */
function costOf(build: Build | undefined, trial: string): BuildCost {
  if (build === undefined) return {};
  const { costs, trials, begun } = build;
  const own = costs.get(trials.get(trial) ?? begun.length);
  if (own !== undefined) return own;
  const { engineVersion, native, server } = [...costs.values()].at(-1) ?? {};
  return {
    ...(engineVersion !== undefined && { engineVersion }),
    ...(native && { native }),
    ...(server && { server: identityOf(server) }),
  };
}

/** A server without what it used. */
function identityOf(server: ServerCost): ServerCost {
  const { startSeconds, memoryPeakBytes, memoryHeldBytes, cpuSeconds, diskBytes, ...identity } = server;
  return identity;
}

function warning(id: string, { begun, used, within }: Build): string {
  const parts = [...used]
    .toSorted(([a], [b]) => a - b)
    .map(([attempt, trials]) => `${trials} on that of ${begun[attempt - 1]}`);
  const some = within.size > 0 ? ', some of them with passes of an earlier one' : '';
  return `${id} was made ${begun.length} times, and its trials were measured on different ones (${parts.join(', ')}${some}): the index is another one, and the machine may have been, too`;
}
