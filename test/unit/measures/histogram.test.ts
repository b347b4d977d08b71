import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../harness/measures/histogram.js';
import { Lags } from '../../../harness/measures/lags.js';
import { Latencies, MOST_EXACT } from '../../../harness/measures/latencies.js';
import { quantile } from '../../../harness/measures/quantile.js';
import { Random } from '../../../harness/measures/random.js';

const SHARES = [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1];
const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

const of = (values: Iterable<number>) => {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

describe('a histogram', () => {
  test('tells each quantile within 0.025% and a step of the clock', () => {
    fc.assert(
      fc.property(times, (values) => {
        const sorted = Float64Array.from(values).sort();
        const histogram = of(values);
        for (const share of SHARES) {
          const exact = quantile(sorted, share)!;
          // Both neighbours of an interpolated one may be off.
          expect(Math.abs(histogram.quantile(share)! - exact)).toBeLessThanOrEqual(
            quantile(sorted, Math.min(1, share + 1 / values.length))! * 2 ** -12 + 1e-4,
          );
        }
        expect(histogram.count).toBe(values.length);
        expect(histogram.max).toBe(sorted.at(-1));
      }),
    );
  });

  test('parts add up to what all values give: nothing is lost, whatever their percentiles', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const sum = of(a);
        sum.merge(of(b));
        const whole = of([...a, ...b]);
        for (const share of SHARES) expect(sum.quantile(share)).toBe(whole.quantile(share));
        expect(sum.count).toBe(whole.count);
      }),
    );
    // A mean of percentiles is something else: one worker waits, nine do not.
    const parts = Array.from({ length: 10 }, (_, i) => of(new Array<number>(100).fill(i === 0 ? 500 : 1)));
    const average = parts.reduce((total, part) => total + part.quantile(0.99)!, 0) / 10;
    for (const part of parts.slice(1)) parts[0]!.merge(part);
    expect(average).toBeCloseTo(50.9, 1);
    expect(parts[0]!.quantile(0.99)).toBe(500);
  });

  test('of powers of two and their neighbours no value falls into a bucket of others', () => {
    for (let power = 0; power < 40; power++) {
      for (const steps of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
        const ms = steps * 1e-4;
        expect(Math.abs(of([0, ms, 1e9]).quantile(0.5)! - ms)).toBeLessThanOrEqual(ms * 2 ** -12 + 1e-4);
      }
    }
  });

  test('of another resolution is refused, and no values have no quantile', () => {
    expect(() => new Histogram(11).merge(new Histogram(8))).toThrow(RangeError);
    expect(new Histogram().quantile(0.5)).toBeUndefined();
    expect(new Histogram().mean).toBeUndefined();
  });
});

describe('latencies', () => {
  test('are exact while they are few, and close to it when they are many, joined or one by one', () => {
    const random = new Random(1);
    const values = Float64Array.from({ length: MOST_EXACT + 10_000 }, () => 1000 / (1 + random.below(5000)));
    const [all, first, second] = [new Latencies(), new Latencies(), new Latencies()];
    for (const [i, value] of values.entries()) {
      all.add(value);
      (i % 2 === 0 ? first : second).add(value);
    }
    const even = values.filter((_, i) => i % 2 === 0).sort();
    for (const share of SHARES) expect(first.quantile(share)).toBe(quantile(even, share));
    values.sort();
    const joined = Latencies.joined([first, second]);
    for (const share of SHARES) {
      const exact = quantile(values, share)!;
      for (const found of [all, joined]) {
        expect(found.count).toBe(values.length);
        expect(Math.abs(found.quantile(share)! / exact - 1)).toBeLessThan(5e-4);
        expect(found.mean).toBeCloseTo(values.reduce((sum, each) => sum + each, 0) / values.length, 6);
      }
    }
  });
});

describe('lags', () => {
  /** By definition: as many are on their way when it is due as there are places. */
  const queuedOf = (sent: readonly { due: number; answered: number }[], places: number) =>
    sent.filter(({ due }) => sent.filter((other) => other.due < due && other.answered > due).length >= places)
      .length;

  test('are the same in windows as all at once', () => {
    const sent = fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { minLength: 2, maxLength: 120 });
    fc.assert(
      fc.property(sent, fc.integer({ min: 1, max: 4 }), fc.integer(), (dues, places, seed) => {
        const random = new Random(seed);
        const all = dues
          .toSorted((a, b) => a - b)
          .map((due) => ({ due, answered: due + 0.5 + random.below(60) }))
          .toSorted((a, b) => a.answered - b.answered);
        const found = [1e9, 100].map((window) => {
          const lags = new Lags(places, 61, window);
          for (const { due, answered } of all) lags.add(due, due, answered, false);
          return lags.end();
        });
        expect(found[1]!.queued).toBe(found[0]!.queued);
        const overlap = all.some((a) => all.some((b) => b.due > a.due && b.due < a.answered));
        expect(found[0]!.queued).toBe(queuedOf(all, overlap ? places : 1));
        expect(found[0]!.free.count + found[0]!.queued).toBe(all.length);
      }),
    );
  });
});
