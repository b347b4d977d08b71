import { describe, expect, it } from 'vitest';
import { deriveTrial } from '../../../harness/measures/trial.js';
import { type Observed, samplesOf, truthOf } from './samples.js';

const options = { ks: [1, 2], metric: 'l2' } as const;

/** Query 0: rows 1, 2, 3 at 1, 2, 3. Query 1: rows 4, 5, 6 at 1, 2, 2. */
const truth = truthOf([
  [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  [
    [4, 1],
    [5, 2],
    [6, 2],
  ],
]);

/** Two repetitions of two queries; recall@2 by id: 1, .5 (a tie) and .5, 1. */
const observed: readonly Observed[] = [
  { query: 0, repetition: 0, sent: 0, answered: 2, rows: [1, 2], distances: [1, 2] },
  { query: 1, repetition: 0, sent: 4, answered: 5, rows: [4, 6], distances: [1, 2] },
  { query: 1, repetition: 1, sent: 100, answered: 103, rows: [4, 5], distances: [1, 2] },
  { query: 0, repetition: 1, sent: 104, answered: 110, rows: [1, 3], distances: [1, 3] },
];

describe('a trial worked out by hand', () => {
  const { measures, flags } = deriveTrial(samplesOf(2, observed), truth, options);

  it('averages recall over repetitions, then over queries', () => {
    // Two perfect queries: 16% of others may be no better than 0.
    expect(measures['recall@1']).toEqual({
      value: 1,
      low: expect.closeTo(0.025 ** (1 / 2), 12),
      high: 1,
      n: 2,
    });
    expect(measures['recall@2']?.value).toBe(0.75);
    // Query 0 has .75, query 1 has 1: a tie is no loss.
    expect(measures['recall.ties@2']).toMatchObject({ value: 0.875, n: 2 });
  });

  it('distance.error: query 0 (0 + 1/3) / 2, query 1 none', () => {
    expect(measures['distance.error']?.value).toBeCloseTo(1 / 12, 12);
  });

  it('latency over answered samples, percentiles only where there are enough', () => {
    expect(measures['latency.mean']?.value).toBe(3);
    expect(measures['latency.p50']).toMatchObject({ value: 2.5, n: 4 });
    for (const name of ['p90', 'p95', 'p99', 'p99.9']) expect(measures[`latency.${name}`]).toBeUndefined();
  });

  it('throughput from the clock of the loop, without the pause between repetitions', () => {
    // Repetition 0 lasts from 0 to 5 ms, repetition 1 from 100 to 110 ms.
    expect(measures['throughput']?.value).toBeCloseTo(4 / 0.015, 9);
    expect(measures['throughput']?.n).toBe(4);
  });

  it('reports no errors as measured and nothing else', () => {
    expect(measures['errors']).toEqual({ value: 0, low: null, high: null, n: 4 });
    expect(measures['returned.short']?.value).toBe(0);
    expect(flags).toEqual([]);
    expect(Object.keys(measures).filter((name) => /load|memory|index|build|engine/.test(name))).toEqual([]);
  });

  it('does not depend on the order in which samples were recorded', () => {
    const shuffled = [observed[2]!, observed[1]!, observed[3]!, observed[0]!];
    expect(deriveTrial(samplesOf(2, shuffled), truth, options).measures).toEqual(measures);
  });
});

/** Queries of which every other one has recall@2 .5, with different latencies. */
function manyQueries(count: number) {
  const lists = Array.from({ length: count }, () => [[1, 1] as const, [2, 2] as const]);
  const entries = lists.map((_, query) => ({
    query,
    sent: query * 10,
    answered: query * 10 + 1 + (query % 9),
    rows: query % 2 === 0 ? [1, 2] : [1, 9],
    distances: query % 2 === 0 ? [1, 2] : [1, 4],
  }));
  return { samples: samplesOf(2, entries), truth: truthOf(lists) };
}

describe('percentiles', () => {
  it.each([
    ['p90', 9, 10],
    ['p95', 19, 20],
    ['p99', 99, 100],
    ['p99.9', 999, 1000],
  ])('%s is absent with %i samples and present with %i', (name, tooFew, enough) => {
    const derive = (count: number) => {
      const { samples, truth } = manyQueries(count);
      return deriveTrial(samples, truth, options).measures;
    };
    expect(derive(tooFew)[`latency.${name}`]).toBeUndefined();
    expect(derive(enough)[`latency.${name}`]).toMatchObject({ n: enough });
  });
});

describe('failed queries', () => {
  const failing = [...observed.slice(0, 3), { query: 0, repetition: 1, sent: 104, answered: 160 }];
  const { measures, flags } = deriveTrial(samplesOf(2, failing), truth, options);

  it('are counted and flagged', () => {
    expect(measures['errors']).toMatchObject({ value: 1, n: 4 });
    expect(flags).toEqual(['failed-queries']);
  });

  it('score recall 0, and have no latency', () => {
    expect(measures['recall@1']?.value).toBe(0.75);
    expect(measures['latency.mean']).toMatchObject({ value: 2, n: 3 });
  });

  it('take time but answer nothing', () => {
    expect(measures['throughput']?.value).toBeCloseTo(3 / (0.005 + 0.06), 9);
  });

  it('leave nothing but their number if there is no answer at all', () => {
    const none = observed.map(({ query, repetition, sent, answered }) => ({
      query,
      repetition: repetition!,
      sent,
      answered,
    }));
    const derived = deriveTrial(samplesOf(2, none), truth, options);
    expect(derived.measures).toEqual({ errors: { value: 4, low: null, high: null, n: 4 } });
  });
});

describe('doubtful lists', () => {
  const flagsOf = (rows: number[], distances: number[]) =>
    deriveTrial(samplesOf(2, [{ query: 0, sent: 0, answered: 1, rows, distances }]), truth, options);

  it('duplicates count once', () => {
    const { measures, flags } = flagsOf([1, 1], [1, 1]);
    expect(measures['recall@2']?.value).toBe(0.5);
    expect(measures['recall.ties@2']?.value).toBe(0.5);
    expect(flags).toEqual(['duplicate-hits']);
  });

  it('keys that are no rows of the dataset count nowhere', () => {
    const { measures, flags } = flagsOf([-2, 1], [Number.NaN, 1]);
    expect(measures['recall@1']?.value).toBe(0);
    expect(measures['recall@2']?.value).toBe(0.5);
    expect(measures['distance.error']?.value).toBe(0);
    expect(flags).toEqual(['unknown-keys']);
  });

  it('too few hits', () => {
    const { measures, flags } = flagsOf([2], [2]);
    expect(measures['recall@2']?.value).toBe(0.5);
    expect(measures['returned.short']).toMatchObject({ value: 1, n: 1 });
    expect(measures['distance.error']?.value).toBe(1);
    expect(flags).toEqual(['underfilled']);
  });

  it('an empty answer has recall 0 and no distance error', () => {
    const { measures } = flagsOf([], []);
    expect(measures['recall@1']?.value).toBe(0);
    expect(measures['distance.error']).toBeUndefined();
  });

  it('a hit nearer than the truth allows accuses the truth', () => {
    const { measures, flags } = flagsOf([1, 9], [1, 1.5]);
    expect(flags).toEqual(['beats-truth']);
    // Nothing is known of how many neighbours were found, so nothing is said.
    expect(Object.keys(measures).filter((name) => /^(recall|distance)/.test(name))).toEqual([]);
    expect(measures['latency.mean']).toBeDefined();
    expect(flagsOf([1, 9], [1, 2]).flags).toEqual([]);
  });
});

describe('what is behind a figure', () => {
  it('a single query says nearly nothing of others, and nothing of times', () => {
    const { measures } = deriveTrial(samplesOf(2, observed.slice(0, 1)), truth, options);
    expect(measures['recall@1']).toEqual({ value: 1, low: expect.closeTo(0.025, 12), high: 1, n: 1 });
    expect(measures['throughput']).toMatchObject({ low: null, high: null });
  });

  it('a query without exact neighbours has no recall, but a latency', () => {
    const partly = truthOf([[], [[4, 1]]]);
    const entries = observed.slice(0, 2);
    const { measures } = deriveTrial(samplesOf(2, entries), partly, options);
    expect(measures['recall@2']).toMatchObject({ value: 1, n: 1 });
    expect(measures['latency.mean']).toMatchObject({ n: 2 });
  });

  it('k larger than the dataset divides by what there is to find', () => {
    const small = truthOf([[[1, 1]]]);
    const { measures, flags } = deriveTrial(
      samplesOf(2, [{ query: 0, sent: 0, answered: 1, rows: [1], distances: [1] }]),
      small,
      options,
    );
    expect(measures['recall@2']?.value).toBe(1);
    expect(flags).toEqual([]);
  });

  it('nothing measured: nothing but the cost', () => {
    const memory = { memoryBaselineBytes: 2, memoryPeakBytes: { create: 3, load: 5, search: 9 } };
    const cost = { loadSeconds: 2, indexSeconds: 3, points: 100, ...memory };
    const { measures } = deriveTrial(samplesOf(2, []), truth, { ...options, cost });
    const values = Object.fromEntries(Object.entries(measures).map(([name, { value }]) => [name, value]));
    expect(values).toEqual({
      'load.seconds': 2,
      'load.pointsPerSecond': 50,
      'index.seconds': 3,
      'build.seconds': 5,
      'memory.peak': 3,
      'memory.baseline': 2,
    });
  });

  it('cost: what was not measured is absent', () => {
    const measuresWith = (cost: object) =>
      Object.keys(deriveTrial(samplesOf(2, []), truth, { ...options, cost }).measures);
    expect(measuresWith({})).toEqual([]);
    expect(measuresWith({ loadSeconds: 1 })).toEqual(['load.seconds']);
    expect(measuresWith({ memoryPeakBytes: {} })).toEqual([]);
    expect(measuresWith({ memoryBaselineBytes: 1, indexBytes: 2 })).toEqual([
      'memory.baseline',
      'index.size',
    ]);
  });

  describe('memory is the engine’s', () => {
    const memoryOf = (cost: object) => {
      const { measures } = deriveTrial(samplesOf(2, []), truth, { ...options, cost });
      return Object.fromEntries(Object.entries(measures).map(([name, { value }]) => [name, value]));
    };
    const process = {
      memoryBaselineBytes: 80,
      memoryPeakBytes: { create: 84, load: 120, index: 126 },
      memoryHeldBytes: { start: 60, index: 105, search: 110 },
    };

    it('above what was there before, whatever searching and recording need', () => {
      const searched = { ...process, memoryPeakBytes: { ...process.memoryPeakBytes, search: 361 } };
      expect(memoryOf(searched)).toEqual(memoryOf(process));
      expect(memoryOf(process)).toEqual({
        'memory.peak': 46,
        'memory.index': 45,
        'memory.search': 50,
        'memory.baseline': 80,
      });
    });

    it('of a server above its idle container, the client apart', () => {
      const server = {
        mode: 'docker',
        memoryPeakBytes: { create: 210, load: 300, index: 320, search: 900 },
        memoryHeldBytes: { start: 200, index: 310, search: 330 },
      };
      expect(memoryOf({ ...process, server })).toEqual({
        'memory.peak': 120,
        'memory.index': 110,
        'memory.search': 130,
        'memory.baseline': 200,
        'client.memory.peak': 46,
      });
    });

    it('a figure without its baseline is absent, and one within the noise of it is none', () => {
      expect(memoryOf({ memoryPeakBytes: { load: 9 }, server: { mode: 'url' } })).toEqual({});
      expect(memoryOf({ memoryHeldBytes: { start: 60, index: 59 } })).toEqual({ 'memory.index': 0 });
    });
  });

  it('the share of wall time inside engine calls', () => {
    const both = { ...options, wallSeconds: 4, engineSeconds: 3 };
    expect(deriveTrial(samplesOf(2, observed), truth, both).measures['engine.share']?.value).toBe(0.75);
  });

  it.each([
    [undefined, undefined, false],
    [0, 0, false],
    [0.25, 0.25, false],
    [0.3, 0.3, true],
  ])('%s cores used by others', (foreignCores, value, busy) => {
    const derived = deriveTrial(samplesOf(2, observed), truth, { ...options, foreignCores });
    expect(derived.measures['machine.foreign']?.value).toBe(value);
    expect(derived.flags.includes('busy-machine')).toBe(busy);
  });
});

it('refuses depths that the samples do not have', () => {
  const samples = samplesOf(2, observed);
  expect(() => deriveTrial(samples, truth, { ...options, ks: [1, 3] })).toThrow(RangeError);
  expect(() => deriveTrial(samples, truth, { ...options, ks: [2, 1] })).toThrow(RangeError);
  expect(() => deriveTrial(samples, truthOf([[[1, 1]]]), options)).toThrow(/query 1/);
});

describe('a trial whose queries were on their way together', () => {
  /** Two at a time; the second one was sent 3 ms late. */
  const together = [
    { query: 0, due: 0, sent: 0, answered: 10, rows: [1, 2], distances: [1, 2] },
    { query: 1, due: 2, sent: 5, answered: 11, rows: [4, 5], distances: [1, 2] },
    { query: 0, due: 4, sent: 5, answered: 25 },
  ];
  const samples = samplesOf(2, together);
  samples.due.set(together.map(({ due }) => due));
  const { measures } = deriveTrial(samples, truth, options);

  it('throughput is what was answered over the wall time, not over the sum of what each took', () => {
    expect(measures['throughput']).toEqual({ value: 2 / 0.025, low: null, high: null, n: 2 });
  });

  it('latency counts from when a query was due; one pass has no interval', () => {
    expect(measures['latency.mean']).toEqual({ value: (10 + 9) / 2, low: null, high: null, n: 2 });
    expect(measures['latency.p50']).toEqual({ value: 9.5, low: null, high: null, n: 2 });
  });

  it('adds up the wall time of its passes, without what is between them', () => {
    const two = samplesOf(2, [
      { query: 0, repetition: 0, sent: 0, answered: 10, rows: [1], distances: [1] },
      { query: 1, repetition: 0, sent: 1, answered: 5, rows: [4], distances: [1] },
      { query: 0, repetition: 1, sent: 100, answered: 110, rows: [1], distances: [1] },
      { query: 1, repetition: 1, sent: 105, answered: 130, rows: [4], distances: [1] },
    ]);
    const derived = deriveTrial(two, truth, { ...options, ks: [1] });
    expect(derived.measures['throughput']?.value).toBeCloseTo(4 / 0.04, 9);
  });

  it('recall and its interval are those of any other trial', () => {
    expect(measures['recall@1']).toEqual(deriveTrial(samples, truth, options).measures['recall@1']);
  });
});
