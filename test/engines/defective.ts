import type { MetadataValue } from '../../datasets/dataset.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import type { Hits, NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import type { CollectionSpec, LoadBatch } from '../../engines/contract/spec.js';
import type { VectorColumn } from '../../engines/contract/vectors.js';
import { engine as real } from '../../engines/hnswlib/engine.js';
import type { LabelFilter } from '../../engines/hnswlib/filter.js';
import type { Filter } from '../../filters/filter.js';
import type { Defect } from './faults.js';

/** The environment variable DEFECT says what is planted; its process inherits it. */
const defect = process.env['DEFECT'] as Defect | undefined;

/** hnswlib with a defect, of which it tells nobody. Everything else is the real thing; production code knows nothing of it. */
export const engine: EngineDefinition = {
  ...real,
  name: 'defective',
  title: 'Defective',
  connect: async (options, signal) => {
    const connected = await real.connect(options, signal);
    return { ...connected, create: async (spec) => defective(await connected.create(asked(spec)), spec) };
  },
};

/** Room for what stays behind, too. */
function asked(spec: CollectionSpec): CollectionSpec {
  const vectors = spec.vectors.map((each) =>
    defect === 'swaps the metric' ? { ...each, metric: 'dot' as const } : each,
  );
  return { ...spec, vectors, capacity: 2 * spec.capacity! };
}

function defective(collection: Collection, { vectors: [field] }: CollectionSpec): Collection {
  const { name, dimensions } = field!;
  let loaded = 0;
  return {
    name: collection.name,
    load: async (given, signal) => {
      const batch = swapped(given);
      const rows = Rows.of(batch, name, dimensions);
      loaded += batch.count;
      switch (defect) {
        case 'drops 1% of rows':
        case 'drops 1% of rows and says so':
          return collection.load(
            rows.only((id) => id % 100 !== 7),
            signal,
          );
        case 'rounds vectors to int8':
          // 254 steps from -1 to 1, as scalar quantization makes them.
          return collection.load(
            rows.changed((x) => Math.round(x * 127) / 127),
            signal,
          );
        case 'returns stale rows after delete':
          await collection.load(batch, signal);
          // Every 25th point in an older version that was deleted: gone from the count, but still in the graph.
          return collection.load(
            rows.only(
              (id) => id % 25 === 3,
              (id) => 1e6 + id,
            ),
            signal,
          );
        default:
          return collection.load(batch, signal);
      }
    },
    ready: async (signal) => {
      const ready = await collection.ready(signal);
      const hidden = defect === 'drops 1% of rows' || defect === 'returns stale rows after delete';
      return hidden ? { ...ready, count: loaded, indexed: loaded } : ready;
    },
    prepare: async (search, k) => {
      const given = defect === 'lowers ef' ? { ...search, ef: 12 } : search;
      return { ...searching(await collection.prepare(given, k)), effective: search };
    },
    count: () => collection.count(),
    indexBytes: () => collection.indexBytes(),
    drop: () => collection.drop(),
  };
}

/** Queries that were asked of the process. */
let queries = 0;

function searching(prepared: PreparedSearch): PreparedSearch {
  return {
    ...prepared,
    translate: (filter) =>
      prepared.translate!(defect === 'takes a range for its upper end alone' ? rangeless(filter) : filter),
    query: (vector, native) => {
      queries++;
      const hits = answer(prepared, vector, native);
      const keys = Array.from(hits.keys);
      if (defect === 'returns duplicates' && queries % 5 === 0) keys[9] = keys[0]!;
      return { ...hits, keys };
    },
  };
}

function answer(prepared: PreparedSearch, vector: Float32Array, native?: NativeFilter): Hits {
  const ask = (filter?: NativeFilter) => prepared.query(vector, filter) as Hits;
  if (defect === 'ignores a filter on 5% of queries' && queries % 20 === 0) return ask();
  if (defect !== 'applies a filter after the search' || native === undefined) return ask(native);
  const { keys, scores } = ask();
  const { passes } = native as LabelFilter;
  const passing = Array.from(keys, Number).flatMap((key, i) => (passes(key) ? [i] : []));
  return { keys: passing.map((i) => keys[i]!), scores: passing.map((i) => scores[i]!) };
}

/** Every engine has its own idea of a range, this one a wrong one. */
function rangeless(filter: Filter): Filter {
  if (filter.op !== 'and') return filter;
  return rangeless(filter.filters.find(({ op }) => op === 'lt') ?? filter.filters[0]!);
}

function swapped(batch: LoadBatch): LoadBatch {
  const tenants = batch.metadata?.['tenant'];
  if (defect !== 'swaps two tenants' || tenants === undefined) return batch;
  const other = (name: MetadataValue | undefined) =>
    name === 'north' ? 'south' : name === 'south' ? 'north' : name;
  return { ...batch, metadata: { ...batch.metadata, tenant: tenants.map(other) } };
}

/** A batch of row numbers with one dense vector each. */
class Rows {
  readonly #batch: LoadBatch;
  readonly #name: string;
  readonly #values: Float32Array;
  readonly #dimensions: number;

  private constructor(batch: LoadBatch, name: string, values: Float32Array, dimensions: number) {
    this.#batch = batch;
    this.#name = name;
    this.#values = values;
    this.#dimensions = dimensions;
  }

  static of(batch: LoadBatch, name: string, dimensions: number): Rows {
    return new Rows(batch, name, batch.vectors[name]!.values as Float32Array, dimensions);
  }

  /** The batch with other numbers. */
  changed(change: (value: number) => number): LoadBatch {
    return this.#with(this.#values.map(change));
  }

  /** A batch of those rows alone, under other ids if need be. */
  only(keep: (id: number) => boolean, idOf = (id: number) => id): LoadBatch {
    const ids = this.#batch.ids as Uint32Array;
    const rows = Array.from(ids.keys()).filter((row) => keep(ids[row]!));
    const values = new Float32Array(rows.length * this.#dimensions);
    for (const [i, row] of rows.entries())
      values.set(
        this.#values.subarray(row * this.#dimensions, (row + 1) * this.#dimensions),
        i * this.#dimensions,
      );
    const kept = Uint32Array.from(rows, (row) => idOf(ids[row]!));
    return { ...this.#with(values), count: rows.length, ids: kept };
  }

  #with(values: Float32Array): LoadBatch {
    const column: VectorColumn = { kind: 'dense', values };
    return { ...this.#batch, vectors: { [this.#name]: column } };
  }
}
