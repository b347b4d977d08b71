import { createHash } from 'node:crypto';
import type { EngineDefinition, OptionsInput, Parameters } from '../../engines/engine.js';
import type { PlannedBuild, ServerChoice } from '../store/schema.js';
import type { Fault } from './faults.js';
import { hint } from './hint.js';
import type { EngineEntry, SweptValue } from './schema.js';
import { serverChoice, serverSuffix } from './server-choice.js';

const MAX_TRIALS = 20_000;

/**
 * Expands the sweeps of a suite: one build for each combination of index parameters, one trial for each
 * combination of search parameters on it, in the order of the file (the last key varies fastest). Pure.
 *
 * @param engines entries of the suite; undefined where one cannot be read
 * @param definitions all known engines, by name
 * @returns builds, and every fault of every combination
 */
export function planSuite(
  engines: readonly (EngineEntry | undefined)[],
  definitions: ReadonlyMap<string, EngineDefinition>,
): { builds: PlannedBuild[]; faults: Fault[] } {
  const builds = new Map<string, PlannedBuild>();
  const faults = new FaultList();
  for (const [i, entry] of engines.entries()) {
    if (entry === undefined) continue;
    const definition = definitions.get(entry.use);
    if (definition === undefined) {
      const message = `is an unknown engine.${hint(entry.use, [...definitions.keys()])}`;
      faults.add({ path: ['engines', i, 'use'], message, got: entry.use });
      continue;
    }
    repeatedValues(['engines', i], entry, faults);
    const server = serverChoice(['engines', i], entry, definition);
    for (const fault of server.faults) faults.add(fault);
    const contender = { i, entry, definition, server: server.choice };
    const indexes = combinations(entry.index);
    const searches = combinations(entry.search);
    if (indexes.length * searches.length > MAX_TRIALS) {
      faults.add({
        path: ['engines', i],
        message: `sweeps ${indexes.length * searches.length} combinations; the most is ${MAX_TRIALS}`,
      });
      continue;
    }
    for (const index of indexes) {
      for (const search of searches) planOne(builds, faults, contender, { index, search });
    }
  }
  return { builds: [...builds.values()], faults: merged(faults.all, engines) };
}

/** One entry of the suite. */
interface Contender {
  i: number;
  entry: EngineEntry;
  definition: EngineDefinition;
  server: ServerChoice | undefined;
}

function planOne(
  builds: Map<string, PlannedBuild>,
  faults: FaultList,
  { i, entry, definition, server }: Contender,
  input: OptionsInput,
): void {
  const parsed = definition.parseOptions(input);
  if (parsed.state === 'invalid') {
    for (const { path, message, got } of parsed.issues) {
      faults.add({
        path: locate(['engines', i], entry, path, input),
        message: withoutKey(message, path),
        got,
      });
    }
    return;
  }
  const named = `${definition.name} ${parsed.variant}${serverSuffix(server, definition)}`;
  const variants = entry.label ?? named;
  const series =
    entry.label !== undefined && sweepsVariant(entry) ? `${entry.label} ${parsed.variant}` : variants;
  const buildId = identifier(series, withoutVariant(parsed.index));
  const key = `${buildId} ${canonical(parsed.index)} ${JSON.stringify(server)}`;
  const other = [...builds.values()].find(
    (build) => build.series === series && JSON.stringify(build.server) !== JSON.stringify(server),
  );
  if (other !== undefined) {
    const message = `measures ${series} on another server than an entry above: give it a label of its own`;
    faults.add({ path: ['engines', i, 'label'], message, got: entry.label });
    return;
  }
  const build = builds.get(key) ?? {
    id: unique(buildId, builds),
    engine: definition.name,
    series,
    index: parsed.index,
    ...(server !== undefined && { server }),
    trials: [],
  };
  builds.set(key, build);
  if (build.trials.some(({ search }) => canonical(search) === canonical(parsed.search))) {
    faults.add({
      path: ['engines', i],
      message: `plans ${build.id} with ${canonical(parsed.search)} twice`,
      got: undefined,
    });
    return;
  }
  const id = identifier(build.id, parsed.search);
  const taken = build.trials.some((trial) => trial.id === id);
  build.trials.push({ id: taken ? `${id}-${build.trials.length + 1}` : id, search: parsed.search });
}

/** All combinations of swept values; the last key varies fastest. An empty map has one combination. */
export function combinations(
  swept: Readonly<Record<string, SweptValue>>,
): Record<string, string | number | boolean>[] {
  return Object.entries(swept).reduce<Record<string, string | number | boolean>[]>(
    (done, [key, value]) =>
      done.flatMap((partial) => [value].flat().map((each) => ({ ...partial, [key]: each }))),
    [{}],
  );
}

function repeatedValues(path: readonly (string | number)[], entry: EngineEntry, faults: FaultList): void {
  for (const part of ['index', 'search'] as const) {
    for (const [key, value] of Object.entries(entry[part])) {
      if (!Array.isArray(value)) continue;
      for (const [j, each] of value.entries()) {
        if (value.indexOf(each) !== j)
          faults.add({ path: [...path, part, key, j], message: 'is listed twice', got: each });
      }
    }
  }
}

/** Path of an option's fault in the YAML: the element of the list where the value was swept. */
function locate(
  base: readonly (string | number)[],
  entry: EngineEntry,
  path: readonly (string | number)[],
  input: OptionsInput,
): (string | number)[] {
  const [part, key] = path;
  if ((part !== 'index' && part !== 'search') || typeof key !== 'string') return [...base, ...path];
  const swept = entry[part][key];
  const at = Array.isArray(swept) ? swept.indexOf(input[part][key] as never) : -1;
  return at < 0 ? [...base, ...path] : [...base, part, key, at];
}

/** A fault that all values of a sweep have in common is one fault of its key. */
function merged(faults: readonly Fault[], engines: readonly (EngineEntry | undefined)[]): Fault[] {
  const done = new Set<string>();
  return faults.flatMap((fault) => {
    const [, i, part, key, at] = fault.path;
    if (typeof at !== 'number') return [fault];
    const path = fault.path.slice(0, -1);
    const values = engines[Number(i)]?.[part as 'index' | 'search'][String(key)];
    const same = faults.filter((other) => other.message === fault.message && isBelow(other.path, path));
    if (!Array.isArray(values) || same.length < values.length || values.length === 1) return [fault];
    const name = JSON.stringify([path, fault.message]);
    if (done.has(name)) return [];
    done.add(name);
    return [{ path, message: fault.message, got: values }];
  });
}

function isBelow(path: readonly (string | number)[], parent: readonly (string | number)[]): boolean {
  return path.length === parent.length + 1 && parent.every((part, i) => path[i] === part);
}

/** Engines' messages begin with the key, which the place of a fault names already. */
function withoutKey(message: string, path: readonly (string | number)[]): string {
  const key = `${path.at(-1)} `;
  return message.startsWith(key) ? message.slice(key.length) : message;
}

function sweepsVariant(entry: EngineEntry): boolean {
  return Array.isArray(entry.index['type']) || Array.isArray(entry.index['quantization']);
}

function withoutVariant(index: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(index).filter(([key]) => key !== 'type' && key !== 'quantization'),
  );
}

/** Readable and safe as a file name and an HTML anchor. */
function identifier(prefix: string, parameters: Parameters): string {
  const parts = [prefix, ...Object.entries(parameters).map(([key, value]) => `${key}${value}`)];
  const slug = parts.map((part) => part.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-|-$/g, '')).join('-');
  const hash = createHash('sha256')
    .update(`${prefix} ${canonical(parameters)}`)
    .digest('hex')
    .slice(0, 8);
  return slug.length > 120 ? `${slug.slice(0, 110)}-${hash}` : slug;
}

function unique(id: string, builds: ReadonlyMap<string, PlannedBuild>): string {
  const taken = new Set([...builds.values()].map((build) => build.id));
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? id : `${id}-${i}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function canonical(parameters: Parameters): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  );
}

/** Faults without repetition: one value may fail in many combinations. */
class FaultList {
  readonly all: Fault[] = [];
  readonly #seen = new Set<string>();

  add(fault: Fault): void {
    const key = JSON.stringify([fault.path, fault.message]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.all.push(fault);
  }
}
