import { describe, expect, test } from 'vitest';
import type { OptionsInput } from '../../engines/contract/options.js';
import { slice } from './data.js';
import { build, contenders } from './session.js';

/** A search of little effort, so that another graph gives other answers. */
const COARSE: Readonly<Record<string, OptionsInput>> = {
  usearch: { index: { m: 4 }, search: { ef: 1 } },
  hnswlib: { index: { m: 4 }, search: { ef: 1 } },
  lancedb: { index: { type: 'ivf', quantization: 'pq', nlist: 4, bits: 4 }, search: { nprobe: 1 } },
  pgvector: { index: { m: 4, efConstruction: 8 }, search: { ef: 2 } },
  chroma: { index: { m: 4, efConstruction: 8 }, search: { ef: 1 } },
  milvus: { index: { m: 4, efConstruction: 8 }, search: { ef: 10 } },
  qdrant: { index: { m: 4 }, search: { ef: 1 } },
  'sqlite-vec': { index: {}, search: {} },
  null: { index: {}, search: {} },
};

for (const { name, definition, missing, suffix } of contenders) {
  const { deterministicBuild } = definition.capabilities;
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, () => {
    test.runIf(deterministicBuild !== 'never')(
      'one thread: two builds give the same answers and scores',
      async () => {
        expect(await answers(1)).toEqual(await answers(1));
      },
    );
    test.runIf(deterministicBuild === 'always')('any number of threads gives the same answers', async () => {
      expect(await answers(2)).toEqual(await answers(1));
    });
    test.runIf(deterministicBuild === 'never')('two builds differ', async () => {
      expect(await answers(1)).not.toEqual(await answers(1));
    });

    async function answers(threads: number) {
      const data = await slice('cosine', 1500, 50);
      const { index, search } = COARSE[name]!;
      const session = await build(definition, data, { index, threads });
      const found = await session.search(search, 10);
      await session.close();
      return found;
    }
  });
}
