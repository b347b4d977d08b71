import { InputError } from '../../common/errors.js';
import { parseJson } from '../../common/json.js';
import type { Qrels } from '../dataset.js';
import { cellsOf } from './csv/parse.js';
import { readLines } from './lines.js';

/**
 * Reads relevance judgements, packed or not, in the layouts that are in use:
 * TREC's (query id, a field that is ignored, document id and grade, separated by white space), with or without a heading;
 * BEIR's (a heading that names `query-id`, `corpus-id` and `score`, tabs or commas); JSON Lines with the same names.
 * Grades are integers however written (`1`, `1.0`); negative ones mean "not relevant" and become 0, which in trec_eval is
 * worth the same; lines that begin with # are comments. Throws InputError naming file and line.
 */
export async function readQrels(path: string): Promise<Qrels> {
  const reader = new QrelsReader(path);
  for await (const line of readLines(path)) reader.add(line);
  return reader.qrels;
}

/** The same of a text. */
export function parseQrels(text: string, file = 'qrels'): Qrels {
  const reader = new QrelsReader(file);
  for (const line of text.split('\n')) reader.add(line);
  return reader.qrels;
}

type Role = 'query' | 'document' | 'grade';

const NAMES: Readonly<Record<Role, readonly string[]>> = {
  query: ['queryid', 'qid', 'query', 'topic', 'topicid'],
  document: ['corpusid', 'docid', 'documentid', 'docno', 'pid', 'passageid', 'document', 'doc'],
  grade: ['score', 'rel', 'relevance', 'grade', 'label', 'judgment', 'judgement'],
};

function roleOf(name: string): Role | undefined {
  const plain = name.toLowerCase().replaceAll(/["'_\-\s]/g, '');
  return (Object.keys(NAMES) as Role[]).find((role) => NAMES[role].includes(plain));
}

/** Where a line's parts are, and what separates them. */
interface Layout {
  /** A text separates cells, which may be quoted as in CSV; null: white space. */
  separator: ',' | '\t' | null;
  query: number;
  document: number;
  grade: number;
  fields: number;
}

const TREC: Layout = { separator: null, query: 0, document: 2, grade: 3, fields: 4 };

class QrelsReader {
  readonly qrels = new Map<string, Map<string, number>>();
  readonly #file: string;
  #line = 0;
  #layout: Layout | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  add(raw: string): void {
    this.#line++;
    const line = this.#line === 1 ? raw.replace(/^\uFEFF/, '').trim() : raw.trim();
    if (line === '' || line.startsWith('#')) return;
    if (line.startsWith('{')) {
      this.#addJson(line);
      return;
    }
    if (this.#layout === undefined) {
      const heading = headingOf(line);
      this.#layout = heading ?? TREC;
      if (heading !== undefined) return;
    }
    const { separator, fields: count, query, document, grade } = this.#layout;
    const fields = separator === null ? line.split(/\s+/) : (cellsOf(line, separator) ?? []);
    if (fields.length !== count) throw this.#noJudgement(line);
    this.#judge(fields[query]!, fields[document]!, fields[grade]!, line);
  }

  #addJson(line: string): void {
    let record: unknown;
    try {
      record = parseJson(line);
    } catch (error) {
      throw this.#noJudgement(line, error);
    }
    const found: Partial<Record<Role, string>> = {};
    for (const [key, value] of Object.entries(record as object)) {
      const role = roleOf(key);
      if (role !== undefined && ['string', 'number', 'bigint'].includes(typeof value)) {
        found[role] ??= String(value);
      }
    }
    const { query, document, grade } = found;
    if (query === undefined || document === undefined || grade === undefined) throw this.#noJudgement(line);
    this.#judge(query, document, grade, line);
  }

  #judge(query: string, document: string, text: string, line: string): void {
    const grade = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isInteger(grade)) throw this.#noJudgement(line);
    const judged = this.qrels.get(query) ?? new Map<string, number>();
    this.qrels.set(query, judged);
    if (judged.has(document)) {
      throw new InputError(`document "${document}" of query "${query}" is judged twice`, {
        where: `${this.#file}:${this.#line}`,
        next: 'keep one of the two lines',
      });
    }
    judged.set(document, Math.max(0, grade));
  }

  #noJudgement(line: string, cause?: unknown): InputError {
    return new InputError('is not a judgement', {
      where: `${this.#file}:${this.#line}`,
      got: line,
      next: 'write query id, 0, document id and an integer grade, or three columns with the heading query-id, corpus-id, score',
      cause,
    });
  }
}

/** A first line of names; undefined where it is a judgement already. */
function headingOf(line: string): Layout | undefined {
  const separator = line.includes('\t') ? '\t' : line.includes(',') ? ',' : null;
  const roles = (separator === null ? line.split(/\s+/) : (cellsOf(line, separator) ?? [])).map(roleOf);
  const [query, document, grade] = (['query', 'document', 'grade'] as const).map((role) =>
    roles.indexOf(role),
  );
  if (query! < 0 || document! < 0 || grade! < 0) return undefined;
  return { separator, query: query!, document: document!, grade: grade!, fields: roles.length };
}
