import { describe, expect, test } from 'vitest';
import { COUNT, checkScores, everyHit, QUERIES, scoreOf } from '../../harness/conformance/scores.js';
import { pointOf, slice } from './data.js';
import { api, build, contenderOf, contenders, mayOverlap } from './session.js';

for (const contender of contenders.filter(({ name }) => name !== 'null')) {
  const { name, definition, missing, suffix, standIn } = contender;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () =>
    checkScores(api, contenderOf(contender)),
  );
}

/** What the remarks of the definitions say of quantized scores. */
describe('scores of quantized indexes', () => {
  const contender = (name: string) => contenders.find((each) => each.name === name)!;
  const usearch = contender('usearch');
  const lancedb = contender('lancedb');

  test.skipIf(usearch.missing)('usearch binary: the number of differing signs', async () => {
    const data = await slice('cosine', COUNT, QUERIES);
    const session = await build(usearch.definition, data, { index: { quantization: 'binary' } });
    const answers = await session.search({}, 10);
    await session.close();
    everyHit({ expect }, answers, (query, row, got) => {
      const point = pointOf(data, row);
      const differing = data.queries[query]!.filter((value, i) => value > 0 !== point[i]! > 0).length;
      expect(got).toBe(differing);
    });
  });

  test.skipIf(usearch.missing)('usearch f16, bf16 and sq8: 1-cos within their precision', async () => {
    const data = await slice('cosine', COUNT, QUERIES);
    for (const [quantization, margin] of [
      ['f16', 1e-3],
      ['bf16', 1e-2],
      ['sq8', 3e-2],
    ] as const) {
      const session = await build(usearch.definition, data, { index: { quantization } });
      const answers = await session.search({}, 10);
      await session.close();
      everyHit({ expect }, answers, (query, row, got) => {
        expect(Math.abs(got - scoreOf('1-cos', data, query, row))).toBeLessThan(margin);
      });
    }
  });

  for (const index of [
    { type: 'hnsw' },
    { type: 'ivf', quantization: 'rq', nlist: 4, bits: 4 },
    { type: 'ivf', quantization: 'pq', nlist: 4, pqSegments: 96 },
  ]) {
    test.skipIf(lancedb.missing)(`lancedb ${JSON.stringify(index)}: about 2(1-cos) unrefined`, async () => {
      const data = await slice('cosine', COUNT, QUERIES);
      const session = await build(lancedb.definition, data, { index });
      const answers = await session.search({}, 10);
      await session.close();
      const ratios: number[] = [];
      everyHit({ expect }, answers, (query, row, got) =>
        ratios.push(got / scoreOf('1-cos', data, query, row)),
      );
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
      expect(mean).toBeGreaterThan(1.7);
      expect(mean).toBeLessThan(2.2);
    });
  }
});
