import { describe, expect, test } from 'vitest';
import { checkMatrix } from '../../harness/conformance/matrix.js';
import { recall, slice } from './data.js';
import { api, build, contenderOf, contenders, mayOverlap, rowsOf } from './session.js';

const QUERIES = 40;

for (const contender of contenders.filter(({ name }) => name !== 'null')) {
  const { name, definition, missing, suffix, standIn } = contender;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () =>
    checkMatrix(api, contenderOf(contender)),
  );
}

/** A weakness of the engine that its remarks warn of; once this fails, the engine has fixed it and the remark goes. */
test.skipIf(contenders.find(({ name }) => name === 'lancedb')!.missing)(
  'lancedb hnsw sq8 finds less under dot than under cosine, which ranks unit vectors the same',
  async () => {
    const { definition } = contenders.find(({ name }) => name === 'lancedb')!;
    const data = await slice('cosine', 2000, QUERIES);
    const found: number[] = [];
    for (const metric of ['cosine', 'dot'] as const) {
      const session = await build(definition, { ...data, metric }, { index: { type: 'hnsw' }, threads: 2 });
      found.push(recall(data, rowsOf(await session.search({ ef: 1000 }, 10)), 10));
      await session.close();
    }
    expect(found[1]).toBeLessThan(found[0]! - 0.1);
  },
);
