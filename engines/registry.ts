import { InputError } from '../common/errors.js';
import { suggest } from '../common/nearest.js';
import type { EngineDefinition } from './contract/engine.js';
import type { ConformanceFacts } from './contract/facts.js';

/** How the files of an engine's folder are loaded. */
interface Entry {
  engine(): Promise<{ engine: EngineDefinition }>;
  facts(): Promise<{ facts: ConformanceFacts }>;
}

/** The only place that names engines. Each import is lazy, and a definition does not import its client. */
const ENGINES: Readonly<Record<string, Entry>> = {
  usearch: { engine: () => import('./usearch/engine.js'), facts: () => import('./usearch/facts.js') },
  hnswlib: { engine: () => import('./hnswlib/engine.js'), facts: () => import('./hnswlib/facts.js') },
  lancedb: { engine: () => import('./lancedb/engine.js'), facts: () => import('./lancedb/facts.js') },
  pgvector: { engine: () => import('./pgvector/engine.js'), facts: () => import('./pgvector/facts.js') },
  chroma: { engine: () => import('./chroma/engine.js'), facts: () => import('./chroma/facts.js') },
  milvus: { engine: () => import('./milvus/engine.js'), facts: () => import('./milvus/facts.js') },
  qdrant: { engine: () => import('./qdrant/engine.js'), facts: () => import('./qdrant/facts.js') },
  'sqlite-vec': {
    engine: () => import('./sqlite-vec/engine.js'),
    facts: () => import('./sqlite-vec/facts.js'),
  },
  null: { engine: () => import('./null/engine.js'), facts: () => import('./null/facts.js') },
};

export function engineNames(): string[] {
  return Object.keys(ENGINES);
}

/** Throws InputError with the nearest known name and the list. */
export async function loadEngine(name: string): Promise<EngineDefinition> {
  return (await entryOf(name).engine()).engine;
}

/** What the conformance suite expects of an engine; throws as `loadEngine`. */
export async function loadFacts(name: string): Promise<ConformanceFacts> {
  return (await entryOf(name).facts()).facts;
}

function entryOf(name: string): Entry {
  const entry = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (entry !== undefined) return entry;
  const names = engineNames();
  throw new InputError(suggest(`unknown engine "${name}"`, name, names, ''), {
    next: `use one of ${names.join(', ')}`,
  });
}
