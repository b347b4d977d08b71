import { dirname, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import type { InvalidKind, Metric } from '../../datasets/dataset.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import type { Manifest } from '../model/manifest.js';
import type { PlannedBuild, PlannedParity } from '../model/plan.js';
import { replicated } from '../model/replicas.js';
import { EXECUTORS } from '../run/executors/registry.js';
import type { DeclaredDataset } from '../suite/datasets.js';
import { suiteError } from '../suite/faults.js';
import { type ParsedSuite, parseSuite } from '../suite/parse.js';
import { suiteEnv } from './allowed-env.js';
import type { Context } from './context.js';
import type { DataRequest } from './data.js';
import type { DatasetOptions } from './dataset-options.js';
import { engineModules, withModules } from './engine-modules.js';
import { locate, type SuiteText } from './places.js';
import type { QueriesRequest } from './run-queries.js';
import { loadShareOf, parseShard, parseStart, shardOf } from './shard.js';

export interface RunOptions {
  dataset?: string | undefined;
  /** Substring of trial ids. */
  only?: string | undefined;
  engine?: string[] | undefined;
  /** `i/n` */
  shard?: string | undefined;
  /** ISO 8601, with `shard`: the shards send the loads of one build together, from then on. */
  startAt?: string | undefined;
  id?: string | undefined;
  vector?: string | undefined;
  text?: string | undefined;
  metric?: Metric | undefined;
  queries?: string | undefined;
  qrels?: string | undefined;
  neighbors?: string | undefined;
  skipInvalid?: InvalidKind[] | undefined;
}

/** What a run measures, checked as far as that needs no data. */
export interface Planned {
  parsed: ParsedSuite;
  suite: SuiteText;
  definitions: ReadonlyMap<string, EngineDefinition>;
  builds: PlannedBuild[];
  /** What is compared with each other, and the builds that are made a second time for it. */
  parity: PlannedParity[];
  rebuilds: PlannedBuild[];
  /** Set where only a part of the plan is measured. */
  shard: Manifest['shard'];
  data: DataRequest & { grouping: QueriesRequest };
  /** Whether the plan is measured on several datasets, each by itself; `data` is one of them. */
  several: boolean;
}

/** All engines that come with vecproof, by name. */
export async function engineDefinitions(): Promise<Map<string, EngineDefinition>> {
  const definitions = new Map<string, EngineDefinition>();
  for (const name of engineNames()) definitions.set(name, await loadEngine(name));
  return definitions;
}

/**
 * Parses, checks and plans a suite completely.
 * @param part number of the dataset, where the suite lists several
 * @throws SuiteError with all faults at once
 */
export async function planRun(
  suite: SuiteText,
  options: RunOptions,
  { cwd, ...context }: Pick<Context, 'cwd' | 'env' | 'allowEnv'>,
  part = 0,
): Promise<Planned> {
  const env = suiteEnv(context);
  const known = await engineDefinitions();
  const modules = await engineModules(suite, env);
  const parsed = parseSuite(suite.text, suite.given, env, known, EXECUTORS, modules);
  const chosen = replicated(select(parsed.builds, options), parsed.suite.builds);
  const share = shareOf(chosen, options, suite.text);
  const builds = share?.builds ?? chosen;
  if (parsed.suite.interleave) requireFew(builds);
  return {
    parsed,
    suite,
    definitions: withModules(known, modules),
    builds,
    parity: parsed.parity,
    rebuilds: neededRebuilds(parsed.rebuilds, builds),
    shard: share?.record,
    several: options.dataset === undefined && parsed.datasets.length > 1,
    data: dataRequest(parsed, suite.path, options, cwd, part),
  };
}

/** Each is a process, and may be a container: all of a round are there at the same time. */
const MOST_HELD = 16;

function requireFew(builds: readonly PlannedBuild[]): void {
  const held = builds.filter(({ replica }) => replica === undefined);
  if (held.length <= MOST_HELD) return;
  throw new InputError(`keeps all builds open at the same time: at most ${MOST_HELD}`, {
    where: 'interleave',
    got: `${held.length} builds`,
    next: 'choose those that are to be compared, in the suite or with --engine and --only',
  });
}

/** What this machine measures, or sends, of a run over several. */
function shareOf(chosen: readonly PlannedBuild[], { shard, startAt }: RunOptions, suite: string) {
  if (shard !== undefined && startAt === undefined) return shardOf(chosen, parseShard(shard));
  if (shard !== undefined && startAt !== undefined)
    return loadShareOf(chosen, parseShard(shard), { startAt: parseStart(startAt, new Date()), suite });
  if (startAt === undefined) return undefined;
  throw new InputError('is for shards of a load, which begin at the same moment', {
    where: '--start-at',
    got: startAt,
    next: 'say which of how many this is: --shard 1/3',
  });
}

/** Second builds of what this run measures: with --only or --shard it may be another's. */
function neededRebuilds(rebuilds: readonly PlannedBuild[], builds: readonly PlannedBuild[]): PlannedBuild[] {
  const ids = new Set(builds.flatMap(({ trials }) => trials.map(({ id }) => id)));
  return rebuilds
    .map((build) => ({ ...build, trials: build.trials.filter(({ id }) => ids.has(firstOf(id))) }))
    .filter(({ trials }) => trials.length > 0);
}

const firstOf = (rebuild: string): string => rebuild.replace(/\.rebuild$/, '');

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
  part: number,
): Planned['data'] {
  const { suite } = parsed;
  const base = dirname(suitePath);
  const declared = chosenDataset(parsed, options, part);
  const lenient = declared === undefined;
  return {
    nameOrPath: lenient ? locate(options.dataset!, cwd) : locate(declared.path, base),
    name: declared?.name,
    ...datasetOptions(declared, options, base, cwd),
    relevance: suite.relevance,
    set: suite.queries.set,
    limit: suite.queries.limit,
    seed: suite.seed,
    lenient,
    grouping: groupingOf(parsed, base),
  };
}

/** The suite's dataset of that number, or the one of that name; undefined where --dataset gives one that it has not. */
function chosenDataset({ datasets }: ParsedSuite, { dataset }: RunOptions, part: number) {
  return dataset === undefined ? datasets[part]! : datasets.find(({ name }) => name === dataset);
}

/** The command line's word goes before the suite's; its paths start at the working directory. */
function datasetOptions(
  suite: DeclaredDataset | undefined,
  given: RunOptions,
  base: string,
  cwd: string,
): DatasetOptions {
  const path = (own: string | undefined, suites: string | undefined) =>
    own !== undefined ? resolve(cwd, own) : suites === undefined ? undefined : resolve(base, suites);
  const columns = {
    id: given.id ?? suite?.id,
    vector: given.vector ?? suite?.vector,
    text: given.text ?? suite?.text,
  };
  const chosen = Object.values(columns).some((name) => name !== undefined);
  return {
    metric: given.metric ?? suite?.metric ?? null,
    queriesFile: path(given.queries, suite?.queries) ?? null,
    qrelsFile: path(given.qrels, suite?.qrels),
    neighborsFile: path(given.neighbors, suite?.neighbors),
    moreFiles: suite?.more?.map((file) => resolve(base, file)),
    columns: chosen ? columns : undefined,
    skipInvalid: given.skipInvalid ?? (suite?.skipInvalid && [suite.skipInvalid].flat()),
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
