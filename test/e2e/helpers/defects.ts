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
  | 'returns rows that are gone';

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

function kept(batch, dimensions) {
  const rows = Array.from({ length: batch.count }, (_, i) => i).filter((i) => batch.keys[i] % 100 !== 7);
  const vectors = new Float32Array(rows.length * dimensions);
  rows.forEach((row, i) => vectors.set(batch.vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions));
  return { ...batch, count: rows.length, keys: Uint32Array.from(rows, (row) => batch.keys[row]), vectors };
}

const change = {
  'returns duplicates': (keys) => { if (asked % 5 === 0) keys[9] = keys[0]; },
  'returns rows that are gone': (keys) => { if (asked % 5 === 0) keys[3] = 1e6 + asked; },
};

function defective(collection, dimensions) {
  let loaded = 0;
  return {
    load: (batch, signal) => {
      loaded += batch.count;
      if (drops) return collection.load(kept(batch, dimensions), signal);
      // 254 steps from -1 to 1, as scalar quantization makes them.
      if (defect === 'rounds vectors to int8')
        return collection.load({ ...batch, vectors: batch.vectors.map((x) => Math.round(x * 127) / 127) }, signal);
      return collection.load(batch, signal);
    },
    ready: async (signal) => {
      const ready = await collection.ready(signal);
      return defect === 'drops 1% of rows' ? { ...ready, count: loaded, indexed: loaded } : ready;
    },
    prepare: async (search, k, filter) => {
      const prepared = await collection.prepare(defect === 'lowers ef' ? { ...search, ef: 12 } : search, k, filter);
      const query = (vector, native) => {
        asked++;
        const hits = prepared.query(vector, native);
        const keys = Array.from(hits.keys);
        change[defect]?.(keys);
        return { ...hits, keys };
      };
      return { ...prepared, effective: search, query };
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
        const asked = defect === 'swaps the metric' ? { ...spec, metric: 'dot' } : spec;
        return defective(await connected.create(asked), spec.dimensions);
      },
    };
  },
};
`;
