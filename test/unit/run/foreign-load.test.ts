import { expect, test } from 'vitest';
import { ForeignLoad } from '../../../harness/run/foreign-load.js';

function coresOf(passes: readonly (readonly [cpu: number, wall: number])[]): number | undefined {
  const load = new ForeignLoad();
  for (const [cpu, wall] of passes) load.add(cpu, wall);
  return load.cores();
}

test('the pass that was disturbed most counts: two quiet ones do not hide it', () => {
  expect(
    coresOf([
      [0, 1],
      [0.7, 1],
      [0, 1],
    ]),
  ).toBeCloseTo(0.7, 12);
  expect(coresOf([[0, 10]])).toBe(0);
});

test('passes too short to tell count together, and not at all where they are that together', () => {
  expect(
    coresOf([
      [0.02, 0.06],
      [0, 0.06],
    ]),
  ).toBeCloseTo(0.02 / 0.12, 12);
  expect(
    coresOf([
      [0.02, 0.04],
      [0, 0.04],
    ]),
  ).toBeUndefined();
  // A tick of the clock in a short pass beside a long one is no load.
  expect(
    coresOf([
      [0.01, 0.01],
      [0, 1],
    ]),
  ).toBe(0);
});

test('disturbed passes are told, and another measurement may take the place of one', () => {
  const load = new ForeignLoad();
  for (const [cpu, wall] of [
    [0.2, 1],
    [0.3, 1],
    [1, 0.05],
    [0.9, 1],
  ] as const)
    load.add(cpu, wall);
  expect(load.disturbed()).toEqual([1, 3]);
  const other = new ForeignLoad();
  other.add(0.1, 1, 3);
  load.replace(3, other);
  expect(load.disturbed()).toEqual([1]);
  expect(load.cores()).toBeCloseTo(0.3, 12);
});
