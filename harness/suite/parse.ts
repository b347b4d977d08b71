import type { z } from 'zod';
import { messageOf } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { type Redactor, redactor, type Secret } from '../../common/redact.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { type GateSet, parseGates } from '../gate/gates.js';
import { checkSelectors } from '../gate/select.js';
import type { PlannedBuild, PlannedParity, Workload } from '../model/plan.js';
import { SERIAL, type WorkloadKind } from '../model/workload.js';
import { type DeclaredDataset, datasetFaults, datasetSelectorFaults, declaredDatasets } from './datasets.js';
import { faultsAsWritten, readEntries } from './entries.js';
import { parseYaml, type Source, SuiteError, suiteError } from './faults.js';
import { declaredParities, planParity } from './parity.js';
import { type ModuleFound, planSuite } from './plan.js';
import { wrongGroup } from './query-file.js';
import {
  datasetBlockSchema,
  engineEntrySchema,
  parityEntrySchema,
  parseSize,
  type Suite,
  suiteSchema,
} from './schema.js';
import { planWorkloads } from './workloads.js';

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
  const plan = definitions && planEntries(json, definitions, hidden, workloads, modules);
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
  const planned = { workloads, builds: plan?.builds ?? [], parity, rebuilds };
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
  return parseGates(valueAt(written, ['gates']), ks, declaredParities(valueAt(written, ['parity']), ks));
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
  workloads: readonly Workload[],
  modules: ReadonlyMap<string, ModuleFound>,
): { builds: PlannedBuild[]; faults: Fault[] } {
  const entries = readEntries(valueAt(json, ['engines']));
  const { builds, faults } = planSuite(
    entries.map(({ entry }) => entry),
    definitions,
    hidden,
    workloads,
    modules,
  );
  return { builds, faults: faultsAsWritten(faults, entries) };
}

function readableWorkloads(json: unknown): Suite['workloads'] {
  return suiteSchema.shape.workloads.safeParse(valueAt(json, ['workloads'])).data ?? [];
}

/** Aliases that grow without end are refused by the YAML library. */
function toJson({ document, file }: Source): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new SuiteError([{ where: `${file}:1:1`, what: messageOf(error) }]);
  }
}

/** zod leaves such a key out in silence: a filter on it would be weaker than written. */
function strangeKeys(written: unknown, path: readonly (string | number)[] = []): Fault[] {
  if (written === null || typeof written !== 'object') return [];
  return Object.entries(written).flatMap(([key, value]) => {
    const at = [...path, Array.isArray(written) ? Number(key) : key];
    if (key === '__proto__') return [{ path: at, what: 'is a name that cannot be used', inKey: true }];
    return strangeKeys(value, at);
  });
}

/** A suite is copied into every run: a password in it would land on disk. */
function plainPasswords(written: unknown): Fault[] {
  const engines = valueAt(written, ['engines']);
  if (!Array.isArray(engines)) return [];
  return engines.flatMap((_, i) => {
    const path = ['engines', i, 'url'];
    const password = /^[^/]+:\/\/[^/@]*:([^/@]*)@/.exec(String(valueAt(written, path)))?.[1];
    if (password === undefined || /^(\$\{[A-Za-z_][A-Za-z0-9_]*\})?$/.test(password)) return [];
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
    const next = 'write it as ${VARIABLE}, which is taken from the environment';
    return [{ path, what: 'holds a password', next }];
  });
}

function memoryLimit(suite: Suite, faults: Fault[]): number | null {
  const { memoryLimit } = suite;
  if (memoryLimit === undefined || typeof memoryLimit === 'number') return memoryLimit ?? null;
  const bytes = parseSize(memoryLimit);
  if (bytes === undefined || bytes <= 0) {
    faults.push({
      path: ['memoryLimit'],
      what: 'must be a size such as 512MiB or 4GiB',
      got: memoryLimit,
    });
  }
  return bytes ?? null;
}

/** What is wrong with groups before the dataset is known. */
function groupFaults({ queries, filters, fields }: Suite): Fault[] {
  const faults: Fault[] = [];
  if (queries.file !== undefined && filters !== undefined) {
    faults.push({
      path: ['filters'],
      what: 'cannot stand beside queries.file, which has filters of its own',
    });
  }
  for (const [i, { group }] of (filters ?? []).entries()) {
    const wrong = wrongGroup(group);
    if (wrong !== undefined) faults.push({ path: ['filters', i, 'group'], what: wrong, got: group });
  }
  for (const [i, name] of (fields ?? []).entries()) {
    if (fields!.indexOf(name) !== i) faults.push({ path: ['fields', i], what: 'is listed twice', got: name });
  }
  return faults;
}

function distinctKs({ k }: Suite, faults: Fault[]): number[] {
  const ks = [k].flat();
  for (const [i, value] of ks.entries()) {
    if (ks.indexOf(value) !== i) faults.push({ path: ['k', i], what: 'is listed twice', got: value });
  }
  return ks.toSorted((a, b) => a - b);
}

/** Replaces `${VAR}` in every string; an unset variable is a fault. */
function resolveVariables(
  value: unknown,
  env: NodeJS.ProcessEnv,
  path: (string | number)[],
  faults: Fault[],
  secrets: Secret[],
): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
      const found = env[name];
      if (found === undefined) {
        faults.push({ path, what: `uses the environment variable ${name}, which is not set` });
        return whole;
      }
      secrets.push({ name, value: found });
      return found;
    });
  }
  if (Array.isArray(value))
    return value.map((item, i) => resolveVariables(item, env, [...path, i], faults, secrets));
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, resolveVariables(item, env, [...path, key], faults, secrets)]),
    );
  }
  return value;
}

/** A zod issue in the suite's own words. */
function shellFaults(issue: z.core.$ZodIssue, json: unknown): Fault[] {
  const whole = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const path = asWritten(whole, json);
  const got = valueAt(json, path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      what: suggest('is not a known key', key, known),
    }));
  }
  if (issue.code === 'invalid_union' && got !== undefined) {
    const key = path.at(-1);
    const wanted =
      typeof key === 'number' && path[0] !== 'datasets'
        ? 'a text, a number, true or false'
        : (UNION_WORDS[String(key)] ?? UNION_WORDS[String(path.at(-2))] ?? 'of another type');
    const inner = issue.errors.find((errors) => errors.some(({ path: deeper }) => deeper.length > 0));
    if (inner !== undefined && typeof got === 'object') {
      return inner.flatMap((each) =>
        shellFaults({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue, json),
      );
    }
    return [{ path, what: `must be ${wanted}`, got }];
  }
  if (got === undefined) return [{ path, what: 'is required' }];
  return [{ path, what: words(issue), got }];
}

/** `parity` may be one entry instead of a list of one: its faults have no index then. */
function asWritten(path: (string | number)[], json: unknown): (string | number)[] {
  const alone = path[0] === 'parity' && path[1] === 0 && !Array.isArray(valueAt(json, ['parity']));
  return alone ? path.toSpliced(1, 1) : path;
}

const UNION_WORDS: Record<string, string> = {
  reference: 'the name of a trial, or selectors such as { engine: …, ef: 64 }',
  candidate: 'the name of a trial, or selectors such as { engine: …, ef: 64 }',
  dataset: 'a name from the catalog, a path, or { path, metric, queries }',
  datasets: 'a name from the catalog, a path, or { path, name, metric, queries }',
  k: 'an integer from 1 to 1000, or a list of such',
  memoryLimit: 'a size such as 512MiB or 4GiB',
  memory: 'a size such as 512MiB or 4GiB',
  workloads: 'the name of a workload, or { type, … } with its options',
  index: 'a value or a list of values that is not empty',
  search: 'a value or a list of values that is not empty',
};

function words(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'an integer' : ({ object: 'a map', array: 'a list', record: 'a map', string: 'a text', number: 'a number' }[issue.expected as string] ?? issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return issue.origin === 'array'
        ? 'must not be empty'
        : issue.origin === 'string'
          ? 'must not be empty'
          : `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function valueAt(json: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, part) => (at as Record<string | number, unknown> | null | undefined)?.[part],
    json,
  );
}

const SHELL_KEYS: Record<string, readonly string[]> = {
  '': Object.keys(suiteSchema.shape),
  dataset: Object.keys(datasetBlockSchema.shape),
  datasets: Object.keys(datasetBlockSchema.shape),
  queries: ['set', 'limit', 'file'],
  filters: ['group', 'filter', 'tenant'],
  deadline: ['create', 'load', 'index', 'search'],
  engines: Object.keys(engineEntrySchema.shape),
  parity: Object.keys(parityEntrySchema.shape),
};

function knownKeys(path: readonly (string | number)[]): readonly string[] {
  return SHELL_KEYS[String(path[0] ?? '')] ?? [];
}
