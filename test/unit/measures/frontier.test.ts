import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Better,
  type FrontierPoint,
  hypervolume,
  isBetter,
  paretoFrontier,
} from '../../../harness/measures/frontier.js';
import { bestAt } from '../../../harness/measures/headline.js';

const points = fc.array(
  fc.record({
    recall: fc.integer({ min: 0, max: 6 }).map((x) => x / 6),
    value: fc.integer({ min: 1, max: 6 }),
  }),
  { maxLength: 12 },
);
const either = fc.constantFrom<Better>('higher', 'lower');

describe('frontier', () => {
  it('is the set of points that no other point beats', () => {
    fc.assert(
      fc.property(points, either, (all, better) => {
        const beats = (a: FrontierPoint, b: FrontierPoint) =>
          a.recall >= b.recall &&
          (a.value === b.value || isBetter(a.value, b.value, better)) &&
          (a.recall > b.recall || a.value !== b.value);
        const kept = paretoFrontier(all, better);
        const key = ({ recall, value }: FrontierPoint) => `${recall} ${value}`;
        const expected = new Set(all.filter((b) => !all.some((a) => beats(a, b))).map(key));
        expect(kept.map((i) => key(all[i]!)).sort()).toEqual([...expected].sort());
        const recalls = kept.map((i) => all[i]!.recall);
        expect(recalls).toEqual([...recalls].sort((a, b) => b - a));
      }),
    );
  });

  it('leaves out what is not a finite number', () => {
    const odd = [
      { recall: Number.NaN, value: 1 },
      { recall: 1, value: Number.POSITIVE_INFINITY },
      { recall: 0.5, value: 2 },
    ];
    expect(paretoFrontier(odd, 'higher')).toEqual([2]);
    expect(paretoFrontier([], 'higher')).toEqual([]);
  });
});

describe('hypervolume', () => {
  it('is the counted area of the grid cells below the points', () => {
    fc.assert(
      fc.property(points, (all) => {
        const sixths = all.map(({ recall, value }) => ({ recall: Math.round(recall * 6), value }));
        let cells = 0;
        for (let r = 0; r < 6; r++) {
          for (let v = 0; v < 6; v++) if (sixths.some((p) => p.recall > r && p.value > v)) cells++;
        }
        expect(hypervolume(all, { recall: 0, value: 0 })).toBeCloseTo(cells / 6, 9);
      }),
    );
  });

  it('for latency counts what lies under the reference', () => {
    const latencies = [
      { recall: 0.9, value: 2 },
      { recall: 0.8, value: 1 },
      { recall: 0.99, value: 20 },
    ];
    expect(hypervolume(latencies, { recall: 0.5, value: 10 }, 'lower')).toBeCloseTo(8 * 0.4 + 1 * 0.3, 12);
  });
});

describe('best measured setting at a recall', () => {
  const trial = (recall: number, low: number | null, value?: number) => ({
    measures: {
      'recall@10': { value: recall, low, high: null, n: 9 },
      ...(value === undefined ? {} : { throughput: { value, low: null, high: null, n: 9 } }),
    },
  });
  const options = { recall: 'recall@10', value: 'throughput', better: 'higher' } as const;

  it('needs the lower bound, not the mean, to reach the target', () => {
    const [near, safe] = [trial(0.951, 0.949, 900), trial(0.96, 0.95, 500)];
    expect(bestAt([near, safe], 0.95, options)).toBe(safe);
    expect(bestAt([near], 0.95, options)).toBeUndefined();
  });

  it('takes the best value, and of equals the higher recall', () => {
    const [a, b, c] = [trial(0.96, 0.95, 500), trial(0.97, 0.96, 500), trial(0.99, 0.98, 100)];
    expect(bestAt([a, b, c], 0.9, options)).toBe(b);
    expect(bestAt([a, b, c], 0.9, { ...options, better: 'lower' })).toBe(c);
  });

  it('passes over trials without the measure or without an interval', () => {
    expect(bestAt([trial(1, null, 9), trial(1, 1), { measures: {} }], 0.9, options)).toBeUndefined();
  });
});
