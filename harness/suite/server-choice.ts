import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ServerChoice } from '../model/plan.js';
import { type EngineEntry, parseSize } from './schema.js';

const KEYS = ['launch', 'image', 'url', 'memory', 'cpus'] as const;

/** What an entry of a suite says of the engine's server, with every fault; undefined for embedded engines. Pure. */
export function serverChoice(
  path: readonly (string | number)[],
  entry: EngineEntry,
  { name, server }: EngineDefinition,
): { choice: ServerChoice | undefined; faults: Fault[] } {
  const given = KEYS.filter((key) => entry[key] !== undefined);
  if (server === undefined) {
    const what = `is for engines with a server, and ${name} runs inside the process`;
    return {
      choice: undefined,
      faults: given.map((key) => ({ path: [...path, key], what, next: 'remove it' })),
    };
  }
  const faults: Fault[] = [];
  const mode = entry.launch ?? (entry.url === undefined ? server.modes[0]! : 'url');
  if (!server.modes.includes(mode)) {
    const what = suggest(`must be one of ${server.modes.join(', ')}`, mode, server.modes, '');
    faults.push({ path: [...path, 'launch'], what, got: entry.launch });
  }
  faults.push(...misplaced(path, given, mode), ...urlFaults(path, entry, mode));
  const memoryBytes = typeof entry.memory === 'string' ? parseSize(entry.memory) : entry.memory;
  if (entry.memory !== undefined && (memoryBytes === undefined || memoryBytes <= 0)) {
    const what = 'must be a size such as 512MiB or 4GiB';
    faults.push({ path: [...path, 'memory'], what, got: entry.memory });
  }
  const { image, url, cpus } = entry;
  const choice = {
    mode,
    ...(image !== undefined && { image }),
    ...(url !== undefined && { url }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(cpus !== undefined && { cpus }),
  };
  return { choice, faults };
}

/** Keys that the mode makes nothing of. */
function misplaced(
  path: readonly (string | number)[],
  given: readonly (typeof KEYS)[number][],
  mode: string,
): Fault[] {
  const useful: Readonly<Record<string, readonly string[]>> = {
    docker: ['launch', 'image', 'memory', 'cpus'],
    url: ['launch', 'url'],
  };
  return given
    .filter((key) => !(useful[mode] ?? ['launch']).includes(key))
    .map((key) => ({ path: [...path, key], what: `has no effect with launch: ${mode}`, next: 'remove it' }));
}

function urlFaults(path: readonly (string | number)[], { url }: EngineEntry, mode: string): Fault[] {
  if (mode === 'url' && url === undefined) {
    return [{ path: [...path, 'url'], what: 'is required with launch: url' }];
  }
  if (url === undefined || URL.canParse(url)) return [];
  const what = 'must be an address such as postgres://host:5432/database or https://host:6333';
  return [{ path: [...path, 'url'], what }];
}

/** What tells contenders on different servers apart in the report; empty for the engine's default. */
export function serverSuffix(choice: ServerChoice | undefined, { server }: EngineDefinition): string {
  if (choice === undefined || choice.mode === server?.modes[0]) return '';
  return ` (${choice.mode})`;
}
