import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset, PreparedVectors, QuerySet } from '../../../datasets/dataset.js';
import { openDataset } from '../../../datasets/open.js';
import { prepareVectors } from '../../../datasets/prepare.js';
import { distance } from '../../../harness/measures/distance.js';
import { RecallScorer } from '../../../harness/measures/recall.js';
import { scoreRun } from '../../../harness/measures/trec.js';
import { type ComputedTruth, computeTruth } from '../../../harness/truth/compute.js';
import { tiesAtRank } from '../../../harness/truth/ties.js';
import { Bench } from './vectors.js';

/** The bundled data, against figures that were computed with numpy and FAISS when the data were made. */

const bench = new Bench();
let dataset: Dataset;
let vectors: PreparedVectors;
let ids: string[];
beforeAll(async () => {
  dataset = await openDataset('debian-packages-20k', { baseFolder: '.', cacheFolder: bench.folder });
  vectors = await prepareVectors(dataset, { cacheFolder: bench.folder });
  ids = [];
  for await (const batch of dataset.points({ batchSize: 5000 })) ids.push(...batch.ids);
});
afterAll(async () => {
  vectors.close();
  await dataset.close();
  bench.remove();
});

it('relevance of the exact answers to the judged queries', async () => {
  const { name } = dataset.info.querySets.find(({ judged }) => judged)!;
  const [queries, qrels] = [await dataset.queries(name), await dataset.qrels(name)];
  const truth = await computeTruth(vectors, queries.vectors, { metric: 'cosine', k: 100 });
  const run = new Map(
    queries.ids.map((id, q) => [
      id,
      Array.from({ length: 100 }, (_, rank) => ({
        document: ids[truth.rows[q * 100 + rank]!]!,
        score: -truth.distances[q * 100 + rank]!,
      })),
    ]),
  );
  const known = {
    'ndcg@10': 0.2675,
    'ndcg.exp@10': 0.2539,
    mrr: 0.5122,
    'precision@5': 0.3137,
    'precision@10': 0.2873,
  };
  const { measures, queries: scored } = scoreRun(qrels!, run, [...Object.keys(known), 'recall@100']);
  expect(Object.keys(scored).length).toBe(292);
  for (const [measure, value] of Object.entries(known)) expect(measures[measure]).toBeCloseTo(value, 4);
  // The figures are of float32 vectors; in float16 a few documents change places at rank 100.
  expect(measures['recall@100']).toBeCloseTo(0.4005, 3);
});

describe('queries that tie', () => {
  const asked = 250;
  let queries: QuerySet;
  let truth: ComputedTruth;
  beforeAll(async () => {
    queries = await dataset.queries('new-packages');
    truth = await computeTruth(vectors, queries.vectors, { metric: 'cosine', k: 11 });
  });

  it('are there at rank 10, as the data have groups of equal vectors', () => {
    // 199 of 5,000 queries, counted with numpy in float64.
    expect(tiesAtRank(truth, 10, 'cosine', vectors.count)).toBe(199 / 5000);
  });

  it("another library's exact search has tie-aware recall 1, where its recall by id is below", async () => {
    const { exactSearch, MetricKind } = await import('usearch');
    const { dimensions } = queries;
    const base = new Float32Array(vectors.count * dimensions);
    vectors.read(0, vectors.count, base);
    const scorer = new RecallScorer(truth, [10], 'cosine', 10);
    let [byId, tieAware] = [0, 0];
    for (let q = 0; q < asked; q++) {
      const query = queries.vectors.slice(q * dimensions, (q + 1) * dimensions);
      const found = exactSearch(base, query, dimensions, 10, MetricKind.Cos, 1);
      const rows = Int32Array.from(found.keys, Number);
      const distances = Float64Array.from(rows, (row) =>
        distance('cosine', query, 0, base, row * dimensions, dimensions),
      );
      scorer.select(q);
      const score = scorer.score({ rows, distances, start: 0, count: 10 });
      byId += score.recall[0]! / asked;
      tieAware += score.ties[0]! / asked;
    }
    expect(tieAware).toBeCloseTo(1, 12);
    expect(byId).toBeLessThan(1);
  });
});
