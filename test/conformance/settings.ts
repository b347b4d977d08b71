import type { OptionsInput } from '../../engines/contract/options.js';

/** One search that answers all it can find, per engine. */
export const WIDE: Readonly<Record<string, OptionsInput>> = {
  usearch: { index: {}, search: { ef: 1000 } },
  hnswlib: { index: {}, search: { ef: 1000 } },
  lancedb: { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
  pgvector: { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
  chroma: { index: {}, search: { ef: 1000 } },
  milvus: { index: { type: 'ivf', nlist: 4 }, search: { nprobe: 4 } },
  qdrant: { index: {}, search: { ef: 1000 } },
  'sqlite-vec': { index: {}, search: {} },
  null: { index: {}, search: {} },
};
/** Two settings that answer differently on one build; absent: the engine has no search parameters. */
export const NARROW: Readonly<Record<string, [OptionsInput['search'], OptionsInput['search']]>> = {
  usearch: [{ ef: 1 }, { ef: 1000 }],
  hnswlib: [{ ef: 1 }, { ef: 1000 }],
  lancedb: [{ nprobe: 1 }, { nprobe: 4 }],
  pgvector: [{ nprobe: 1 }, { nprobe: 4 }],
  chroma: [{ ef: 1 }, { ef: 1000 }],
  milvus: [{ nprobe: 1 }, { nprobe: 4 }],
  qdrant: [{ ef: 1 }, { ef: 1000 }],
};
/** A graph in which a narrow search misses points. */
export const SMALL_GRAPH = { m: 3, efConstruction: 8 };
