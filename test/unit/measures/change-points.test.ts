import { describe, expect, it } from 'vitest';
import { changePoints, FEWEST_VALUES } from '../../../harness/measures/change-points.js';
import { Random } from '../../../harness/measures/random.js';

/** Normal noise (Box & Muller) from the seeded generator. */
function noise(seed: number, n: number): number[] {
  const random = new Random(seed);
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
  return Array.from(
    { length: n },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

describe('change points', () => {
  it('finds a planted change where it is, with the levels on both sides', () => {
    for (let seed = 0; seed < 20; seed++) {
      const values = noise(seed, 60).map((each, i) => 10 + each + (i >= 35 ? 4 : 0));
      const found = changePoints(values);
      expect(found.length, `seed ${seed}`).toBeGreaterThanOrEqual(1);
      const nearest = found.toSorted((a, b) => Math.abs(a.at - 35) - Math.abs(b.at - 35))[0]!;
      expect(Math.abs(nearest.at - 35), `seed ${seed}`).toBeLessThanOrEqual(2);
      expect(nearest.p).toBeLessThan(0.001);
    }
    const [one] = changePoints(noise(3, 60).map((each, i) => 10 + each + (i >= 35 ? 4 : 0)));
    expect(one!.after - one!.before).toBeGreaterThan(3);
  });

  it('finds two, one up and one down', () => {
    const level = (i: number) => (i < 25 ? 0 : i < 50 ? 3 : -1);
    for (let seed = 0; seed < 10; seed++) {
      const places = changePoints(noise(seed, 80).map((each, i) => each * 0.5 + level(i))).map(
        ({ at }) => at,
      );
      expect(places, `seed ${seed}`).toEqual([25, 50]);
    }
  });

  it('seldom finds one where there is none', () => {
    const nights = [20, 40, 80];
    const alarms = nights.map((n) => {
      let count = 0;
      for (let seed = 0; seed < 200; seed++) if (changePoints(noise(1000 + seed, n)).length > 0) count++;
      return count / 200;
    });
    console.info(`share of series without a change in which one is found, n = ${nights}: ${alarms}`);
    for (const share of alarms) expect(share).toBeLessThan(0.06);
  });

  it.each([
    [0.5, 0.08],
    [0.8, 0.15],
  ])('nor where neighbouring nights are alike (AR(1) of %d)', (phi, most) => {
    const alarms = [20, 40, 80].map((n) => {
      let count = 0;
      for (let seed = 0; seed < 200; seed++) {
        let value = 0;
        const values = noise(3000 + seed, n + 50).map((each) => {
          value = phi * value + each;
          return value;
        });
        if (changePoints(values.slice(50)).length > 0) count++;
      }
      return count / 200;
    });
    for (const share of alarms) expect(share).toBeLessThan(most);
  });

  it('a repeatable figure changes when it is another one, and one bad night is no change', () => {
    const constant = Array.from({ length: 30 }, (_, i) => (i < 20 ? 0.981 : 0.975));
    expect(changePoints(constant)).toEqual([{ at: 20, before: 0.981, after: 0.975, p: 0 }]);
    expect(changePoints(constant.map((value, i) => (i < 20 ? value : 0.981)))).toEqual([]);
    const outlier = noise(5, 40).map((each, i) => each * 0.1 + (i === 30 ? 9 : 0));
    expect(changePoints(outlier)).toEqual([]);
  });

  it('says nothing of fewer values than it needs, and the same every time', () => {
    const values = noise(1, 50).map((each, i) => each + (i >= 20 ? 3 : 0));
    expect(changePoints(values.slice(0, FEWEST_VALUES - 1))).toEqual([]);
    expect(changePoints(values)).toEqual(changePoints([...values]));
  });
});
