import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../harness/measures/random.js';
import { Evidence } from '../../../harness/measures/sequential.js';
import { distance, jumperBets, noRanks, rankOf } from '../../../harness/measures/sequential-drift.js';
import { StandingDrift, StandingMean } from '../../../harness/measures/sequential-gate.js';
import { addValue, confidenceSequence, meanBets, noSums } from '../../../harness/measures/sequential-mean.js';

const UNIT = { low: 0, high: 1 };
const ALPHA = 0.05;

class Draws {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  uniform(): number {
    return this.#random.uint32() / 2 ** 32;
  }

  /** Overlap of ten hits, each of which is kept with this chance. */
  overlap(kept: number): number {
    let hits = 0;
    for (let i = 0; i < 10; i++) if (this.uniform() < kept) hits++;
    return hits / 10;
  }

  /** Rare and large losses: the hardest case of a mean. */
  rare(mean: number): number {
    return this.uniform() < mean ? 1 : 0;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** Share of watches in which something happens at any time; the standard error of 5% in 600 is .9 points. */
function share(runs: number, happens: (seed: number) => boolean): number {
  let count = 0;
  for (let seed = 1; seed <= runs; seed++) if (happens(seed)) count++;
  return count / runs;
}

/** The number of values after which it fails; undefined: it does not. */
function failsAfter(gate: StandingMean, values: () => number, most: number): number | undefined {
  for (let n = 1; n <= most; n++) if (gate.observe(values()) === 'fail') return n;
  return undefined;
}

describe('a watch of a mean that is looked at after every value', () => {
  const gate = { side: 'at least', limit: 0.9, range: UNIT, alpha: ALPHA } as const;

  test.each([
    { what: 'overlaps exactly at the limit', draw: (draws: Draws) => draws.overlap(0.9) },
    { what: 'rare losses exactly at the limit', draw: (draws: Draws) => draws.rare(0.9) },
    { what: 'overlaps above it', draw: (draws: Draws) => draws.overlap(0.97) },
  ])('raises false alarms in at most alpha of all watches: $what', ({ draw }) => {
    const found = share(600, (seed) => {
      const draws = new Draws(seed);
      return failsAfter(new StandingMean(gate), () => draw(draws), 1000) !== undefined;
    });
    expect(found).toBeLessThanOrEqual(ALPHA);
  });

  test('a fixed-sample test looked at as often raises them nearly always, which is why this one is needed', () => {
    const found = share(300, (seed) => {
      const draws = new Draws(seed);
      const sums = noSums();
      for (let n = 1; n <= 1500; n++) {
        addValue(sums, draws.overlap(0.9), UNIT);
        const deviation = Math.sqrt(sums.variance / n);
        if (n > 30 && sums.sum / n + (1.645 * deviation) / Math.sqrt(n) < 0.9) return true;
      }
      return false;
    });
    expect(found).toBeGreaterThan(4 * ALPHA);
  });

  test('finds a change soon, and a late one not much later than an early one', () => {
    const delay = (before: number) => {
      const delays = Array.from({ length: 60 }, (_, at) => {
        const draws = new Draws(at + 1);
        const watch = new StandingMean(gate);
        for (let n = 0; n < before; n++) watch.observe(draws.overlap(0.97));
        expect(watch.state.verdict).not.toBe('fail');
        return failsAfter(watch, () => draws.overlap(0.82), 2000) ?? Number.POSITIVE_INFINITY;
      }).sort((a, b) => a - b);
      return delays[54]!;
    };
    // Nine of ten; of a loss of eight points, with a standard deviation of 12 points.

    expect(delay(200)).toBeLessThan(100);
    expect(delay(10_000)).toBeLessThan(160);
  });

  test('passes once the limit is shown to be kept, fails, and recovers', () => {
    const draws = new Draws(7);
    const watch = new StandingMean(gate);
    const verdicts: string[] = [];
    const phase = (kept: number, count: number) => {
      for (let n = 0; n < count; n++) {
        const now = watch.observe(draws.overlap(kept));
        if (verdicts.at(-1) !== now) verdicts.push(now);
      }
    };
    phase(0.98, 1000);
    phase(0.7, 300);
    phase(0.98, 300);
    phase(0.7, 300);
    expect(verdicts).toEqual(['gathering', 'pass', 'fail', 'pass', 'fail']);
    expect(watch.state.epoch).toBe(2);
  });

  test('watches from the other side, too, and differences', () => {
    const draws = new Draws(3);
    const empties = { side: 'at most', limit: 0.01, range: UNIT, alpha: ALPHA } as const;
    expect(failsAfter(new StandingMean(empties), () => draws.rare(0.06), 1000)).toBeLessThan(300);
    const paired = { side: 'at most', limit: 0.02, range: { low: -1, high: 1 }, alpha: ALPHA } as const;
    const difference = () => draws.rare(0.2) - draws.rare(0.05);
    expect(failsAfter(new StandingMean(paired), difference, 3000)).toBeLessThan(600);
  });

  test('goes on from its stored state as if nothing had happened', () => {
    const [a, b] = [new Draws(5), new Draws(5)];
    const whole = new StandingMean(gate);
    let parts = new StandingMean(gate);
    for (let n = 0; n < 600; n++) {
      whole.observe(a.overlap(0.93));
      parts.observe(b.overlap(0.93));
      if (n % 97 === 0) parts = new StandingMean(gate, JSON.parse(JSON.stringify(parts.state)));
    }
    expect(parts.state).toEqual(whole.state);
    expect(parts.nearness()).toBe(whole.nearness());
    expect(JSON.stringify(whole.state).length).toBeLessThan(8000);
  });
});

describe('wealth', () => {
  test('of a fair game has a mean of 1: no bet can be ruinous or too good', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }),
        (limit, values) => {
          const strategy = meanBets(limit, UNIT);
          const state = strategy.fresh();
          for (const value of values) {
            const [low, high] = [0, 1].map((x) => strategy.bet(structuredClone(state), x)) as [
              number,
              number,
            ];
            expect(low).toBeGreaterThan(0);
            expect(high).toBeGreaterThan(0);
            // Of values 0 and 1 with the mean of the hypothesis.
            expect((1 - limit) * low + limit * high).toBeCloseTo(1, 9);
            strategy.bet(state, value);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('the portfolio never has more than what was put into it, whatever is merged', () => {
    // A strategy that never bets keeps exactly what it has.
    const idle = { fresh: () => 0, bet: () => 1 };
    const evidence = new Evidence(idle);
    for (let n = 0; n < 20_000; n++) evidence.observe(0);
    expect(evidence.wealth).toBeCloseTo(1, 9);
    expect(evidence.state.gamblers.length).toBeLessThanOrEqual(24);
  });

  test('each kind of bet on ranks is fair', () => {
    const shares = jumperBets.fresh();
    let sum = 0;
    const steps = 20_000;
    for (let i = 0; i < steps; i++) sum += jumperBets.bet([...shares], (i + 0.5) / steps);
    for (const p of [0, 0.5, 1]) expect(jumperBets.bet([...shares], p)).toBeGreaterThan(0);
    expect(sum / steps).toBeCloseTo(1, 6);
  });
});

describe('a confidence sequence', () => {
  test.each([0.5, 0.95, 0.995])('holds the mean %d at all times at once', (mean) => {
    const missed = share(1000, (seed) => {
      const draws = new Draws(seed);
      const sums = noSums();
      for (let n = 0; n < 1000; n++) {
        addValue(sums, draws.rare(mean), UNIT);
        const { low, high } = confidenceSequence(sums, UNIT);
        if (mean < low || mean > high) return true;
      }
      return false;
    });
    expect(missed).toBeLessThanOrEqual(ALPHA);
  });

  test('is everything before the first value, and narrows', () => {
    const sums = noSums();
    expect(confidenceSequence(sums, { low: -1, high: 1 })).toEqual({ low: -1, high: 1 });
    const draws = new Draws(1);
    const widths = [100, 1000, 10_000].map((count) => {
      while (sums.n < count) addValue(sums, draws.rare(0.9), UNIT);
      const { low, high } = confidenceSequence(sums, UNIT);
      return high - low;
    });
    expect(widths[1]).toBeLessThan(widths[0]! / 2);
    expect(widths[2]).toBeLessThan(0.03);
  });
});

describe('a watch of a distribution', () => {
  const watchOf = (
    seed: number,
    before: number,
    after: number,
    value: (draws: Draws, late: boolean) => number,
  ) => {
    const draws = new Draws(seed);
    const watch = new StandingDrift(ALPHA);
    for (let n = 0; n < before + after; n++)
      if (watch.observe(value(draws, n >= before), draws.uniform()) === 'fail') return n - before;
    return undefined;
  };

  test.each([
    { what: 'normal values', value: (draws: Draws) => draws.normal() },
    { what: 'values of which most are equal', value: (draws: Draws) => Math.floor(draws.uniform() ** 3 * 4) },
    { what: 'heavy tails', value: (draws: Draws) => Math.tan(Math.PI * (draws.uniform() - 0.5)) },
  ])('raises false alarms in at most alpha of all watches: $what', ({ value }) => {
    const found = share(400, (seed) => watchOf(seed, 800, 0, value) !== undefined);
    expect(found).toBeLessThanOrEqual(ALPHA);
  });

  test.each([
    { what: 'a shift by one standard deviation', change: (x: number) => x + 1, within: 120 },
    { what: 'twice the spread', change: (x: number) => x * 2, within: 400 },
  ])('finds $what', ({ change, within }) => {
    const delays = Array.from({ length: 40 }, (_, at) =>
      watchOf(at + 1, 1000, 2000, (draws, late) => (late ? change(draws.normal()) : draws.normal())),
    );
    const late = delays.filter((delay) => delay === undefined || delay > within);
    expect(late.length).toBeLessThanOrEqual(4);
  });

  test('ends its alarm once values are again as they were, and not before', () => {
    const draws = new Draws(11);
    const watch = new StandingDrift(ALPHA);
    const feed = (count: number, shift: number) => {
      for (let n = 0; n < count; n++) watch.observe(draws.normal() + shift, draws.uniform());
      return watch.state.verdict;
    };
    expect(feed(600, 0)).toBe('gathering');
    expect(feed(800, 1)).toBe('fail');
    expect(feed(400, 0)).toBe('gathering');
    expect(watch.state.epoch).toBe(2);
    expect(JSON.stringify(watch.state).length).toBeLessThan(20_000);
  });

  test('ranks of exchangeable values are uniform', () => {
    const draws = new Draws(2);
    const ranks = noRanks();
    const counts = new Array<number>(10).fill(0);
    for (let n = 0; n < 8000; n++) {
      const p = rankOf(ranks, draws.normal(), draws.uniform());
      if (p !== undefined) counts[Math.min(9, Math.floor(p * 10))]!++;
    }
    expect(distance(counts, new Array<number>(10).fill(1))).toBeLessThan(0.02);
  });
});
