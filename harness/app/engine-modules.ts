import { dirname, resolve } from 'node:path';
import { InputError, shorten } from '../../common/errors.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { isEngineModule, loadEngineModule, tryEngineModule } from '../../engines/open.js';
import { usedEngines } from '../suite/parse.js';
import type { ModuleFound } from '../suite/plan.js';
import type { SuiteText } from './places.js';

/**
 * Loads the modules that a suite names as engines, relative to the suite's folder: their code runs here. What is wrong
 * with one is a fault of its entry, told beside the suite's others.
 *
 * @returns by what `use` says
 * @throws SuiteError if the suite is no YAML
 */
export async function engineModules(
  { text, given, path }: SuiteText,
  env: NodeJS.ProcessEnv,
): Promise<Map<string, ModuleFound>> {
  const modules = new Map<string, ModuleFound>();
  for (const use of usedEngines(text, given, env).filter(isEngineModule))
    modules.set(use, await load(resolve(dirname(path), use)));
  return modules;
}

async function load(path: string): Promise<ModuleFound> {
  try {
    await tryEngineModule(path);
    const { engine } = await loadEngineModule(path);
    return { state: 'loaded', path, definition: engine };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const exported = error.got === undefined ? '' : ` (it exports ${shorten(error.got)})`;
    const what = `cannot be used: ${path}: ${error.what}${exported}`;
    return { state: 'fault', what, ...(error.next !== undefined && { next: error.next }) };
  }
}

/** All engines of a plan by their own names. */
export function withModules(
  known: ReadonlyMap<string, EngineDefinition>,
  modules: ReadonlyMap<string, ModuleFound>,
): Map<string, EngineDefinition> {
  const all = new Map(known);
  for (const found of modules.values())
    if (found.state === 'loaded') all.set(found.definition.name, found.definition);
  return all;
}
