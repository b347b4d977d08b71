import { expect, test } from 'vitest';
import { sourcesOf } from '../../../harness/app/sources.js';
import { renumbered } from '../../../harness/measures/sources.js';

test('vectors with the same bits are one source, numbered by first appearance', () => {
  const vectors = Float32Array.of(1, 2, 3, 4, 1, 2, 1, 2.0000002, 3, 4);
  expect([...sourcesOf(vectors, 2)]).toEqual([0, 1, 0, 2, 1]);
  // A view into a longer buffer is read from where it begins.
  expect([...sourcesOf(vectors.subarray(4), 2)]).toEqual([0, 1, 2]);
});

test('of some queries the sources are numbered anew, and left out where each is its own', () => {
  const sources = [5, 7, 5, 9];
  expect([...renumbered([0, 1, 2], sources)!]).toEqual([0, 1, 0]);
  expect(renumbered([0, 1, 3], sources)).toBeUndefined();
  expect(renumbered([0, 1], undefined)).toBeUndefined();
});
