import { InputError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { DatasetInfo } from '../../datasets/dataset.js';
import { type Availability, engineAvailabilities } from '../../engines/availability.js';
import { executionOf } from '../../engines/contract/capabilities.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { DataShape } from '../../engines/contract/options.js';
import { needsLaunch } from '../../engines/contract/server.js';
import { engineOf, moduleAvailability } from '../../engines/open.js';
import { engineNames } from '../../engines/registry.js';
import { askedOf } from '../model/depths.js';
import type { Native } from '../model/native.js';
import type { PlannedBuild, Workload } from '../model/plan.js';
import { executorOf } from '../run/executors/registry.js';
import { listRuns } from '../store/run-folder.js';
import { type Context, notice } from './context.js';
import { unavailableServers } from './servers.js';

/**
 * What shows only once the data is known: metric, dimensions, parameters that do not fit. Such trials are skipped
 * with their reason; a plan of which nothing is left is a fault, and so is a k that the dataset cannot fill.
 * @returns reasons by trial id
 */
export function checkAgainstData(
  builds: readonly PlannedBuild[],
  definitions: ReadonlyMap<string, EngineDefinition>,
  data: DataShape,
  place: string,
  /** Known already, by trial id. */
  known: ReadonlyMap<string, string> = new Map(),
  /** Queries have groups or filters, or fields are loaded. */
  filtered = false,
): Map<string, string> {
  const asked = builds.flatMap(({ trials }) => trials.map((trial) => askedOf(trial, [data.k])));
  const most = Math.max(data.k, ...asked);
  if (most > data.count) {
    const spare = most - data.k;
    throw new InputError(`k is larger than the dataset, which has ${data.count} points`, {
      where: place,
      got: spare === 0 ? data.k : `${data.k}, and ${spare} more for the query's own document`,
      next: `set k to at most ${data.count - spare}`,
    });
  }
  const reasons = new Map(known);
  for (const build of builds) {
    const definition = definitions.get(build.engine)!;
    for (const { search, workload, ...trial } of build.trials) {
      const { id } = trial;
      const shape = { ...data, k: askedOf(trial, [data.k]) };
      const reason =
        whyNot(definition, shape, build.index, search) ??
        whyNoWorkload(definition, build, workload, { rows: data.count, filtered });
      if (reason !== undefined) reasons.set(id, reason);
    }
  }
  if (builds.every(({ trials }) => trials.every(({ id }) => reasons.has(id)))) {
    throw new InputError(
      `no trial of the suite can be measured on this dataset\n${[...new Set(reasons.values())].join('\n')}`,
      {
        where: place,
        next: 'change the suite, or the dataset',
      },
    );
  }
  return reasons;
}

function whyNot(
  definition: EngineDefinition,
  data: DataShape,
  index: ParameterSet,
  search: ParameterSet,
): string | undefined {
  const { name, capabilities } = definition;
  const { metrics, maxDimensions } = capabilities;
  if (!metrics.includes(data.metric))
    return `${name} has no metric ${data.metric}; it has ${metrics.join(', ')}`;
  if (maxDimensions !== null && data.dimensions > maxDimensions) {
    return `${name} takes at most ${maxDimensions} dimensions, the data has ${data.dimensions}`;
  }
  const issues = definition.checkData(data, index, search);
  if (issues.length === 0) return undefined;
  return issues
    .map(({ what, got }) => `${name}: ${what}${got === undefined ? '' : ` (got ${String(got)})`}`)
    .join('; ');
}

function whyNoWorkload(
  { name, capabilities }: EngineDefinition,
  { server }: PlannedBuild,
  workload: Workload,
  about: { rows: number; filtered: boolean },
): string | undefined {
  const collection = { ...about, writable: capabilities.points !== null };
  const shape = { ...executionOf(capabilities, server?.mode), repeat: 1, collection };
  const plan = executorOf(workload).plan(workload.options, shape);
  return plan.state === 'ok' ? undefined : `${name}: ${plan.reason}`;
}

export function shapeOf({ metric, dimensions, count }: DatasetInfo, k: number): DataShape {
  return { metric, dimensions, count, k };
}

/** Reasons to skip by trial: the engine is missing here, or the setting does not fit the data. */
export function skipReasons(
  builds: readonly PlannedBuild[],
  unfit: ReadonlyMap<string, string>,
  unavailable: ReadonlyMap<string, string>,
): Map<string, string> {
  const reasons = new Map(unfit);
  for (const { id: build, trials } of builds) {
    const reason = unavailable.get(build);
    if (reason !== undefined) for (const { id } of trials) reasons.set(id, reason);
  }
  return reasons;
}

/** Builds that cannot be made here, with reason and remedy; and the versions of the others' packages. */
export async function checkAvailability(builds: readonly PlannedBuild[], threads: number, context: Context) {
  const missing = new Map<string, string>();
  const packages: Record<string, string> = {};
  const native = new Map<string, Native>();
  const planned = new Set(builds.flatMap(({ engine, module }) => (module === undefined ? [engine] : [])));
  const modules = new Map(
    builds.flatMap(({ engine, module }) => (module === undefined ? [] : [[engine, module] as const])),
  );
  // npm leaves out without a word what fails to compile: who runs vecproof for the first time is told once.
  const first = listRuns(context.runs).length === 0;
  const engines = first ? [...new Set([...planned, ...engineNames()])] : [...planned];
  const others: string[] = [];
  const note = (name: string, found: Availability) => {
    if (found.state === 'missing') missing.set(name, `${found.reason}. To fix it: ${found.next}`);
    else {
      Object.assign(packages, found.versions);
      if (found.native !== undefined) native.set(name, found.native);
    }
  };
  for (const [name, found] of await engineAvailabilities(engines)) {
    if (!planned.has(name)) {
      if (found.state === 'missing') others.push(name);
    } else note(name, found);
  }
  for (const [name, module] of modules) note(name, await moduleAvailability(module));
  if (others.length > 0) {
    const verb = others.length === 1 ? 'does' : 'do';
    notice(context, `not needed here, but ${others.join(', ')} ${verb} not load: "vecproof doctor" says why`);
  }
  const installed = builds.filter(({ engine }) => !missing.has(engine));
  const unavailable = await unavailableServers(installed, threads, context);
  for (const { id, engine } of builds) {
    const reason = missing.get(engine);
    if (reason !== undefined) unavailable.set(id, reason);
  }
  return { unavailable, packages, native: await nativeByBuild(installed, native) };
}

/** By build id, what its engine computes with; nothing for servers, whose code this process does not load. */
async function nativeByBuild(
  builds: readonly PlannedBuild[],
  byEngine: ReadonlyMap<string, Native>,
): Promise<Map<string, Native>> {
  const found = new Map<string, Native>();
  for (const build of builds) {
    const mode = build.server?.mode;
    const { server } = await engineOf(build);
    if (mode !== undefined && server?.webAssembly?.includes(mode) === true)
      found.set(build.id, { libraries: [], webAssembly: true });
    else if (mode === undefined || !needsLaunch(mode)) {
      const native = byEngine.get(build.engine);
      if (native !== undefined && native.libraries.length > 0) found.set(build.id, native);
    }
  }
  return found;
}
