import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { QueryFacts } from '../measures/groups.js';
import type { JudgementOf } from '../measures/judged.js';
import { depthSchema, rowsSchema } from '../model/names.js';
import { parseOr, readJson } from './read-json.js';
import type { RunFolder } from './run-folder.js';

/** One measured query of a run that has groups or filters. */
export const runQuerySchema = z.strictObject({
  group: z.string(),
  /** The filter as JSON text (integers of 64 bits as they are); null: none. */
  filter: z.string().nullable(),
  /** Points that pass the filter; null without one. */
  matches: rowsSchema.nullable(),
  /** Hits that count; at most the run's largest k. */
  k: depthSchema,
  /** The field by which rows belong to a tenant; null: the query is about none. */
  tenant: z.string().nullable(),
});

/** `queries.json`. */
export const queriesFileSchema = z.strictObject({
  set: z.string(),
  ids: z.array(z.string()),
  /** In the order of `ids`; absent where no query has a group or filter. */
  queries: z.array(runQuerySchema).optional(),
  /** In the order of `ids`: queries with the same number have the same vector. Absent where all differ. */
  sources: z.array(z.int().min(0)).optional(),
});

/** `judgements.json`: by query number the judged documents as row numbers, and their grades. */
export const judgementsFileSchema = z.strictObject({
  queries: z.record(
    z.string().regex(/^\d{1,8}$/, 'must be the number of a query'),
    z.strictObject({
      /** -1: the dataset does not have the document. */
      rows: z.array(z.int().min(-1)),
      grades: z.array(z.int()),
      /** Grade from which on a document is relevant; absent: 1. */
      level: z.int().optional(),
      /** The query's own document, which is left out of the answers. */
      self: z.int().optional(),
    }),
  ),
});

export type RunQuery = z.infer<typeof runQuerySchema>;
export type QueriesFile = z.infer<typeof queriesFileSchema>;

export function readRunQueries(folder: RunFolder): QueriesFile {
  return parseOr(queriesFileSchema, readJson(folder.queries), folder.queries);
}

/** What measures must know of each query; undefined where none has a group or filter, as in runs of earlier versions. */
export function readQueryFacts(folder: RunFolder): QueryFacts[] | undefined {
  return readRunQueries(folder).queries?.map(({ group, matches, k, tenant }) => ({
    group,
    matches,
    k,
    tenant: tenant !== null,
  }));
}

/** By query number; undefined where no query of the run is judged. */
/** By query number that of its source; undefined where each is its own, and in runs of earlier versions. */
export function querySources(folder: RunFolder): readonly number[] | undefined {
  return readRunQueries(folder).sources;
}

export function readJudgements({ judgements }: RunFolder): JudgementOf | undefined {
  if (!existsSync(judgements)) return undefined;
  const { queries } = parseOr(judgementsFileSchema, readJson(judgements), judgements);
  return new Map(Object.entries(queries).map(([query, each]) => [Number(query), each]));
}
