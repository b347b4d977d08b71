import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_ROW, NOT_ANSWERED, UNKNOWN_KEY } from '../../../harness/model/samples.js';
import { Recorder } from '../../../harness/run/recorder.js';

const about = { k: 2, count: 100, repetition: 3 };

/** Takes `n` samples that say which they are; every third query failed. */
function recorded(n: number, capacity?: number) {
  const recorder = new Recorder(about, capacity);
  for (let i = 0; i < n; i++) {
    const hits = i % 3 === 2 ? undefined : { keys: [i % 100, 100 + i], scores: [i] };
    recorder.add(
      i,
      10 * i,
      10 * i + 1,
      10 * i + 2,
      hits,
      hits === undefined ? new Error(`no ${i}`) : undefined,
    );
  }
  expect(recorder.length).toBe(n);
  return recorder.samples();
}

describe('a recorder', () => {
  test('keeps what it takes, and says what is missing', () => {
    const samples = recorded(3, 3);
    expect(samples).toMatchObject({ length: 3, k: 2, error: [null, null, 'no 2'] });
    expect([...samples.query]).toEqual([0, 1, 2]);
    expect([...samples.repetition]).toEqual([3, 3, 3]);
    expect([...samples.due]).toEqual([0, 10, 20]);
    expect([...samples.sent]).toEqual([1, 11, 21]);
    expect([...samples.answered]).toEqual([2, 12, 22]);
    expect([...samples.returned]).toEqual([2, 2, NOT_ANSWERED]);
    expect([...samples.rows]).toEqual([0, UNKNOWN_KEY, 1, UNKNOWN_KEY, NO_ROW, NO_ROW]);
    expect([...samples.scores]).toEqual([0, Number.NaN, 1, Number.NaN, Number.NaN, Number.NaN]);
    expect(samples.distances.every(Number.isNaN)).toBe(true);
  });

  test('gives the same samples whatever it expected', () => {
    const sizes = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 70 }));
    fc.assert(
      fc.property(sizes, ([n, capacity]) => {
        expect(recorded(n, capacity)).toEqual(recorded(n));
      }),
    );
  });

  test('grows without moving what it has: nothing is copied until the end', () => {
    const recorder = new Recorder(about, 4);
    for (let i = 0; i < 4; i++) recorder.add(i, 0, 0, 0, { keys: [1], scores: [1] }, undefined);
    const whole = recorder.samples();
    expect(recorder.samples().rows, 'a full chunk is given out as it is').toBe(whole.rows);
    recorder.add(4, 0, 0, 0, { keys: [2], scores: [1] }, undefined);
    expect([...recorder.samples().query]).toEqual([0, 1, 2, 3, 4]);
    expect([...whole.query]).toEqual([0, 1, 2, 3]);
  });

  test('a query that asks for fewer hits has no more', () => {
    const recorder = new Recorder({ ...about, ks: Int32Array.of(1) });
    recorder.add(0, 0, 0, 0, { keys: [5, 6], scores: [1, 2] }, undefined);
    expect([...recorder.samples().rows]).toEqual([5, NO_ROW]);
  });

  test('allocates ahead where it is told to', () => {
    const recorder = new Recorder(about, 4);
    for (let i = 0; i < 9; i++) {
      recorder.reserve(2);
      recorder.add(i, 0, 0, 0, { keys: [1], scores: [1] }, undefined);
    }
    expect([...recorder.samples().query]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
