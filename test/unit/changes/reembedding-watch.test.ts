import { expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { ReembeddingWatch } from '../../../migration/cutover/reembedding.js';

const point = (...values: number[]): Point => ({
  id: 'a',
  text: 'the same text',
  vectors: { vector: Float32Array.from(values) },
  metadata: {},
});
const same = { before: point(1, 0), after: point(1, 0) };
const anew = { before: point(1, 0), after: point(0, 1) };
const times = (count: number, update: typeof same) => Array.from({ length: count }, () => update);

test('years of updates with the same vectors do not hide that rows are embedded anew', () => {
  let watch = new ReembeddingWatch();
  for (let day = 0; day < 1000; day++) watch = watch.with(times(10, same));
  expect(watch.evident).toBe(false);
  for (let i = 0; i < 200; i++) watch = watch.with([anew]);
  expect(watch.evident).toBe(true);
  expect(watch.counts.of).toBeLessThanOrEqual(100);
});

test('some corrections among other updates are no other model', () => {
  let watch = new ReembeddingWatch();
  for (let i = 0; i < 1000; i++) watch = watch.with([anew, same, same]);
  expect(watch.evident).toBe(false);
});
