import type { Samples, Truth } from '../model/samples.js';
import { emptySamples } from '../store/samples.js';

/**
 * The exact neighbours as answers to the queries of a trial, one for each of its passes. Scores are the distances; there
 * are no times, and nothing may be said of them.
 */
export function truthAnswers(
  { rows, distances, depth }: Truth,
  { query, repetition, length }: Samples,
  k: number,
): Samples {
  const answers = emptySamples(length, k);
  for (let i = 0; i < length; i++) {
    const start = query[i]! * depth;
    let n = 0;
    while (n < Math.min(k, depth) && rows[start + n]! >= 0) n++;
    answers.query[i] = query[i]!;
    answers.repetition[i] = repetition[i]!;
    answers.returned[i] = n;
    answers.rows.set(rows.subarray(start, start + n), i * k);
    answers.distances.set(distances.subarray(start, start + n), i * k);
    answers.scores.set(distances.subarray(start, start + n), i * k);
  }
  return answers;
}
