import type { Metric } from '../../datasets/dataset.js';
import type { ScoreForm } from '../../engines/contract/capabilities.js';
import type { TestApi } from './api.js';
import { exactDistance, pointOf, type Slice, slice } from './data.js';
import { type Answer, build, type Contender } from './session.js';

export const COUNT = 1000;
export const QUERIES = 20;

/** The declared form, worked out in float64 from the project's definition of each. */
export function scoreOf(form: ScoreForm, data: Slice, query: number, row: number): number {
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

export function everyHit(
  { expect }: Pick<TestApi, 'expect'>,
  answers: readonly Answer[],
  check: (query: number, row: number, score: number) => void,
): void {
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

/** The engine's own scores are what it declares, and its answers are in their order. */
export function checkScores({ test, expect }: TestApi, contender: Contender): void {
  const { definition, facts } = contender;
  for (const metric of definition.capabilities.metrics) {
    const form = definition.capabilities.scores[metric];
    for (const options of facts.scored ?? [{ index: {}, search: {} }]) {
      const given = JSON.stringify(options.index);
      test(`${given} under ${metric} scores ${form}, nearest first`, async () => {
        expect(form).toBeDefined();
        const data = await slice(metric, COUNT, QUERIES);
        const session = await build(contender, data, { index: options.index });
        const answers = await session.search(options.search, 10);
        await session.close();
        everyHit({ expect }, answers, (query, row, got) => {
          const wanted = scoreOf(form!, data, query, row);
          expect(Math.abs(got - wanted)).toBeLessThan(2e-5 * Math.max(1, Math.abs(wanted)));
        });
        const falling = form === 'cos' || form === 'dot';
        for (const { scores } of answers) {
          expect(scores).toEqual([...scores].sort((a, b) => (falling ? b - a : a - b)));
        }
      });
    }
  }
}
