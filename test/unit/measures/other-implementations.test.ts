import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { distance } from '../../../harness/measures/distance.js';
import {
  normalUpperTail,
  studentQuantile,
  studentUpperTail,
} from '../../../harness/measures/distributions.js';
import { quantile } from '../../../harness/measures/quantile.js';
import { kendallTau } from '../../../harness/measures/ranks.js';
import { ndcg } from '../../../harness/measures/relevance.js';
import { scoreRun } from '../../../harness/measures/trec.js';

/** Figures of trec_eval (through pytrec_eval), scikit-learn, scipy and numpy: `fixtures/make.py` makes them. */
function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** Equal to a relative 1e-9. */
function expectSame(actual: number | undefined, expected: number): void {
  expect(actual).toBeDefined();
  expect(Math.abs(actual! - expected)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(expected), 1e-300));
}

type Numbers = Record<string, number>;

describe('trec_eval', () => {
  const trec = fixture<{
    qrels: Record<string, Numbers>;
    run: Record<string, Numbers>;
    queries: Record<string, Numbers>;
    means: Numbers;
    sklearn: { k: number; ranked: number[]; linear: number; exponential: number }[];
  }>('trec');
  const qrels = new Map(
    Object.entries(trec.qrels).map(([q, judged]) => [q, new Map(Object.entries(judged))]),
  );
  const run = new Map(
    Object.entries(trec.run).map(([q, found]) => [
      q,
      Object.entries(found).map(([document, score]) => ({ document, score })),
    ]),
  );
  const scored = scoreRun(qrels, run, Object.keys(trec.means));

  it('scores the same queries, also one without relevant documents', () => {
    expect(Object.keys(scored.queries).sort()).toEqual(Object.keys(trec.queries).sort());
    expect(scored.queries['q-nothing-relevant']?.['map']).toBe(0);
  });

  it.each(Object.entries(trec.queries))('%s', (query, expected) => {
    for (const [name, value] of Object.entries(expected)) expectSame(scored.queries[query]?.[name], value);
  });

  it('has the same means', () => {
    for (const [name, value] of Object.entries(trec.means)) expectSame(scored.measures[name], value);
  });

  it('nDCG of scikit-learn, with both gains', () => {
    for (const { k, ranked, linear, exponential } of trec.sklearn) {
      expectSame(ndcg(ranked, ranked, k), linear);
      expectSame(ndcg(ranked, ranked, k, 'exponential'), exponential);
    }
  });
});

describe('scipy and numpy', () => {
  const known = fixture<{
    studentUpperTail: [number, number, number][];
    studentQuantile: [number, number, number][];
    normalUpperTail: [number, number][];
    ranks: { a: number[]; b: number[]; tau: number }[];
    quantiles: { values: number[]; at: [number, number][] };
  }>('statistics');

  it('distribution functions', () => {
    for (const [t, df, tail] of known.studentUpperTail) expectSame(studentUpperTail(t, df), tail);
    for (const [p, df, t] of known.studentQuantile) expectSame(studentQuantile(p, df), t);
    for (const [z, tail] of known.normalUpperTail) expectSame(normalUpperTail(z), tail);
  });

  it.each(known.ranks)("Kendall's tau, %#", ({ a, b, tau }) => {
    const byRank = (ranks: number[]) => ranks.map((_, i) => i).sort((i, j) => ranks[i]! - ranks[j]!);
    expectSame(kendallTau(byRank(a), byRank(b)), tau);
  });

  it('quantiles as numpy, type 7', () => {
    const sorted = [...known.quantiles.values].sort((a, b) => a - b);
    for (const [p, value] of known.quantiles.at) expectSame(quantile(sorted, p), value);
  });

  it('distances in extended precision', () => {
    const { cases } = fixture<{
      cases: { a: number[]; b: number[]; cosine: number; dot: number; l2: number }[];
    }>('distances');
    for (const { a, b, ...expected } of cases) {
      const [x, y] = [Float32Array.from(a), Float32Array.from(b)];
      expectSame(distance('dot', x, 0, y, 0, x.length), expected.dot);
      expectSame(distance('l2', x, 0, y, 0, x.length), expected.l2);
      expect(Math.abs(distance('cosine', x, 0, y, 0, x.length) - expected.cosine)).toBeLessThan(1e-15);
    }
  });
});
