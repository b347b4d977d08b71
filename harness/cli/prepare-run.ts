import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';
import type { DatasetInfo } from '../../datasets/dataset.js';
import type { DataShape, EngineDefinition, Parameters } from '../../engines/engine.js';
import { engineAvailability, engineNames, loadEngine } from '../../engines/registry.js';
import { checkSelectors } from '../gate/select.js';
import type { Manifest, PlannedBuild, PlannedParity } from '../store/schema.js';
import { suiteError } from '../suite/faults.js';
import { planParity } from '../suite/parity.js';
import { type EngineCheck, type ParsedSuite, parseSuite } from '../suite/parse.js';
import { planSuite } from '../suite/plan.js';
import { replicated } from '../suite/replicas.js';
import type { Context } from './context.js';
import type { DataRequest } from './data.js';
import type { QueriesRequest } from './run-queries.js';
import { unavailableServers } from './servers.js';
import { parseShard, shardOf } from './shard.js';

export interface RunOptions {
  dataset?: string | undefined;
  /** Substring of trial ids. */
  only?: string | undefined;
  engine?: string[] | undefined;
  /** `i/n` */
  shard?: string | undefined;
}

export interface Planned {
  parsed: ParsedSuite;
  suitePath: string;
  definitions: Map<string, EngineDefinition>;
  builds: PlannedBuild[];
  /** What is compared with each other, and the builds that are made a second time for it. */
  parity: PlannedParity[];
  rebuilds: PlannedBuild[];
  /** Set where only a part of the plan is measured. */
  shard: Manifest['shard'];
  data: DataRequest & { grouping: QueriesRequest };
}

/** Parses, checks and plans a suite completely; throws SuiteError with all faults at once. */
export async function planRun(
  path: string,
  options: RunOptions,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Planned> {
  const suitePath = findSuite(path, cwd);
  const definitions = new Map<string, EngineDefinition>();
  for (const name of engineNames()) definitions.set(name, await loadEngine(name));
  const check: EngineCheck = (engines, redactor) => planSuite(engines, definitions, redactor).faults;
  const parsed = parseSuite(readSuite(suitePath, path), path, env, check);
  const plan = planSuite(parsed.suite.engines, definitions, parsed.redactor);
  const compared = planParity(parsed.suite, parsed.ks, plan.builds, parsed.parityIsList);
  const strange = [...checkSelectors(parsed.gates.gates, plan.builds), ...compared.faults];
  if (strange.length > 0) throw suiteError(parsed.source, strange);
  const chosen = replicated(select(plan.builds, options), parsed.suite.builds);
  const part = options.shard === undefined ? undefined : shardOf(chosen, parseShard(options.shard));
  const builds = part?.builds ?? chosen;
  const shard = part?.record;
  return {
    parsed,
    suitePath,
    definitions,
    builds,
    parity: compared.parity,
    rebuilds: neededRebuilds(compared.rebuilds, builds),
    shard,
    data: dataRequest(parsed, suitePath, options, cwd),
  };
}

/** Second builds of what this run measures: with --only or --shard it may be another's. */
function neededRebuilds(rebuilds: readonly PlannedBuild[], builds: readonly PlannedBuild[]): PlannedBuild[] {
  const ids = new Set(builds.flatMap(({ trials }) => trials.map(({ id }) => id)));
  return rebuilds
    .map((build) => ({ ...build, trials: build.trials.filter(({ id }) => ids.has(firstOf(id))) }))
    .filter(({ trials }) => trials.length > 0);
}

const firstOf = (rebuild: string): string => rebuild.replace(/\.rebuild$/, '');

/** A path from here; else the name or path of a suite that comes with vecparity. */
function findSuite(path: string, cwd: string): string {
  const candidates = [
    resolve(cwd, path),
    join(packageRoot, path),
    join(packageRoot, 'suites', `${path}.yaml`),
  ];
  return candidates.find((each) => existsSync(each)) ?? candidates[0]!;
}

function readSuite(path: string, given: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`the suite cannot be read: ${(error as Error).message}`, {
      where: given,
      next: 'give the path of a YAML file; "vecparity list suites" shows those that come with vecparity',
      cause: error,
    });
  }
}

/** What --engine and --only leave; nothing left is a fault. */
function select(builds: readonly PlannedBuild[], { only, engine }: RunOptions): PlannedBuild[] {
  const engines = [...new Set(builds.map((build) => build.engine))];
  const unknown = engine?.find((name) => !engines.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`the suite does not use the engine "${unknown}"`, {
      where: '--engine',
      next: `use ${engines.join(', ')}`,
    });
  }
  const chosen = builds
    .filter((build) => engine === undefined || engine.includes(build.engine))
    .map((build) => ({
      ...build,
      trials: build.trials.filter(({ id }) => only === undefined || id.includes(only)),
    }))
    .filter(({ trials }) => trials.length > 0);
  if (chosen.length === 0) {
    throw new InputError('no trial is left', {
      where: '--only',
      got: only,
      next: 'see the ids of all trials with --dry-run',
    });
  }
  return chosen;
}

/** A path in a suite is relative to the suite's file, one on the command line to the working directory. */
function dataRequest(
  parsed: ParsedSuite,
  suitePath: string,
  options: RunOptions,
  cwd: string,
): Planned['data'] {
  const { suite } = parsed;
  const base = dirname(suitePath);
  const declared = typeof suite.dataset === 'string' ? { path: suite.dataset } : suite.dataset;
  const lenient = options.dataset !== undefined;
  const given = lenient ? locate(options.dataset!, cwd) : locate(declared.path, base);
  const override = !lenient && typeof suite.dataset !== 'string' ? suite.dataset : undefined;
  return {
    nameOrPath: given,
    metric: override?.metric ?? null,
    queriesFile: override?.queries === undefined ? null : resolve(base, override.queries),
    set: suite.queries.set,
    limit: suite.queries.limit,
    seed: suite.seed,
    lenient,
    grouping: groupingOf(parsed, base),
  };
}

/** What the suite says of groups and filters; the query file is relative to the suite's folder. */
export function groupingOf({ suite, ks, source, redactor }: ParsedSuite, base: string): QueriesRequest {
  const { file } = suite.queries;
  return {
    file: file === undefined ? null : { shown: file, path: resolve(base, file) },
    filters: suite.filters ?? [],
    fields: suite.fields ?? [],
    maxK: ks.at(-1)!,
    fail: (faults) => suiteError(source, redactor.json(faults)),
  };
}

/** A catalog name stays as it is; what looks like a path becomes absolute. */
export function locate(nameOrPath: string, base: string): string {
  const path = /[/\\]|^\.|\.(parquet|jsonl|jsonl\.gz|npy|hdf5|h5)$/.test(nameOrPath);
  return path ? resolve(base, nameOrPath) : nameOrPath;
}

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
): Map<string, string> {
  if (data.k > data.count) {
    throw new InputError(`k is larger than the dataset, which has ${data.count} points`, {
      where: place,
      got: data.k,
      next: `set k to at most ${data.count}`,
    });
  }
  const reasons = new Map(known);
  for (const build of builds) {
    const definition = definitions.get(build.engine)!;
    for (const { id, search } of build.trials) {
      const reason = whyNot(definition, data, build.index, search);
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
  index: Parameters,
  search: Parameters,
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
    .map(({ message, got }) => `${name}: ${message}${got === undefined ? '' : ` (got ${String(got)})`}`)
    .join('; ');
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
  for (const name of new Set(builds.map(({ engine }) => engine))) {
    const found = await engineAvailability(name);
    if (found.state === 'available') Object.assign(packages, found.versions);
    else
      missing.set(
        name,
        `${found.package} is not installed or does not load: ${found.reason}. Mend: ${found.install}`,
      );
  }
  const installed = builds.filter(({ engine }) => !missing.has(engine));
  const unavailable = await unavailableServers(installed, threads, context);
  for (const { id, engine } of builds) {
    const reason = missing.get(engine);
    if (reason !== undefined) unavailable.set(id, reason);
  }
  return { unavailable, packages };
}

/** A path for people: relative where that is shorter, suites of the package by their name there. */
export function displayPath(path: string, cwd: string): string {
  const inPackage = relative(packageRoot, path);
  const here = relative(cwd, path);
  if (!here.startsWith('..') && !isAbsolute(here)) return here;
  return inPackage.startsWith('..') ? path : join(inPackage);
}
