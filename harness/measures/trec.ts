import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
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

/** trec_eval's options that change what is scored. */
export interface ScoreOptions {
  /** -l: the grade from which on a document is relevant; 1 by default. */
  level?: number | undefined;
  /** -c: judged queries that the run does not have count as 0. */
  complete?: boolean | undefined;
  /** BEIR: a document that has the query's id is taken out of its answer. */
  excludeSelf?: boolean | undefined;
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
 * of the two files has are left out (but see `complete`); a query without relevant documents scores 0.
 *
 * @param measures names as `RUN_MEASURES` lists them
 * Throws InputError for an unknown measure, or if no query is in both files.
 */
export function scoreRun(
  qrels: Qrels,
  run: TrecRun,
  measures: readonly string[],
  { level = 1, complete = false, excludeSelf = false }: ScoreOptions = {},
): RunScores {
  const scorers = measures.map((name) => [name, scorerOf(name, level)] as const);
  const queries: Record<string, Record<string, number>> = {};
  for (const [query, judgements] of qrels) {
    const found = run.get(query);
    if (found === undefined && !complete) continue;
    const entries = (found ?? []).filter(({ document }) => !excludeSelf || document !== query);
    const ranked = rank(entries).map(({ document }) => judgements.get(document) ?? 0);
    const judged = [...judgements.values()];
    queries[query] = Object.fromEntries(scorers.map(([name, score]) => [name, score(ranked, judged) ?? 0]));
  }
  const scored = Object.values(queries);
  if (![...qrels.keys()].some((query) => run.has(query))) {
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
  Record<string, { cut: 'none' | 'optional' | 'required'; score: (k: number, level: number) => Scorer }>
> = {
  ndcg: { cut: 'optional', score: (k) => (ranked, judged) => ndcg(ranked, judged, k) },
  'ndcg.exp': { cut: 'optional', score: (k) => (ranked, judged) => ndcg(ranked, judged, k, 'exponential') },
  mrr: { cut: 'optional', score: (k, l) => (ranked, judged) => reciprocalRank(ranked, judged, k, l) },
  map: { cut: 'none', score: (_, l) => (ranked, judged) => averagePrecision(ranked, judged, l) },
  precision: { cut: 'required', score: (k, l) => (ranked, judged) => precisionAt(ranked, judged, k, l) },
  recall: { cut: 'required', score: (k, l) => (ranked, judged) => relevantRecallAt(ranked, judged, k, l) },
  success: { cut: 'required', score: (k, l) => (ranked, judged) => successAt(ranked, judged, k, l) },
};

/** How the measures of a run are written; k is any positive integer. */
export const RUN_MEASURES = Object.entries(MEASURES).flatMap(([name, { cut }]) => {
  if (cut === 'none') return [name];
  return cut === 'required' ? [`${name}@k`] : [name, `${name}@k`];
});

/** trec_eval's own names: `ndcg_cut_10`, `P_10`, `recip_rank`, `recall_100`. */
const TREC_NAMES: Readonly<Record<string, string>> = {
  ndcg_cut: 'ndcg',
  P: 'precision',
  recip_rank: 'mrr',
  recall: 'recall',
  success: 'success',
};

function ownName(text: string): string {
  const [, name, cut] = /^([A-Za-z_]+?)(?:_([1-9]\d*))?$/.exec(text) ?? [];
  const own = name !== undefined && Object.hasOwn(TREC_NAMES, name) ? TREC_NAMES[name] : undefined;
  return own === undefined ? text : cut === undefined ? own : `${own}@${cut}`;
}

function scorerOf(text: string, level: number): Scorer {
  const [, name, cut] = /^([a-z.]+?)(?:@([1-9]\d*))?$/.exec(ownName(text)) ?? [];
  const measure = name === undefined || !Object.hasOwn(MEASURES, name) ? undefined : MEASURES[name];
  const wrong = cut === undefined ? measure?.cut === 'required' : measure?.cut === 'none';
  if (measure === undefined || wrong) {
    throw new InputError(suggest('unknown measure', text, RUN_MEASURES, ''), {
      where: 'score',
      got: text,
      next: `use one of ${RUN_MEASURES.join(', ')} (k a positive integer), or trec_eval's ndcg_cut_10, P_10, recip_rank`,
    });
  }
  return measure.score(cut === undefined ? Number.POSITIVE_INFINITY : Number(cut), level);
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
