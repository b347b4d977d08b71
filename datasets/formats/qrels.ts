import { InputError } from '../../common/errors.js';
import type { Qrels } from '../dataset.js';
import { readLines } from './lines.js';

/**
 * Reads relevance judgements in TREC format: per line query id, a field that is ignored, document id and grade,
 * separated by white space; `.gz` works too. Negative grades mean "not relevant" and become 0, as in trec_eval.
 * Throws InputError naming file and line.
 */
export async function readQrels(path: string): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>();
  let number = 0;
  for await (const line of readLines(path)) {
    number++;
    if (line.trim() === '') continue;
    const [query, , document, grade, ...rest] = line.trim().split(/\s+/);
    if (grade === undefined || rest.length > 0 || !/^-?\d+$/.test(grade)) {
      throw new InputError('is not a judgement', {
        where: `${path}:${number}`,
        got: line,
        next: 'write query id, 0, document id and an integer grade, separated by tabs or spaces',
      });
    }
    const judged = qrels.get(query!) ?? new Map<string, number>();
    qrels.set(query!, judged);
    if (judged.has(document!)) {
      throw new InputError(`judges document "${document}" of query "${query}" twice`, {
        where: `${path}:${number}`,
        next: 'keep one of the two lines',
      });
    }
    judged.set(document!, Math.max(0, Number(grade)));
  }
  return qrels;
}
