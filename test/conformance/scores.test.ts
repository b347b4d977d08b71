import { describe, expect, test } from 'vitest';
import type { Metric } from '../../datasets/dataset.js';
import type { ScoreForm } from '../../engines/contract/capabilities.js';
import type { OptionsInput } from '../../engines/contract/options.js';
import { exactDistance, pointOf, type Slice, slice } from './data.js';
import { PGVECTOR_EXACT } from './pgvector.js';
import { type Answer, build, contenders, mayOverlap } from './session.js';

const COUNT = 1000;
const QUERIES = 20;

/** The declared form, worked out in float64 from the project's definition of each. */
function score(form: ScoreForm, data: Slice, query: number, row: number): number {
  const of = (metric: Metric) => exactDistance(metric, pointOf(data, row), data.queries[query]!);
  const forms: Record<ScoreForm, () => number> = {
    '1-cos': () => of('cosine'),
    cos: () => 1 - of('cosine'),
    '1-dot': () => 1 + of('dot'),
    '-dot': () => of('dot'),
    dot: () => -of('dot'),
    squared: () => of('l2') ** 2,
    root: () => of('l2'),
  };
  return forms[form]();
}

function everyHit(answers: readonly Answer[], check: (query: number, row: number, score: number) => void) {
  let hits = 0;
  answers.forEach(({ rows, scores }, query) => {
    expect(rows).toHaveLength(10);
    expect(scores).toHaveLength(10);
    rows.forEach((row, rank) => {
      check(query, row, scores[rank]!);
      hits++;
    });
  });
  expect(hits).toBe(10 * QUERIES);
}

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

for (const { name, definition, missing, suffix, standIn } of contenders.filter(
  ({ name }) => name !== 'null',
)) {
  describe.skipIf(missing !== undefined)(
    `${name}${suffix}`,
    { concurrent: mayOverlap(definition, standIn) },
    () => {
      for (const metric of definition.capabilities.metrics) {
        const form = definition.capabilities.scores[metric];
        for (const options of EXACT[name] ?? [{ index: {}, search: {} }]) {
          const given = JSON.stringify(options.index);
          test(`${given} under ${metric} scores ${form}, nearest first`, async () => {
            expect(form).toBeDefined();
            const data = await slice(metric, COUNT, QUERIES);
            const session = await build(definition, data, { index: options.index });
            const answers = await session.search(options.search, 10);
            await session.close();
            everyHit(answers, (query, row, got) => {
              const wanted = score(form!, data, query, row);
              expect(Math.abs(got - wanted)).toBeLessThan(2e-5 * Math.max(1, Math.abs(wanted)));
            });
            const falling = form === 'cos' || form === 'dot';
            for (const { scores } of answers) {
              expect(scores).toEqual([...scores].sort((a, b) => (falling ? b - a : a - b)));
            }
          });
        }
      }
    },
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
    everyHit(answers, (query, row, got) => {
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
      everyHit(answers, (query, row, got) => {
        expect(Math.abs(got - score('1-cos', data, query, row))).toBeLessThan(margin);
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
      everyHit(answers, (query, row, got) => ratios.push(got / score('1-cos', data, query, row)));
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
      expect(mean).toBeGreaterThan(1.7);
      expect(mean).toBeLessThan(2.2);
    });
  }
});
