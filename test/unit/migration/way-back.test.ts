import { expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/point.js';
import { differingPart } from '../../../migration/plan/way-back.js';

const point = (change: Partial<Point> = {}): Point => ({
  id: 'a',
  vectors: { vector: Float32Array.of(0.5, -1, 0.25) },
  metadata: { title: 'new', year: 2026, big: 2n ** 60n, open: true, at: '2026-11-28T00:00:00Z' },
  text: 'new',
  ...change,
});

test('a row of an earlier state is seen by what it has', () => {
  expect(differingPart(point(), point())).toBeUndefined();
  expect(differingPart(point(), point({ text: 'old' }))).toBe('text');
  expect(differingPart(point(), point({ metadata: { title: 'old' } }))).toBe('value of "title"');
  expect(differingPart(point(), point({ metadata: { open: false } }))).toBe('value of "open"');
  expect(differingPart(point(), point({ vectors: { vector: Float32Array.of(0.5, -1, 0.2) } }))).toBe(
    'vector',
  );
});

test('what the source lacks, rounds or tells in another way is no difference', () => {
  expect(differingPart(point(), point({ text: undefined, metadata: {}, vectors: {} }))).toBeUndefined();
  // bfloat16 keeps eight bits.
  expect(
    differingPart(point(), point({ vectors: { vector: Float32Array.of(0.502, -1, 0.2485) } })),
  ).toBeUndefined();
  expect(differingPart(point(), point({ metadata: { big: 2 ** 60, at: ['2026-11-28'] } }))).toBeUndefined();
});
