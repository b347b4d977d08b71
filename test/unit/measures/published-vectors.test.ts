import { expect, it } from 'vitest';
import { hypervolume, paretoFrontier } from '../../../harness/measures/frontier.js';
import { holm } from '../../../harness/measures/holm.js';
import { jaccard, kendallTau, rankBiasedOverlap } from '../../../harness/measures/ranks.js';
import { RecallScorer } from '../../../harness/measures/recall.js';
import {
  averagePrecision,
  dcg,
  ndcg,
  reciprocalRank,
  relevantRecallAt,
  successAt,
} from '../../../harness/measures/relevance.js';

/** Test vectors worked out in plain Python and checked with scipy before this code existed; six decimals. */

it('1: recall by id and tie-aware', () => {
  const truth = {
    count: 1,
    depth: 5,
    rows: Int32Array.of(1, 2, 3, 4, 5),
    distances: Float64Array.of(0.1, 0.2, 0.3, 0.3, 0.3),
  };
  const scorer = new RecallScorer(truth, [3], 'l2', 3);
  scorer.select(0);
  const list = {
    rows: Int32Array.of(1, 5, 4),
    distances: Float64Array.of(0.1, 0.3, 0.3),
    start: 0,
    count: 3,
  };
  const score = scorer.score(list);
  expect(score.recall[0]).toBeCloseTo(1 / 3, 12);
  expect(score.ties[0]).toBe(1);
});

it('2: DCG and nDCG with linear and exponential gain', () => {
  const judged = [3, 2, 3, 0, 1, 2, 3, 2];
  const ranked = judged.slice(0, 6);
  expect(dcg(ranked, 6)).toBeCloseTo(6.861127, 6);
  expect(dcg([3, 3, 3, 2, 2, 2], 6)).toBeCloseTo(8.740262, 6);
  expect(ndcg(ranked, judged, 6)).toBeCloseTo(0.785002, 6);
  expect(ndcg(ranked, judged, 6, 'exponential')).toBeCloseTo(0.751083, 6);
  expect(ndcg(ranked, judged, 3)).toBeCloseTo(0.901306, 6);
  expect(ndcg(ranked, judged, 3, 'exponential')).toBeCloseTo(0.83081, 6);
});

it('3: average precision, reciprocal rank, recall, nDCG, success', () => {
  const ranked = [0, 1, 1, 0, 0, 1];
  const judged = [1, 1, 1, 1];
  expect(averagePrecision(ranked, judged)).toBeCloseTo(0.416667, 6);
  expect(reciprocalRank(ranked, judged)).toBe(0.5);
  expect(relevantRecallAt(ranked, judged, 5)).toBe(0.5);
  expect(ndcg(ranked, judged, 5)).toBeCloseTo(0.441492, 6);
  expect(ndcg(ranked, judged, 10)).toBeCloseTo(0.580549, 6);
  expect(successAt(ranked, judged, 1)).toBe(0);
  expect(successAt(ranked, judged, 5)).toBe(1);
});

it('4: agreement of two rankings', () => {
  const a = [...'abcdefg'];
  const b = [...'bacfdhe'];
  expect(rankBiasedOverlap(a, b, 0.9)?.extrapolated).toBeCloseTo(0.782891, 6);
  expect(rankBiasedOverlap(a, b, 0.9)?.minimum).toBeCloseTo(0.583296, 6);
  expect(rankBiasedOverlap(a, b, 0.8)?.extrapolated).toBeCloseTo(0.709644, 6);
  expect(rankBiasedOverlap(a, b, 0.8)?.minimum).toBeCloseTo(0.645666, 6);
  expect(jaccard(a, b)).toBe(0.75);
  expect(kendallTau(a, b)).toBeCloseTo(0.6, 12);
});

it('5: several tests together', () => {
  const adjusted = holm([0.001, 0.012, 0.03, 0.04, 0.3]);
  [0.005, 0.048, 0.09, 0.09, 0.3].forEach((p, i) => {
    expect(adjusted[i]).toBeCloseTo(p, 12);
  });
});

it('6: frontier, hypervolume', () => {
  const points = [
    { recall: 0.8, value: 5000 },
    { recall: 0.9, value: 3000 },
    { recall: 0.92, value: 2800 },
    { recall: 0.91, value: 2500 },
    { recall: 0.95, value: 2000 },
    { recall: 0.99, value: 800 },
  ];
  expect(paretoFrontier(points, 'higher')).toEqual([5, 4, 2, 1, 0]);
  expect(hypervolume(points, { recall: 0.5, value: 0 })).toBeCloseTo(1948, 9);
});
