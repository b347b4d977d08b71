import type { Fault } from '../../common/faults.js';
import { type Redactor, redactor, type Secret } from '../../common/redact.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { type GateSet, parseGates } from '../gate/gates.js';
import { checkSelectors } from '../gate/select.js';
import { askingFor, plannedDepths, spareHits } from '../model/depths.js';
import type { PlannedBuild, PlannedParity, Workload } from '../model/plan.js';
import { SERIAL, type WorkloadKind } from '../model/workload.js';
import { type DeclaredDataset, datasetFaults, datasetSelectorFaults, declaredDatasets } from './datasets.js';
import { faultsAsWritten, readEntries } from './entries.js';
import { parseYaml, type Source, suiteError } from './faults.js';
import { declaredParities, planParity } from './parity.js';
import { type ModuleFound, type NamedWorkload, planSuite } from './plan.js';
import { type Suite, suiteSchema } from './schema.js';
import { distinctKs, groupFaults, memoryLimit } from './shape-checks.js';
import { shellFaults } from './shell-faults.js';
import { planWorkloads } from './workloads.js';
import { plainPasswords, resolveVariables, strangeKeys, toJson, valueAt } from './written.js';

/** A valid suite and its plan. */
export interface ParsedSuite {
  suite: Suite;
  /** Each is measured with the whole plan; those of a list have names. */
  datasets: readonly DeclaredDataset[];
  /** Ascending, unique. */
  ks: number[];
  memoryLimitBytes: number | null;
  /** With their options complete. */
  workloads: readonly Workload[];
  gates: GateSet;
  /** Each build once, in the order of the file; empty where the suite was parsed without engines. */
  builds: PlannedBuild[];
  /** What is compared with each other, and the builds that are made a second time for it. */
  parity: PlannedParity[];
  rebuilds: PlannedBuild[];
  source: Source;
  /** As written, `${VAR}` unresolved. */
  text: string;
  /** Environment variables the suite uses: their values are hidden wherever something is written. */
  secrets: readonly Secret[];
  redactor: Redactor;
}

/**
 * Parses, checks and plans everything that needs no data.
 *
 * @param definitions the engines that come with vecproof, by name; without them nothing is planned. Every entry of `engines` that can be
 *   read is planned even where another part of the suite is faulty, so that all faults are told at once
 * @param kinds all workloads that there are; none: those of the suite were checked before and are not read
 * @param modules modules that define engines, by what `use` says (see `usedEngines`)
 * @throws SuiteError with every fault, its line and column, in the order of the file
 */
export function parseSuite(
  text: string,
  file: string,
  env: NodeJS.ProcessEnv,
  definitions?: ReadonlyMap<string, EngineDefinition>,
  kinds: readonly WorkloadKind[] = [],
  modules: ReadonlyMap<string, ModuleFound> = new Map(),
): ParsedSuite {
  const source = parseYaml(text, file);
  const faults: Fault[] = [];
  const secrets: Secret[] = [];
  const written = toJson(source);
  faults.push(...plainPasswords(written), ...strangeKeys(written));
  const json = resolveVariables(written, env, [], faults, secrets);
  const parsed = suiteSchema.safeParse(json);
  faults.push(...datasetFaults(json, parsed.data));
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap((issue) => shellFaults(issue, json)));
  const suite = parsed.success ? parsed.data : undefined;
  const memoryLimitBytes = suite === undefined ? null : memoryLimit(suite, faults);
  const ks = suite === undefined ? [] : distinctKs(suite, faults);
  if (suite !== undefined) faults.push(...groupFaults(suite));
  const hidden = redactor(secrets);
  const sending = kinds.length === 0 ? undefined : planWorkloads(readableWorkloads(json), kinds);
  faults.push(...(sending?.faults ?? []));
  const workloads = sending?.workloads ?? [SERIAL];
  const depths = suite === undefined ? undefined : plannedDepths(ks, suite.depth);
  const named = workloads.map((each) => ({ ...each, named: sending?.named.get(each) }));
  const plan = definitions && planEntries(json, definitions, hidden, named, modules, depths);
  faults.push(...(plan?.faults ?? []));
  const gates = gatesOf(written);
  faults.push(...gates.faults, ...(suite === undefined ? [] : datasetSelectorFaults(gates.set, suite)));
  const parityIsList = Array.isArray(valueAt(json, ['parity']));
  let compared: Pick<ParsedSuite, 'parity' | 'rebuilds'> = { parity: [], rebuilds: [] };
  // Of a plan with gaps it cannot be told what names none of its trials.
  if (suite !== undefined && plan?.faults.length === 0 && (sending?.faults ?? []).length === 0) {
    const found = planParity(suite, ks, plan.builds, parityIsList);
    faults.push(...found.faults, ...checkSelectors(gates.set.gates, plan.builds));
    compared = found;
  }
  if (suite === undefined || faults.length > 0) throw suiteError(source, hidden.json(faults));
  const shown = { ...suite, name: hidden.text(suite.name), description: hidden.json(suite.description) };
  const { parity, rebuilds } = compared;
  const spare = spareHits(suite.relevance);
  const builds = askingFor(plan?.builds ?? [], spare);
  const planned = { workloads, builds, parity, rebuilds: askingFor(rebuilds, spare) };
  const datasets = declaredDatasets(suite);
  const rest = { datasets, source, text, secrets, redactor: hidden, ...planned };
  return { suite: shown, ks, memoryLimitBytes, gates: gates.set, ...rest };
}

/**
 * What the entries of a suite `use`, each once, before anything else of it is checked.
 * @throws SuiteError if it is no YAML
 */
export function usedEngines(text: string, file: string, env: NodeJS.ProcessEnv): string[] {
  const json = resolveVariables(toJson(parseYaml(text, file)), env, [], [], []);
  const entries = readEntries(valueAt(json, ['engines']));
  return [...new Set(entries.flatMap(({ entry }) => (entry === undefined ? [] : [entry.use])))];
}

/** Gates as written, so that they can be read again from a stored suite without the environment. */
function gatesOf(written: unknown) {
  const k = [valueAt(written, ['k']) ?? suiteSchema.shape.k.parse(undefined)].flat();
  const whole = k.filter((each) => Number.isInteger(each)) as number[];
  const ks = whole.toSorted((a, b) => a - b);
  const parities = declaredParities(valueAt(written, ['parity']), ks);
  const places = valueAt(written, ['places']) !== undefined;
  return parseGates(valueAt(written, ['gates']), ks, parities, places);
}

/**
 * The gates of a suite that was checked before; needs neither its environment nor its engines.
 * @throws SuiteError with every fault of the gates
 */
export function readGates(text: string, file: string): GateSet {
  const source = parseYaml(text, file);
  const { set, faults } = gatesOf(toJson(source));
  if (faults.length > 0) throw suiteError(source, faults);
  return set;
}

function planEntries(
  json: unknown,
  definitions: ReadonlyMap<string, EngineDefinition>,
  hidden: Redactor,
  workloads: readonly NamedWorkload[],
  modules: ReadonlyMap<string, ModuleFound>,
  depths: number[][] | undefined,
): { builds: PlannedBuild[]; faults: Fault[] } {
  const entries = readEntries(valueAt(json, ['engines']));
  const { builds, faults } = planSuite(
    entries.map(({ entry }) => entry),
    definitions,
    hidden,
    workloads,
    modules,
    depths,
  );
  return { builds, faults: faultsAsWritten(faults, entries) };
}

function readableWorkloads(json: unknown): Suite['workloads'] {
  return suiteSchema.shape.workloads.safeParse(valueAt(json, ['workloads'])).data ?? [];
}
