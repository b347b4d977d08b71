import { existsSync } from 'node:fs';
import { extname, isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InputError, messageOf } from '../common/errors.js';
import type { EngineDefinition } from './contract/engine.js';
import type { ConformanceFacts } from './contract/facts.js';
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

const ENDINGS = ['.js', '.mjs', '.cjs', '.ts', '.mts'];

/** Whether `use:` names a file, and not an engine that comes with vecproof. */
export function isEngineModule(use: string): boolean {
  return use.startsWith('.') || isAbsolute(use) || ENDINGS.includes(extname(use));
}

export async function engineOf({ engine, module }: EngineReference): Promise<EngineDefinition> {
  return module === undefined ? loadEngine(engine) : (await loadEngineModule(module)).engine;
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
    found = (await import(pathToFileURL(path).href)) as typeof found;
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
  if (typeof engine.capabilities !== 'object' || engine.capabilities === null)
    return 'it has no capabilities';
  const missing = (['connect', 'parseOptions', 'optionSchemas', 'checkData'] as const).find(
    (name) => typeof engine[name] !== 'function',
  );
  return missing === undefined ? undefined : `it has no function ${missing}`;
}
