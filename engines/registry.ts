import { InputError } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import type { EngineDefinition } from './contract/engine.js';

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
