import { describe, expect, test } from 'vitest';
import { overBuilds } from '../../../harness/measures/builds.js';
import { Random } from '../../../harness/measures/random.js';
import type { Measure } from '../../../harness/model/results.js';
import { separated } from '../../../reports/model/compare.js';

const figure = (value: number, spread = 0.01): Measure => ({
  value,
  low: value * (1 - spread),
  high: value * (1 + spread),
  n: 1000,
});
const times = (name: string) => name === 'throughput' || name === 'build.seconds';
const rows = (values: readonly number[]) =>
  values.map((value) => ({ measures: { throughput: figure(value) } }));

describe('times of several builds', () => {
  test('have the interval of Student’s t over the builds, which holds all of them; values stay', () => {
    const found = overBuilds(rows([1000, 1100, 900]), times).map(({ measures }) => measures.throughput!);
    expect(found.map(({ value }) => value)).toEqual([1000, 1100, 900]);
    // numpy: exp(mean(log x) ± t(.975, 2) * std(log x, ddof=1) / sqrt(3)), x = 1000, 1100, 900
    for (const { low, high } of found) {
      expect(low).toBeCloseTo(776.7, 1);
      expect(high).toBeCloseTo(1278.9, 1);
    }
  });

  test('what is observed once per build has an interval, means over queries are left alone', () => {
    const once = (value: number): Measure => ({ value, low: null, high: null, n: 1 });
    const mean = figure(0.9);
    const found = overBuilds(
      [7.14, 7.35, 8.1].map((value) => ({ measures: { 'build.seconds': once(value), 'recall@10': mean } })),
      times,
    );
    expect(found[0]!.measures['build.seconds']).toMatchObject({ value: 7.14, n: 1 });
    expect(found[0]!.measures['build.seconds']!.low).toBeLessThan(7.14);
    expect(found[0]!.measures['build.seconds']!.high).toBeGreaterThan(8.1);
    expect(found[1]!.measures['recall@10']).toEqual(mean);
  });

  test('a single build, and a figure that one of them lacks, stay as they were', () => {
    expect(overBuilds(rows([1000]), times)).toEqual(rows([1000]));
    const lacking = [...rows([1000, 1100]), { measures: {} }];
    expect(overBuilds(lacking, times)).toEqual(lacking);
  });

  test('the figure of the passes that did not choose has it, too', () => {
    const split = { chooses: 990, value: 1010, low: 1000, high: 1020 };
    const [first] = overBuilds(
      [1000, 1300].map((value) => ({ measures: { throughput: { ...figure(value), split } } })),
      times,
    );
    const { low, high, split: own } = first!.measures.throughput!;
    expect(own).toEqual({ ...split, low, high });
  });

  test('builds of one setting that differ by 5% and whose passes agree are called different in at most 5%', () => {
    const random = new Random(11);
    const build = () => 1000 * Math.exp(0.05 * normal(random));
    let [before, now] = [0, 0];
    const PAIRS = 2000;
    for (let i = 0; i < PAIRS; i++) {
      const [a, b] = [rows([build(), build(), build()]), rows([build(), build(), build()])];
      if (separated(a[0]!.measures.throughput, b[0]!.measures.throughput)) before++;
      const [x, y] = [overBuilds(a, times)[0]!, overBuilds(b, times)[0]!];
      if (separated(x.measures.throughput, y.measures.throughput)) now++;
    }
    expect(before / PAIRS).toBeGreaterThan(0.5);
    expect(now / PAIRS).toBeLessThan(0.05);
  });
});

/** Box and Muller (1958). */
function normal(random: Random): number {
  const uniform = () => (random.uint32() + 0.5) / 2 ** 32;
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
