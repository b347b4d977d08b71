import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../../common/errors.js';
import type { Qrels, QuerySet } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import { unknownQuery } from '../suite/filtered-queries.js';
import type { QuerySelections } from '../truth/selections.js';
import type { GroupedQuery } from './run-queries.js';

/** By number of a measured query: judged documents as rows of the dataset, with their grades. */
export type Judgements = ReadonlyMap<number, { rows: number[]; grades: number[] }>;

interface Judged {
  judged: ReadonlyMap<string, number>;
  /** Where the judgement of a document stands. */
  where: (document: string) => string;
}

const BATCH = 4096;

/**
 * Finds the judged documents in the dataset; only their ids are held.
 * @throws InputError naming the place of a judgement on a document that is not there
 */
export function judgementsOf(queries: ReadonlyMap<number, Judged>, points: PreparedMetadata): Judgements {
  const rows = new Map<string, number>();
  for (const { judged } of queries.values()) for (const document of judged.keys()) rows.set(document, -1);
  for (let start = 0; start < points.count; start += BATCH) {
    const { ids } = points.read(start, Math.min(BATCH, points.count - start));
    for (const [i, id] of ids.entries()) if (rows.has(id)) rows.set(id, start + i);
  }
  return new Map(
    [...queries].map(([query, { judged, where }]) => {
      for (const document of judged.keys()) {
        if (rows.get(document)! >= 0) continue;
        throw new InputError(
          `a judgement names the document "${document}", which the dataset does not have`,
          {
            where: where(document),
            next: 'correct the id, or take the line out: an ideal with documents that cannot be found is unfair',
          },
        );
      }
      const found = [...judged.keys()].map((document) => rows.get(document)!);
      return [query, { rows: found, grades: [...judged.values()] }];
    }),
  );
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
    const lost = rows.filter((row, i) => grades[i]! > 0 && !selection.has(row)).length;
    if (lost > 0) queries.push(query);
    count += lost;
  }
  if (count === 0) return undefined;
  const { where } = grouped[queries[0]!]!;
  return `relevant documents that fail the query's filter: ${count} judgements of ${queries.length} queries (first: ${where}); no right answer can hold them, so nDCG and MAP stay below 1`;
}

/** @throws InputError naming the place of the first judgement on a query that the set does not have */
export function checkJudgedQueries(qrels: Qrels, set: Pick<QuerySet, 'name' | 'ids'>, file: string): void {
  const ids = new Set(set.ids);
  for (const query of qrels.keys()) {
    if (ids.has(query)) continue;
    throw new InputError(`a judgement names the query "${query}", which the set ${set.name} does not have`, {
      where: judgementPlace(file, query, undefined),
      next: unknownQuery('correct the id or take the line out', query, set.ids),
    });
  }
}

/** `qrels.tsv:17`; only looked up once something is wrong. */
export function judgementPlace(file: string, query: string, document: string | undefined): string {
  try {
    const bytes = readFileSync(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const at = text.split('\n').findIndex((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[0] === query && (document === undefined || fields[2] === document);
    });
    return at < 0 ? file : `${file}:${at + 1}`;
  } catch {
    // The file is read a second time only to say where: without it the message names the file.
    return file;
  }
}
