import { InputError } from '../../common/errors.js';
import type { Qrels } from '../../datasets/dataset.js';
import {
  averagePrecision,
  type Grades,
  ndcg,
  precisionAt,
  reciprocalRank,
  relevantRecallAt,
  successAt,
} from './relevance.js';

/** One retrieved document of a run. */
export interface RunEntry {
  document: string;
  score: number;
}

/** A TREC run: query id -> what was retrieved for it, in the order of the file. */
export type TrecRun = ReadonlyMap<string, readonly RunEntry[]>;

export interface RunScores {
  /** Means over the queries that have both judgements and results, as trec_eval without `-c`. */
  measures: Record<string, number>;
  /** By query id, the same measures. */
  queries: Record<string, Record<string, number>>;
}

/**
 * Judgements in TREC format: query id, an ignored field, document id, integer grade. Negative grades (in trec_eval:
 * in the pool but not judged) become 0, which is worth the same; lines that begin with # are comments. Throws
 * InputError naming file and line.
 */
export function parseQrels(text: string, file = 'qrels'): Qrels {
  const qrels = new Map<string, Map<string, number>>();
  for (const { where, fields } of linesOf(text, file)) {
    const [query, , document, grade] = fields;
    if (fields.length !== 4 || !/^-?\d+$/.test(grade!)) {
      throw new InputError('is not a judgement', {
        where,
        got: fields.join(' '),
        next: 'write four fields: query id, 0, document id and an integer grade',
      });
    }
    const judged = entryOf(qrels, query!, () => new Map<string, number>());
    if (judged.has(document!)) throw twice(where, document!, query!, 'judged');
    judged.set(document!, Math.max(0, Number(grade)));
  }
  return qrels;
}

/**
 * A run in TREC format: query id, Q0, document id, rank, score, tag. The rank is ignored, as in trec_eval.
 * Throws InputError naming file and line for other lines, scores that are no finite number, documents listed twice.
 */
export function parseRun(text: string, file = 'run'): TrecRun {
  const run = new Map<string, RunEntry[]>();
  const seen = new Map<string, Set<string>>();
  for (const { where, fields } of linesOf(text, file)) {
    const [query, , document, , score] = fields;
    if (fields.length !== 6 || !Number.isFinite(Number(score))) {
      throw new InputError('is not a line of a run', {
        where,
        got: fields.join(' '),
        next: 'write six fields: query id, Q0, document id, rank, score (a finite number) and a tag',
      });
    }
    const documents = entryOf(seen, query!, () => new Set<string>());
    if (documents.has(document!)) throw twice(where, document!, query!, 'retrieved');
    documents.add(document!);
    entryOf(run, query!, () => []).push({ document: document!, score: Number(score) });
  }
  return run;
}

/**
 * Scores a run with trec_eval's conventions: documents are ranked by score (float64), equal scores by document id
 * descending, whatever ranks the file gives; documents without a judgement count as grade 0; queries that only one
 * of the two files has are left out; a query without relevant documents scores 0.
 *
 * @param measures names as `RUN_MEASURES` lists them
 * Throws InputError for an unknown measure, or if no query is in both files.
 */
export function scoreRun(qrels: Qrels, run: TrecRun, measures: readonly string[]): RunScores {
  const scorers = measures.map((name) => [name, scorerOf(name)] as const);
  const queries: Record<string, Record<string, number>> = {};
  for (const [query, judgements] of qrels) {
    const entries = run.get(query);
    if (entries === undefined) continue;
    const ranked = rank(entries).map(({ document }) => judgements.get(document) ?? 0);
    const judged = [...judgements.values()];
    queries[query] = Object.fromEntries(scorers.map(([name, score]) => [name, score(ranked, judged) ?? 0]));
  }
  const scored = Object.values(queries);
  if (scored.length === 0) {
    throw new InputError('no query is both in the judgements and in the run', {
      where: 'score',
      got: { qrels: [...qrels.keys()].slice(0, 3), run: [...run.keys()].slice(0, 3) },
      next: 'check that both files are of the same query set',
    });
  }
  const mean = (name: string): number => scored.reduce((sum, each) => sum + each[name]!, 0) / scored.length;
  return { measures: Object.fromEntries(measures.map((name) => [name, mean(name)])), queries };
}

type Scorer = (ranked: Grades, judged: Grades) => number | undefined;

const MEASURES: Readonly<
  Record<string, { cut: 'none' | 'optional' | 'required'; score: (k: number) => Scorer }>
> = {
  ndcg: { cut: 'optional', score: (k) => (ranked, judged) => ndcg(ranked, judged, k) },
  'ndcg.exp': { cut: 'optional', score: (k) => (ranked, judged) => ndcg(ranked, judged, k, 'exponential') },
  mrr: { cut: 'optional', score: (k) => (ranked, judged) => reciprocalRank(ranked, judged, k) },
  map: { cut: 'none', score: () => averagePrecision },
  precision: { cut: 'required', score: (k) => (ranked, judged) => precisionAt(ranked, judged, k) },
  recall: { cut: 'required', score: (k) => (ranked, judged) => relevantRecallAt(ranked, judged, k) },
  success: { cut: 'required', score: (k) => (ranked, judged) => successAt(ranked, judged, k) },
};

/** How the measures of a run are written; k is any positive integer. */
export const RUN_MEASURES = Object.entries(MEASURES).flatMap(([name, { cut }]) => {
  if (cut === 'none') return [name];
  return cut === 'required' ? [`${name}@k`] : [name, `${name}@k`];
});

function scorerOf(text: string): Scorer {
  const [, name, cut] = /^([a-z.]+?)(?:@([1-9]\d*))?$/.exec(text) ?? [];
  const measure = name === undefined || !Object.hasOwn(MEASURES, name) ? undefined : MEASURES[name];
  const wrong = cut === undefined ? measure?.cut === 'required' : measure?.cut === 'none';
  if (measure === undefined || wrong) {
    throw new InputError('unknown measure', {
      where: 'score',
      got: text,
      next: `use one of ${RUN_MEASURES.join(', ')} (k a positive integer)`,
    });
  }
  return measure.score(cut === undefined ? Number.POSITIVE_INFINITY : Number(cut));
}

function rank(entries: readonly RunEntry[]): RunEntry[] {
  return [...entries].sort((a, b) => b.score - a.score || compareBytes(b.document, a.document));
}

/** Order of the UTF-8 bytes, which is that of the code points: what C's strcmp gives. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
  const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
  // Surrogates stand for code points above all others, but lie below U+E000.
  return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
}

function* linesOf(text: string, file: string): Generator<{ where: string; fields: string[] }> {
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#'))
      yield { where: `${file}:${number}`, fields: trimmed.split(/\s+/) };
  }
}

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function twice(where: string, document: string, query: string, what: string): InputError {
  return new InputError(`document "${document}" of query "${query}" is ${what} twice`, {
    where,
    next: 'keep one of the two lines',
  });
}
