import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrapQuantiles,
  bootstrapRatios,
  percentileInterval,
  resamplePlan,
} from '../../../harness/measures/bootstrap.js';
import { quantile } from '../../../harness/measures/quantile.js';
import { Random } from '../../../harness/measures/random.js';
import { argsort } from '../../../harness/measures/sorting.js';

const ones = (n: number) => new Float64Array(n).fill(1);

it('draws as many units as there are, the same ones for the same seed', () => {
  const plan = resamplePlan(37, 5, 50);
  for (let r = 0; r < 50; r++) {
    const drawn = plan.counts.subarray(r * 37, (r + 1) * 37).reduce((sum, count) => sum + count, 0);
    expect(drawn).toBe(37);
  }
  expect(resamplePlan(37, 5, 50)).toEqual(plan);
  expect(resamplePlan(37, 6, 50)).not.toEqual(plan);
});

it('draws every unit about equally often', () => {
  const { counts } = resamplePlan(10, 1, 2000);
  for (let u = 0; u < 10; u++) {
    let drawn = 0;
    for (let r = 0; r < 2000; r++) drawn += counts[r * 10 + u]!;
    // Binomial: 2000 expected, standard deviation 42.
    expect(Math.abs(drawn - 2000)).toBeLessThan(5 * 42);
  }
});

it('quantiles are those of the drawn samples written out', () => {
  const clusters = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 6,
  });
  const shares = [0.5, 0.9, 0.05, 0.99];
  fc.assert(
    fc.property(clusters, fc.integer(), (units, seed) => {
      const pooled = units.flatMap((values, unit) => values.map((value) => ({ value, unit })));
      const order = argsort(Float64Array.from(pooled, ({ value }) => value));
      const sorted = Float64Array.from(order, (i) => pooled[i]!.value);
      const unitOf = Int32Array.from(order, (i) => pooled[i]!.unit);
      const plan = resamplePlan(units.length, seed, 20);
      const expected = shares.map((share) => {
        const figures = Array.from({ length: 20 }, (_, r) => {
          const drawn = units.flatMap((values, u) =>
            Array.from({ length: plan.counts[r * units.length + u]! }, () => values).flat(),
          );
          return quantile(
            drawn.sort((a, b) => a - b),
            share,
          )!;
        });
        return percentileInterval(Float64Array.from(figures))!;
      });
      bootstrapQuantiles(plan, sorted, unitOf, shares).forEach((interval, i) => {
        expect(interval!.low).toBeCloseTo(expected[i]!.low, 9);
        expect(interval!.high).toBeCloseTo(expected[i]!.high, 9);
      });
    }),
  );
});

describe('intervals', () => {
  it('cover the true mean about as often as they say', () => {
    const random = new Random(3);
    const plan = resamplePlan(200, 1, 400);
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      // Skewed to the top, as recalls are; their true mean is .8.
      const recalls = Float64Array.from({ length: 200 }, () => (random.below(5) > 0 ? 1 : 0));
      const [interval] = bootstrapRatios(plan, [{ numerators: recalls, denominators: ones(200) }]);
      if (interval!.low <= 0.8 && 0.8 <= interval!.high) covered++;
    }
    // 95% of 400 is 380; binomial standard deviation 4.4, and the percentile bootstrap is a little narrow.
    expect(covered).toBeGreaterThan(360);
    expect(covered).toBeLessThan(397);
  });

  it('do not shrink when every query is repeated', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => (i * 37) % 60);
    const once = Float64Array.from(values).sort();
    const plan = resamplePlan(60, 2);
    const unitOf = Int32Array.from(argsort(values));
    const thrice = Float64Array.from([...once].flatMap((value) => [value, value, value]));
    const unitsThrice = Int32Array.from([...unitOf].flatMap((unit) => [unit, unit, unit]));
    const [single] = bootstrapQuantiles(plan, once, unitOf, [0.5]);
    const [repeated] = bootstrapQuantiles(plan, thrice, unitsThrice, [0.5]);
    expect(repeated!.high - repeated!.low).toBeGreaterThan(0.9 * (single!.high - single!.low));
  });

  it('of one unit there is none; of equal units it is a point', () => {
    const one = { numerators: ones(3), denominators: Float64Array.of(0, 1, 0) };
    const equal = { numerators: Float64Array.of(2, 2, 2), denominators: ones(3) };
    expect(bootstrapRatios(resamplePlan(3, 1), [one, equal])).toEqual([undefined, { low: 2, high: 2 }]);
    expect(bootstrapQuantiles(resamplePlan(1, 1), Float64Array.of(1, 2), Int32Array.of(0, 0), [0.5])).toEqual(
      [undefined],
    );
  });

  it('ratios are of the drawn sums, units without a denominator left out', () => {
    const numerators = Float64Array.of(1, 0, 5, 2);
    const denominators = Float64Array.of(2, 0, 1, 4);
    const plan = resamplePlan(4, 9, 300);
    const figures: number[] = [];
    for (let r = 0; r < 300; r++) {
      let [above, below] = [0, 0];
      for (let u = 0; u < 4; u++) {
        above += plan.counts[r * 4 + u]! * numerators[u]!;
        below += plan.counts[r * 4 + u]! * denominators[u]!;
      }
      if (below > 0) figures.push(above / below);
    }
    const [interval] = bootstrapRatios(plan, [{ numerators, denominators }]);
    expect(interval).toEqual(percentileInterval(Float64Array.from(figures)));
  });
});

it('sorts indexes as a stable sort does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (values) => {
      const expected = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
      expect([...argsort(Float64Array.from(values))]).toEqual(expected);
    }),
  );
});
