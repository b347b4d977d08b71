import type { Samples } from '../model/samples.js';
import { type MeanFigure, meanFigure } from './figures.js';
import { hitsWanted, type QueryFacts } from './groups.js';
import { averagePrecision, type Grades, ndcg, precisionAt, reciprocalRank, successAt } from './relevance.js';
import { type Units, wasAnswered } from './units.js';

/** Judged documents of a query as rows of the dataset, and their grades. */
export interface Judgement {
  /** -1: the dataset does not have the document; it counts in the ideal, as in trec_eval. */
  rows: ArrayLike<number>;
  grades: ArrayLike<number>;
  /** Grade from which on a document is relevant (trec_eval's -l); 1 if absent. */
  level?: number | undefined;
  /** The query's own document, which is taken out of the answers (BEIR); absent: it stays. */
  self?: number | undefined;
}

/** By query number; a query that is not there was not judged. */
export type JudgementOf = ReadonlyMap<number, Judgement>;

/**
 * ndcg@k (linear gain), ndcg.exp@k, precision@k and success@k for every k, mrr and map over the whole answer, means
 * over the judged queries that have a relevant document; per query the mean over its repetitions. A failed query is
 * an empty answer; unjudged rows are not relevant; a row that comes again is not relevant the second time; one that fails
 * the query's filter or is another tenant's never is.
 *
 * @param samples may hold more hits than are measured, so that as many remain without the query's own document
 */
export function relevanceFigures(
  samples: Samples,
  units: Units,
  judgements: JudgementOf,
  ks: readonly number[],
  facts?: readonly QueryFacts[],
): MeanFigure[] {
  const scores = [
    ...ks.flatMap((k): Score[] => [
      [`ndcg@${k}`, (ranked, judged) => ndcg(ranked, judged, k)],
      [`ndcg.exp@${k}`, (ranked, judged) => ndcg(ranked, judged, k, 'exponential')],
      [`precision@${k}`, (ranked, judged, level) => precisionAt(ranked, judged, k, level)],
      [`success@${k}`, (ranked, judged, level) => successAt(ranked, judged, k, level)],
    ]),
    ...ENTIRE,
  ];
  const columns = scores.map(() => new Float64Array(units.count).fill(Number.NaN));
  for (let u = 0; u < units.count; u++) {
    const judgement = judgements.get(units.queries[u]!);
    if (judgement === undefined) continue;
    const wanted = hitsWanted(units.queries[u]!, ks, facts);
    const lists = rankedLists(samples, units, u, judgement, wanted);
    for (const [at, [, score]] of scores.entries()) {
      const values = lists.map((ranked) => score(ranked, judgement.grades, judgement.level ?? 1));
      if (values.some((value) => value === undefined)) continue;
      columns[at]![u] = values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
    }
  }
  return scores.flatMap(([name], at) => meanFigure(name, columns[at]!) ?? []);
}

type Score = readonly [
  name: string,
  score: (ranked: Grades, judged: Grades, level: number) => number | undefined,
];

/** Measures without a depth of their own. */
const ENTIRE: readonly Score[] = [
  ['mrr', (ranked, judged, level) => reciprocalRank(ranked, judged, Number.POSITIVE_INFINITY, level)],
  ['map', averagePrecision],
];

/** Grades of what each repetition of a query returned without its own document, in the engine's order, at most `wanted`. */
function rankedLists(
  samples: Samples,
  units: Units,
  u: number,
  judgement: Judgement,
  wanted: number,
): number[][] {
  const { rows, grades, self } = judgement;
  const gradeOf = new Map(Array.from(rows, (row, i) => [row, grades[i]!]));
  gradeOf.delete(-1);
  const lists: number[][] = [];
  for (let at = units.starts[u]!; at < units.starts[u + 1]!; at++) {
    const i = units.order[at]!;
    if (!wasAnswered(samples, i)) {
      lists.push([]);
      continue;
    }
    const seen = new Set<number>();
    const start = i * samples.k;
    const returned = samples.rows.subarray(start, start + samples.returned[i]!);
    const ranked: number[] = [];
    for (const [j, row] of returned.entries()) {
      if (row === self) continue;
      const counts = !seen.has(row) && (samples.flaws?.[start + j] ?? 0) === 0;
      if (counts) seen.add(row);
      ranked.push(counts ? (gradeOf.get(row) ?? 0) : 0);
    }
    lists.push(ranked.slice(0, wanted));
  }
  return lists;
}
