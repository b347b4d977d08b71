import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError, messageOf } from '../common/errors.js';
import { METRICS } from '../datasets/dataset.js';
import type { FilterSupport } from '../filters/support.js';
import type { Availability } from './availability.js';
import type { Capabilities } from './contract/capabilities.js';
import type { EngineDefinition } from './contract/engine.js';
import type { ConformanceFacts } from './contract/facts.js';
import { packageVersion } from './kit/packages.js';
import type { ModuleProbed } from './module-probe.js';
import { probe } from './probe.js';
import { engineNames, loadEngine } from './registry.js';

/** Which engine a build is of: one that comes with vecproof, or one that a module on this machine defines. */
export interface EngineReference {
  engine: string;
  /** Absolute path. */
  module?: string | undefined;
}

/** What a module that defines an engine exports. */
export interface EngineModule {
  engine: EngineDefinition;
  /** What the conformance suite is to expect of it beyond its capabilities. */
  facts?: ConformanceFacts | undefined;
}

const LOAD_MS = 30_000;
const ENDINGS = ['.js', '.mjs', '.cjs', '.ts', '.mts'];

/** Whether `use:` names a file, and not an engine that comes with vecproof. */
export function isEngineModule(use: string): boolean {
  return use.startsWith('.') || isAbsolute(use) || ENDINGS.includes(extname(use));
}

export async function engineOf({ engine, module }: EngineReference): Promise<EngineDefinition> {
  return module === undefined ? loadEngine(engine) : (await loadEngineModule(module)).engine;
}

/**
 * Loads a module once in a process of its own: one that crashes or hangs while it loads would end this process, which
 * plans, without a word.
 *
 * @param path absolute
 * @throws InputError if it does; what else is wrong with it is found by `loadEngineModule`
 */
export async function tryEngineModule(path: string): Promise<void> {
  if (!existsSync(path)) return;
  let over = false;
  const how = await probe<ModuleProbed>('engines/module-probe.js', [path], LOAD_MS, () => {
    over = true;
  });
  if (!over) {
    throw new InputError(`the engine does not load: loading it ${how}`, {
      where: path,
      next: loadingAdvice(path),
    });
  }
}

/**
 * Loads a module that defines an engine; its code runs in this process.
 *
 * @param path absolute
 * @throws InputError if there is no such file, if it does not load, or if what it exports is no engine
 */
export async function loadEngineModule(path: string): Promise<EngineModule> {
  if (!existsSync(path)) throw new InputError('there is no such file', { where: path });
  let found: Partial<EngineModule> & { default?: unknown };
  try {
    found = await inTime(import(pathToFileURL(path).href) as Promise<typeof found>);
  } catch (error) {
    throw new InputError(`the engine does not load: ${messageOf(error)}`, {
      where: path,
      next: loadingAdvice(path),
      cause: error,
    });
  }
  const { engine = found.default, facts } = found;
  const lacking = whyNoEngine(engine);
  if (lacking !== undefined) {
    throw new InputError(`defines no engine: ${lacking}`, {
      where: path,
      got: Object.keys(found),
      next: 'export a const "engine" of the type EngineDefinition (see docs/engine-guide.md)',
    });
  }
  return { engine: engine as EngineDefinition, facts };
}

/** Also of a module that waits for what never comes: Node would end without a word. */
async function inTime<T>(loading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not ended within ${LOAD_MS / 1000} s`)), LOAD_MS);
  });
  return Promise.race([loading, late]).finally(() => clearTimeout(timer));
}

/**
 * Whether the npm packages that a module's engine needs are there, looked for from the module's folder. The hash of the
 * module's own file is recorded with their versions, so that a run that is continued with another one says so.
 *
 * @throws InputError as `loadEngineModule`
 */
export async function moduleAvailability(path: string): Promise<Availability> {
  const { engine } = await loadEngineModule(path);
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
  const versions: Record<string, string> = { [`${engine.name} (${basename(path)})`]: `sha256:${hash}` };
  for (const name of engine.packages) {
    const version = packageVersion(name, path);
    if (version === undefined) {
      const reason = `package ${name}, which ${basename(path)} needs, is not installed`;
      return { state: 'missing', package: name, reason, next: `npm install ${name} in ${dirname(path)}` };
    }
    versions[name] = version;
  }
  return { state: 'available', versions };
}

function loadingAdvice(path: string): string {
  const typed = ['.ts', '.mts'].includes(extname(path));
  return typed && (process.features as { typescript?: unknown }).typescript !== 'strip'
    ? 'compile it to JavaScript, or use Node 22.18 or later, which reads TypeScript'
    : 'run it with node to see the fault';
}

function whyNoEngine(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'there is no export "engine"';
  const engine = value as Record<keyof EngineDefinition, unknown>;
  if (typeof engine.name !== 'string' || !/^[a-z][a-z0-9-]{0,39}$/.test(engine.name))
    return 'its name must be made of lower-case letters, digits and hyphens, and begin with a letter';
  if (engineNames().includes(engine.name))
    return `its name "${engine.name}" is that of an engine that comes with vecproof`;
  if (typeof engine.title !== 'string') return 'it has no title';
  if (!Array.isArray(engine.packages)) return 'packages must be a list, an empty one if it needs none';
  const missing = (['connect', 'parseOptions', 'optionSchemas', 'checkData'] as const).find(
    (name) => typeof engine[name] !== 'function',
  );
  if (missing !== undefined) return `it has no function ${missing}`;
  if (typeof engine.capabilities !== 'object' || engine.capabilities === null)
    return 'it has no capabilities';
  return whyNoCapabilities(engine.capabilities as Record<keyof Capabilities, unknown>);
}

/** Those that planning and measuring rely on: a module need not have been checked by a compiler. */
function whyNoCapabilities(given: Record<keyof Capabilities, unknown>): string | undefined {
  const isOf = (words: readonly string[]) => (word: unknown) => words.includes(word as string);
  const isList = (each: (word: unknown) => boolean) => (list: unknown) =>
    Array.isArray(list) && list.every(each);
  const isMap = (map: unknown) => typeof map === 'object' && map !== null && !Array.isArray(map);
  const wanted: Partial<Record<keyof Capabilities, [test: (value: unknown) => boolean, words: string]>> = {
    metrics: [isList(isOf(METRICS)), `must be a list of ${METRICS.join(', ')}`],
    indexTypes: [isMap, 'must be a map from index types to quantizations'],
    filters: [
      (filters) => isMap(filters) && isMap((filters as FilterSupport).operators),
      'must be { operators, refused }',
    ],
    idKinds: [Array.isArray, 'must be a list'],
    maxDimensions: [(most) => most === null || typeof most === 'number', 'must be a number, or null'],
    scores: [isMap, 'must be a map from metrics to forms'],
    deterministicBuild: [isOf(['always', 'one-thread', 'never']), 'must be always, one-thread or never'],
    execution: [isOf(['blocking', 'concurrent']), 'must be blocking or concurrent'],
    preparedSearches: [isOf(['one', 'several']), 'must be one or several'],
    remarks: [Array.isArray, 'must be a list'],
  };
  for (const [key, [test, words]] of Object.entries(wanted))
    if (!test(given[key as keyof Capabilities])) return `capabilities.${key} ${words}`;
  return undefined;
}
