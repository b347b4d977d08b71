import { InputError, messageOf } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import type { EngineDefinition } from './contract/engine.js';
import { packageVersion, requireClient } from './kit/packages.js';

/** The only place that names engines. Each import is lazy, and a definition does not import its client. */
const ENGINES: Readonly<Record<string, () => Promise<{ engine: EngineDefinition }>>> = {
  usearch: () => import('./usearch/engine.js'),
  hnswlib: () => import('./hnswlib/engine.js'),
  lancedb: () => import('./lancedb/engine.js'),
  pgvector: () => import('./pgvector/engine.js'),
  chroma: () => import('./chroma/engine.js'),
  milvus: () => import('./milvus/engine.js'),
  qdrant: () => import('./qdrant/engine.js'),
  'sqlite-vec': () => import('./sqlite-vec/engine.js'),
  null: () => import('./null/engine.js'),
};

export function engineNames(): string[] {
  return Object.keys(ENGINES);
}

/** Throws InputError with the nearest known name and the list. */
export async function loadEngine(name: string): Promise<EngineDefinition> {
  const load = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (load === undefined) {
    const names = engineNames();
    throw new InputError(suggest(`unknown engine "${name}"`, name, names, ''), {
      next: `use one of ${names.join(', ')}`,
    });
  }
  return (await load()).engine;
}

export type Availability =
  | { state: 'available'; versions: Record<string, string> }
  | { state: 'missing'; package: string; reason: string; install: string };

/** Whether an engine's packages are there and load (a native one may have failed to compile). Throws only for an unknown name. */
export async function engineAvailability(name: string): Promise<Availability> {
  const { packages, install } = await loadEngine(name);
  const versions: Record<string, string> = {};
  for (const package_ of packages) {
    try {
      requireClient(package_);
      versions[package_] = packageVersion(package_) ?? 'unknown';
    } catch (error) {
      return { state: 'missing', package: package_, reason: messageOf(error).split('\n', 1)[0]!, install };
    }
  }
  return { state: 'available', versions };
}
