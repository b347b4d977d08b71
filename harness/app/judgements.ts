import { gunzipSync } from 'node:zlib';
import { InputError } from '../../common/errors.js';
import { MOST_RECORD, readRegular } from '../../common/regular-file.js';
import type { Qrels, QuerySet } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import { NO_ROW } from '../model/samples.js';
import { unknownQuery } from '../suite/filtered-queries.js';
import type { QuerySelections } from '../truth/selections.js';
import type { GroupedQuery } from './run-queries.js';

/** By number of a measured query: judged documents as rows of the dataset (-1: not there), with their grades. */
export type Judgements = ReadonlyMap<
  number,
  { rows: number[]; grades: number[]; level?: number | undefined; self?: number | undefined }
>;

export interface Judged {
  judged: ReadonlyMap<string, number>;
  /** The query's id in its set, if its own document is to be left out. */
  self: string | undefined;
  /** Where the judgement of a document stands. */
  where: (document: string) => string;
}

/** How judgements are used; see `relevance` of a suite. */
export interface RelevanceOptions {
  level: number;
  excludeSelf: boolean;
  missing: 'ideal' | 'drop' | 'refuse';
}

const BATCH = 4096;

/**
 * Finds the judged documents in the dataset; only their ids are held. Those that are not there are counted and told.
 *
 * @param idOf what the points' id is, in words: `column "id" (int64)`
 * @throws InputError naming the place of a judgement on a document that is not there, if such are refused or none is there
 */
export function judgementsOf(
  queries: ReadonlyMap<number, Judged>,
  points: PreparedMetadata,
  options: RelevanceOptions,
  idOf = 'not stated',
): { judgements: Judgements; warnings: string[] } {
  const rows = new Map<string, number>();
  const selves = new Map<string, number>();
  for (const { judged, self } of queries.values()) {
    for (const document of judged.keys()) rows.set(document, NO_ROW);
    if (self !== undefined) selves.set(self, NO_ROW);
  }
  for (let start = 0; start < points.count; start += BATCH) {
    const { ids } = points.read(start, Math.min(BATCH, points.count - start));
    for (const [i, id] of ids.entries()) {
      if (rows.has(id)) rows.set(id, start + i);
      if (selves.has(id)) selves.set(id, start + i);
    }
  }
  const missing = [...rows].filter(([, row]) => row < 0).map(([document]) => document);
  const warnings = missingWarnings(missing, rows.size, queries, options, idOf);
  const judgements = new Map(
    [...queries].map(([query, { judged, self }]) => {
      const kept = [...judged].filter(
        ([document]) => options.missing === 'ideal' || rows.get(document)! >= 0,
      );
      const own = self === undefined ? NO_ROW : selves.get(self)!;
      const judgement = {
        rows: kept.map(([document]) => rows.get(document)!),
        grades: kept.map(([, grade]) => grade),
        ...(options.level !== 1 && { level: options.level }),
        ...(options.excludeSelf && own >= 0 && { self: own }),
      };
      return [query, judgement] as const;
    }),
  );
  const own = [...queries.values()].filter(({ self }) => self !== undefined && selves.get(self)! >= 0).length;
  if (own * 2 > queries.size && !options.excludeSelf) {
    warnings.push(
      `${own} of ${queries.size} judged queries have the id of a point: if it is the query's own document, BEIR leaves it out of the answer (relevance: { excludeSelf: true })`,
    );
  }
  return { judgements, warnings };
}

/**
 * What to say of judgements that no right answer can earn, since the document fails the query's filter; undefined where
 * there is none. They stay in the ideal, so that nDCG and MAP cannot reach 1.
 */
export function unreachableJudgements(
  judgements: Judgements,
  grouped: readonly Pick<GroupedQuery, 'where'>[],
  { of, list }: QuerySelections,
): string | undefined {
  let count = 0;
  const queries: number[] = [];
  for (const [query, { rows, grades }] of judgements) {
    const selection = list[of[query]!];
    if (selection === undefined) continue;
    const lost = rows.filter((row, i) => grades[i]! > 0 && row >= 0 && !selection.has(row)).length;
    if (lost > 0) queries.push(query);
    count += lost;
  }
  if (count === 0) return undefined;
  const { where } = grouped[queries[0]!]!;
  return `relevant documents that fail the query's filter: ${count} judgements of ${queries.length} queries (first: ${where}); no right answer can hold them, so nDCG and MAP stay below 1`;
}

function missingWarnings(
  missing: readonly string[],
  judged: number,
  queries: ReadonlyMap<number, Judged>,
  options: RelevanceOptions,
  idOf: string,
): string[] {
  const [first] = missing;
  if (first === undefined) return [];
  const where = [...queries.values()].find((query) => query.judged.has(first))!.where(first);
  if (missing.length === judged || options.missing === 'refuse') {
    const all = missing.length === judged ? `, nor any other of the ${judged} that are judged` : '';
    throw new InputError(`a judgement names the document "${first}", which the dataset does not have${all}`, {
      where,
      next: `correct the id, or take the line out; the points' id is ${idOf} (--id, or dataset.id in a suite, chooses another column)`,
    });
  }
  const told = `${missing.length} of ${judged} judged documents are not in the dataset (the first: "${first}", ${where})`;
  return [
    options.missing === 'ideal'
      ? `${told}: they count as never found, as in trec_eval (relevance: { missing: drop } leaves them out)`
      : `${told}: they are left out`,
  ];
}

/**
 * Judged queries that the set does not have, in words.
 * @throws InputError naming the place of the first, if such are refused or no judged query is in the set
 */
export function checkJudgedQueries(
  qrels: Qrels,
  set: Pick<QuerySet, 'name' | 'ids'>,
  file: string,
  { missing }: RelevanceOptions,
): string[] {
  const ids = new Set(set.ids);
  const lacking = [...qrels.keys()].filter((query) => !ids.has(query));
  const [query] = lacking;
  if (query === undefined) return [];
  const where = judgementPlace(file, query, undefined);
  if (missing !== 'refuse' && lacking.length < qrels.size) {
    return [
      `${lacking.length} of ${qrels.size} judged queries are not in the set ${set.name} (the first: "${query}", ${where}); they are left out`,
    ];
  }
  throw new InputError(`a judgement names the query "${query}", which the set ${set.name} does not have`, {
    where,
    next: unknownQuery('correct the id or take the line out', query, set.ids),
  });
}

/** `qrels.tsv:17`; only looked up once something is wrong. */
export function judgementPlace(file: string, query: string, document: string | undefined): string {
  try {
    const bytes = readRegular(file);
    const text = (bytes[0] === 0x1f ? gunzipSync(bytes, { maxOutputLength: MOST_RECORD }) : bytes).toString(
      'utf8',
    );
    const at = text.split('\n').findIndex((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[0] === query && (document === undefined || fields.includes(document));
    });
    return at < 0 ? file : `${file}:${at + 1}`;
  } catch {
    // The file is read a second time only to say where: without it the message names the file.
    return file;
  }
}
