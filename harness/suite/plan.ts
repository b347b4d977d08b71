import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Redactor } from '../../common/redact.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import { canonical, Identifiers } from '../model/ids.js';
import type { PlannedBuild, PlannedTrial, ServerChoice, Workload } from '../model/plan.js';
import { changesCollection, isSerial, SERIAL } from '../model/workload.js';
import type { EngineEntry } from './schema.js';
import { serverChoice, serverSuffix } from './server-choice.js';
import { combinationCount, combinations, FaultList, locate, merged, repeatedValues } from './sweeps.js';

const MAX_TRIALS = 20_000;

/** What a module that a suite names turned out to be. */
export type ModuleFound =
  /** `path`: absolute. */
  { state: 'loaded'; path: string; definition: EngineDefinition } | EngineFault;

/** Why an engine cannot be taken. */
type EngineFault = { state: 'fault' } & Pick<Fault, 'what' | 'next'>;

/**
 * Expands the sweeps of a suite: one build for each combination of index parameters, one trial for each
 * combination of search parameters on it, in the order of the file (the last key varies fastest). A trial that changes its
 * collection has a build of its own. Pure.
 *
 * @param engines entries of the suite; undefined where one cannot be read
 * @param definitions the engines that come with vecproof, by name
 * @param redactor keeps secrets out of ids and labels, which are shown and name files
 * @param workloads each setting is measured under each of them
 * @param modules modules that `use` names, by what it says
 * @param depths what trials ask for (`plannedDepths`): each setting is measured with each of them
 * @returns builds, and every fault of every combination
 */
export function planSuite(
  engines: readonly (EngineEntry | undefined)[],
  definitions: ReadonlyMap<string, EngineDefinition>,
  redactor: Redactor,
  workloads: readonly NamedWorkload[] = [SERIAL],
  modules: ReadonlyMap<string, ModuleFound> = new Map(),
  depths: readonly (readonly number[])[] = [[10]],
): { builds: PlannedBuild[]; faults: Fault[] } {
  const builds = new Map<string, PlannedBuild>();
  const faults = new FaultList();
  const planning = {
    workloads,
    depths,
    redactor,
    builds,
    known: new Map(),
    faults,
    ids: { builds: new Identifiers(), trials: new Identifiers() },
    owners: new Map(),
  };
  const modulesOf = new Map<string, string>();
  for (const [i, entry] of engines.entries()) {
    if (entry === undefined) continue;
    const found = findEngine(entry.use, definitions, modules, modulesOf);
    if (found.state === 'fault') {
      const { state: _, ...why } = found;
      faults.add({ path: ['engines', i, 'use'], ...why, got: entry.use });
      continue;
    }
    repeatedValues(['engines', i], entry, faults);
    const { definition, module } = found;
    const server = serverChoice(['engines', i], entry, definition);
    for (const fault of server.faults) faults.add(fault);
    const contender = { i, entry, definition, module, server: server.choice };
    const settings = combinationCount(entry.index) * combinationCount(entry.search);
    const trials = settings * workloads.length * depths.length;
    if (trials > MAX_TRIALS) {
      faults.add({
        path: ['engines', i],
        what: `sweeps ${trials} combinations; the most is ${MAX_TRIALS}`,
      });
      continue;
    }
    for (const index of combinations(entry.index)) {
      for (const search of combinations(entry.search)) planOne(planning, contender, { index, search });
    }
  }
  return { builds: [...builds.values()], faults: merged(faults.all, engines) };
}

/** A workload, and the options that name it; absent: all. */
export interface NamedWorkload extends Workload {
  named?: ParameterSet | undefined;
}

interface Planning {
  workloads: readonly NamedWorkload[];
  depths: readonly (readonly number[])[];
  redactor: Redactor;
  builds: Map<string, PlannedBuild>;
  /** By what is built: its id, and the settings that are planned for it. */
  known: Map<string, { id: string; settings: Set<string> }>;
  faults: FaultList;
  /** A build without search parameters has the id of its one trial. */
  ids: Readonly<Record<'builds' | 'trials', Identifiers>>;
  /** Engine and server by series: two of them under one label would share a frontier. */
  owners: Map<string, { engine: string; server: string }>;
}

/** One entry of the suite. */
interface Contender {
  i: number;
  entry: EngineEntry;
  definition: EngineDefinition;
  module: string | undefined;
  server: ServerChoice | undefined;
}

/** @param modulesOf which module defined an engine so far, by the engine's name: two of one name share ids */
function findEngine(
  use: string,
  definitions: ReadonlyMap<string, EngineDefinition>,
  modules: ReadonlyMap<string, ModuleFound>,
  modulesOf: Map<string, string>,
): { state: 'found'; definition: EngineDefinition; module?: string } | EngineFault {
  const module = modules.get(use);
  if (module === undefined) {
    const definition = definitions.get(use);
    if (definition !== undefined) return { state: 'found', definition };
    return { state: 'fault', what: suggest('is an unknown engine', use, [...definitions.keys()]) };
  }
  if (module.state === 'fault') return module;
  const { definition, path } = module;
  const other = modulesOf.get(definition.name) ?? path;
  if (other !== path) {
    const what = `defines an engine "${definition.name}", and so does ${other}`;
    return { state: 'fault', what, next: 'give one of them another name' };
  }
  modulesOf.set(definition.name, path);
  return { state: 'found', definition, module: path };
}

function planOne(
  planning: Planning,
  { i, entry, definition, module, server }: Contender,
  input: OptionsInput,
): void {
  const { builds, faults, redactor, ids } = planning;
  const parsed = definition.parseOptions(input);
  if (parsed.state === 'invalid') {
    for (const fault of parsed.issues) {
      const path = locate(['engines', i], entry, fault.path, input);
      faults.add({ ...fault, path, what: withoutKey(fault.what, fault.path) });
    }
    return;
  }
  const variant = `${parsed.variant}${serverSuffix(server, definition)}`;
  const series = redactor.text(seriesName(definition.name, entry, variant));
  const self = { engine: definition.name, server: JSON.stringify(server ?? null) };
  const other = planning.owners.get(series) ?? self;
  if (other.engine !== self.engine) {
    const what = `is the label of ${other.engine} already`;
    faults.add({ path: ['engines', i, 'label'], what, got: series });
    return;
  }
  if (other.server !== self.server) {
    const what = 'must be given, as another entry measures the same on another server';
    faults.add({ path: ['engines', i, 'label'], what, got: entry.label });
    return;
  }
  planning.owners.set(series, self);
  const key = `${series} ${canonical(parsed.index)}`;
  const known = planning.known.get(key) ?? {
    id: ids.builds.next(series, redactor.json(withoutVariant(parsed.index)), {
      all: redactor.json(parsed.index),
    }),
    settings: new Set(),
  };
  planning.known.set(key, known);
  const setting = canonical(parsed.search);
  if (known.settings.has(setting)) {
    faults.add({ path: ['engines', i], what: `plans ${known.id} with ${setting} twice` });
    return;
  }
  known.settings.add(setting);
  const build = (id: string, trials: PlannedTrial[]): PlannedBuild => ({
    id,
    engine: definition.name,
    ...(module !== undefined && { module }),
    series,
    index: parsed.index,
    ...(server !== undefined && { server }),
    ...(entry.cost !== undefined && { cost: entry.cost }),
    trials,
  });
  for (const { named, ...workload } of planning.workloads) {
    const { type, options } = workload;
    const sent = isSerial(workload) ? undefined : { type, options: named ?? options };
    for (const ks of planning.depths) {
      const k = planning.depths.length > 1 ? ks.at(-1) : undefined;
      const more = { workload: redactor.json(sent), k };
      const id = ids.trials.next(known.id, redactor.json(parsed.search), more);
      const trial = { id, search: parsed.search, workload, ks: [...ks] };
      if (changesCollection(workload)) builds.set(`${key} ${id}`, build(ids.builds.next(id, {}), [trial]));
      else if (builds.has(key)) builds.get(key)!.trials.push(trial);
      else builds.set(key, build(known.id, [trial]));
    }
  }
}

/** One frontier each: a label that sweeps the kind of index has several. */
function seriesName(engine: string, entry: EngineEntry, variant: string): string {
  if (entry.label === undefined) return `${engine} ${variant}`;
  return sweepsVariant(entry) ? `${entry.label} ${variant}` : entry.label;
}

/** Engines' messages begin with the key, which the place of a fault names already. */
export function withoutKey(what: string, path: readonly (string | number)[]): string {
  const key = `${path.at(-1)} `;
  return what.startsWith(key) ? what.slice(key.length) : what;
}

function sweepsVariant(entry: EngineEntry): boolean {
  return Array.isArray(entry.index['type']) || Array.isArray(entry.index['quantization']);
}

function withoutVariant(index: ParameterSet): ParameterSet {
  return Object.fromEntries(
    Object.entries(index).filter(([key]) => key !== 'type' && key !== 'quantization'),
  );
}
