/**
 * Measures of one ranked list against graded judgements, with trec_eval's conventions: `ranked` holds the grade of
 * every document returned, best first, 0 for documents that were not judged; `judged` the grades of all judged
 * documents of the query. A grade of `level` (trec_eval's -l, 1 by default) or more is relevant. Every measure is undefined for a query without relevant
 * documents: no answer to it could be right.
 */
export type Grades = ArrayLike<number>;

/** `linear`: gain = grade, as trec_eval. `exponential`: 2^grade - 1 (Burges et al. 2005). */
export type Gain = 'linear' | 'exponential';

/** DCG = sum of gain / log2(rank + 1) over the first k (Järvelin & Kekäläinen 2002). */
export function dcg(ranked: Grades, k: number, gain: Gain = 'linear'): number {
  let sum = 0;
  for (let i = 0; i < Math.min(k, ranked.length); i++) {
    const grade = Math.max(0, ranked[i]!);
    sum += (gain === 'linear' ? grade : 2 ** grade - 1) / Math.log2(i + 2);
  }
  return sum;
}

/** DCG over that of the best possible ranking of all judged documents, cut at the same k. */
export function ndcg(ranked: Grades, judged: Grades, k: number, gain: Gain = 'linear'): number | undefined {
  const ideal = dcg(Float64Array.from(judged).sort().reverse(), k, gain);
  return ideal === 0 ? undefined : dcg(ranked, k, gain) / ideal;
}

/** 1 / rank of the first relevant document, 0 if there is none among the first k. */
export function reciprocalRank(ranked: Grades, judged: Grades, k = Number.POSITIVE_INFINITY, level = 1) {
  if (relevantIn(judged, judged.length, level) === 0) return undefined;
  for (let i = 0; i < Math.min(k, ranked.length); i++) if (ranked[i]! >= level) return 1 / (i + 1);
  return 0;
}

/** AP: the precisions at the ranks of relevant documents, summed and divided by all relevant documents. */
export function averagePrecision(ranked: Grades, judged: Grades, level = 1): number | undefined {
  const relevant = relevantIn(judged, judged.length, level);
  if (relevant === 0) return undefined;
  let found = 0;
  let sum = 0;
  for (let i = 0; i < ranked.length; i++) {
    if (ranked[i]! < level) continue;
    found++;
    sum += found / (i + 1);
  }
  return sum / relevant;
}

/** Relevant documents among the first k, divided by k even if fewer were returned. */
export function precisionAt(ranked: Grades, judged: Grades, k: number, level = 1): number | undefined {
  return relevantIn(judged, judged.length, level) === 0 ? undefined : relevantIn(ranked, k, level) / k;
}

/** Share of all relevant documents that are among the first k. */
export function relevantRecallAt(ranked: Grades, judged: Grades, k: number, level = 1): number | undefined {
  const relevant = relevantIn(judged, judged.length, level);
  return relevant === 0 ? undefined : relevantIn(ranked, k, level) / relevant;
}

/** 1 if a relevant document is among the first k, else 0. */
export function successAt(ranked: Grades, judged: Grades, k: number, level = 1): number | undefined {
  if (relevantIn(judged, judged.length, level) === 0) return undefined;
  return relevantIn(ranked, k, level) > 0 ? 1 : 0;
}

function relevantIn(grades: Grades, k: number, level: number): number {
  let count = 0;
  for (let i = 0; i < Math.min(k, grades.length); i++) if (grades[i]! >= level) count++;
  return count;
}
