import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadEngine } from '../../../engines/registry.js';
import { clustered } from '../clustered.js';

/** `node generate.js <folder> <rows>`: generated rows of 128 dimensions in a LanceDB table `docs`. */
const [folder, rows] = process.argv.slice(2) as [string, string];
const DIMENSIONS = 128;
const BATCH = 20_000;
const signal = new AbortController().signal;
const place = join(folder, 'place');
mkdirSync(place);
const engine = await loadEngine('lancedb');
const connected = await engine.connect({ folder: join(folder, 'own'), place, threads: 1, seed: 1 }, signal);
const parsed = engine.parseOptions({ index: { type: 'flat' }, search: {} });
if (parsed.state !== 'ok') throw new Error('LanceDB has no flat index');
const collection = await connected.create({
  name: 'docs',
  vectors: [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: DIMENSIONS, metric: 'l2' }],
  ids: 'u64',
  fields: [
    { name: 'group', type: 'string', nullable: true },
    { name: 'n', type: 'integer', nullable: true },
  ],
  index: parsed.index,
});
const values = clustered(BATCH, DIMENSIONS);
for (let start = 0; start < Number(rows); start += BATCH) {
  const count = Math.min(BATCH, Number(rows) - start);
  const at = (i: number) => start + i;
  values[0] = start;
  await collection.load(
    {
      start,
      count,
      ids: Array.from({ length: count }, (_, i) => BigInt(at(i))),
      vectors: { vector: { kind: 'dense', values: values.subarray(0, count * DIMENSIONS) } },
      metadata: {
        group: Array.from({ length: count }, (_, i) => `group ${at(i) % 100}`),
        n: Array.from({ length: count }, (_, i) => at(i)),
      },
    },
    signal,
  );
}
await connected.close();
