import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from './installation.js';

/** Defects that can be planted, by the words of a drill. */
export type Defect =
  | 'drops 1% of rows'
  | 'drops 1% of rows and says so'
  | 'swaps the metric'
  | 'rounds vectors to int8'
  | 'lowers ef'
  | 'returns duplicates'
  | 'returns stale rows after delete'
  | 'ignores a filter on 5% of queries'
  | 'applies a filter after the search'
  | 'swaps two tenants'
  | 'takes a range for its upper end alone';

/**
 * A copy of this installation whose hnswlib engine has the defect that the environment variable DEFECT names, and tells
 * nobody. Everything else is the real thing; production code knows nothing of it.
 */
export function defectiveInstallation(): string {
  const root = installation();
  const folder = join(root, 'dist/engines/hnswlib');
  renameSync(join(folder, 'engine.js'), join(folder, 'real.js'));
  writeFileSync(join(folder, 'engine.js'), DEFECTIVE);
  return root;
}

const DEFECTIVE = `
import { engine as real } from './real.js';
const defect = process.env.DEFECT;
const drops = defect === 'drops 1% of rows' || defect === 'drops 1% of rows and says so';
let asked = 0;

const dense = (values) => ({ vector: { kind: 'dense', values } });

function kept(batch, dimensions) {
  const rows = Array.from({ length: batch.count }, (_, i) => i).filter((i) => batch.ids[i] % 100 !== 7);
  const vectors = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => vectors.set(batch.vectors.vector.values.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions));
  return { ...batch, count: rows.length, ids: Uint32Array.from(rows, (row) => batch.ids[row]), vectors: dense(vectors) };
}

const change = {
  'returns duplicates': (keys) => { if (asked % 5 === 0) keys[9] = keys[0]; },
};

/** Every 25th point in an older version that has been deleted: gone from the count, but still in the graph. */
function deleted(batch, dimensions) {
  const rows = Array.from({ length: batch.count }, (_, i) => i).filter((i) => batch.ids[i] % 25 === 3);
  const vectors = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => vectors.set(batch.vectors.vector.values.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions));
  return { ...batch, count: rows.length, ids: Uint32Array.from(rows, (row) => 1e6 + batch.ids[row]), vectors: dense(vectors) };
}

function swapped(batch) {
  if (defect !== 'swaps two tenants' || batch.metadata?.tenant === undefined) return batch;
  const other = { north: 'south', south: 'north' };
  return { ...batch, metadata: { ...batch.metadata, tenant: batch.metadata.tenant.map((name) => other[name] ?? name) } };
}

/** Every engine has its own idea of a range, this one a wrong one. */
function rangeless(filter) {
  if (filter.op === 'and') return rangeless(filter.filters.find(({ op }) => op === 'lt') ?? filter.filters[0]);
  return filter;
}

function asks(prepared, vector, native) {
  if (defect === 'ignores a filter on 5% of queries' && asked % 20 === 0) return prepared.query(vector);
  if (defect !== 'applies a filter after the search' || native === undefined) return prepared.query(vector, native);
  const hits = prepared.query(vector);
  const passing = Array.from(hits.keys, Number).flatMap((key, i) => (native.passes(key) ? [i] : []));
  return { keys: passing.map((i) => hits.keys[i]), scores: passing.map((i) => hits.scores[i]) };
}

function defective(collection, dimensions) {
  let loaded = 0;
  return {
    load: async (given, signal) => {
      const batch = swapped(given);
      loaded += batch.count;
      if (drops) return collection.load(kept(batch, dimensions), signal);
      // 254 steps from -1 to 1, as scalar quantization makes them.
      if (defect === 'rounds vectors to int8')
        return collection.load({ ...batch, vectors: dense(batch.vectors.vector.values.map((x) => Math.round(x * 127) / 127)) }, signal);
      await collection.load(batch, signal);
      if (defect === 'returns stale rows after delete') await collection.load(deleted(batch, dimensions), signal);
    },
    ready: async (signal) => {
      const ready = await collection.ready(signal);
      const hidden = defect === 'drops 1% of rows' || defect === 'returns stale rows after delete';
      return hidden ? { ...ready, count: loaded, indexed: loaded } : ready;
    },
    prepare: async (search, k) => {
      const prepared = await collection.prepare(defect === 'lowers ef' ? { ...search, ef: 12 } : search, k);
      const query = (vector, native) => {
        asked++;
        const hits = asks(prepared, vector, native);
        const keys = Array.from(hits.keys);
        change[defect]?.(keys);
        return { ...hits, keys };
      };
      const translate = (filter) =>
        prepared.translate(defect === 'takes a range for its upper end alone' ? rangeless(filter) : filter);
      return { ...prepared, effective: search, translate, query };
    },
    count: () => collection.count(),
    indexBytes: () => collection.indexBytes(),
    drop: () => collection.drop(),
  };
}

export const engine = {
  ...real,
  connect: async (options, signal) => {
    const connected = await real.connect(options, signal);
    return {
      ...connected,
      create: async (spec) => {
        const metric = defect === 'swaps the metric' ? 'dot' : undefined;
        const [{ dimensions, ...vector }] = spec.vectors;
        const asked = { ...spec, vectors: [{ ...vector, dimensions, metric: metric ?? vector.metric }], capacity: 2 * spec.capacity };
        return defective(await connected.create(asked), dimensions);
      },
    };
  },
};
`;
