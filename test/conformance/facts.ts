import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { ConformanceFacts } from '../../engines/contract/facts.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import type { TestApi } from '../../harness/conformance/api.js';
import type { Contender } from '../../harness/conformance/session.js';
import { DECLARED } from './declared.js';
import { PGVECTOR_EXACT } from './pgvector.js';
import { reached } from './session.js';
import { NARROW, SMALL_GRAPH, WIDE } from './settings.js';
import { SWEEPS } from './sweeps.js';

/** The suite runs in Vitest. */
export const api: TestApi = { describe, test, expect, beforeAll, afterAll };

/** A setting that the engine moves to its limit by itself, and that limit, at k = 10. */
const MOVED: Readonly<Record<string, [OptionsInput['search'], OptionsInput['search']]>> = {
  usearch: [{ ef: 1 }, { ef: 10 }],
  hnswlib: [{ ef: 1 }, { ef: 10 }],
  lancedb: [{ nprobe: 50 }, { nprobe: 4 }],
  pgvector: [{ nprobe: 50 }, { nprobe: 4 }],
  chroma: [{ ef: 1 }, { ef: 10 }],
  milvus: [{ nprobe: 50 }, { nprobe: 4 }],
  qdrant: [{ ef: 1 }, { ef: 10 }],
};

/** Index settings whose scores are the declared form, beside the engine's default. */
const EXACT: Readonly<Record<string, readonly OptionsInput[]>> = {
  pgvector: PGVECTOR_EXACT,
  milvus: [
    { index: { type: 'flat' }, search: {} },
    { index: {}, search: { ef: 100 } },
    { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
    { index: { type: 'scann', nlist: 4 }, search: { nprobe: 4, reorderK: 100 } },
  ],
  qdrant: [
    { index: { type: 'flat' }, search: {} },
    { index: {}, search: { ef: 200 } },
    { index: { quantization: 'sq8' }, search: { ef: 200, rescore: true, oversampling: 2 } },
  ],
  lancedb: [
    { index: { type: 'flat' }, search: {} },
    { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
    { index: { type: 'ivf', quantization: 'rq', nlist: 4 }, search: { nprobe: 4, refineFactor: 2 } },
  ],
};

/** One of ours with what the suite is to expect of it. */
export function contenderOf(definition: EngineDefinition): Contender {
  return { ...reached(definition), facts: factsOf(definition.name) };
}

function factsOf(name: string): ConformanceFacts {
  const wide = WIDE[name]!;
  return {
    ...DECLARED[name]!,
    wide,
    narrow: NARROW[name],
    coarse: wide.index['type'] === 'ivf' || NARROW[name] === undefined ? wide.index : SMALL_GRAPH,
    moved: MOVED[name],
    scored: EXACT[name],
    sweeps: SWEEPS[name]!,
  };
}
