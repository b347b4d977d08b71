import { InputError, messageOf } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { DatasetInfo, QuerySet } from '../../datasets/dataset.js';
import { conditionsOf } from '../../filters/filter.js';
import { SuiteError } from '../suite/faults.js';
import { type CheckedQuery, checkQueries, type GroupFilter, groupFilter } from '../suite/filtered-queries.js';
import { parseQueryFile, placeLineFaults } from '../suite/query-file.js';
import type { Suite } from '../suite/schema.js';

/** What a suite says of groups and filters. */
export interface QueriesRequest {
  /** Query file: as written, and where it is. */
  file: { shown: string; path: string } | null;
  filters: NonNullable<Suite['filters']>;
  /** Fields that engines load in any case. */
  fields: readonly string[];
  maxK: number;
  /** Faults of the suite as one error with their places. */
  fail: (faults: readonly Fault[]) => Error;
}

/** One query to be measured, with its group. */
export interface GroupedQuery extends GroupFilter {
  id: string;
  /** Number of the set's query whose vector it has, or its own vector. */
  source: number | Float32Array;
  k: number;
  judgements?: Readonly<Record<string, number>> | undefined;
  /** For messages. */
  where: string;
}

/**
 * The queries of a query file, or each of the suite's filters on each query of the set; checked completely.
 *
 * @param choose which of so many queries are measured
 * @throws SuiteError with every fault and its place
 */
export function groupQueries(
  info: DatasetInfo,
  all: QuerySet,
  request: QueriesRequest,
  choose: (count: number) => Int32Array,
): GroupedQuery[] {
  checkFields(info, request);
  if (request.file !== null) {
    const queries = readQueryFile(info, all, request, request.file);
    const { shown } = request.file;
    return Array.from(choose(queries.length), (at) => ({
      ...queries[at]!,
      where: `${shown}:${queries[at]!.line}`,
    }));
  }
  const groups = checkFilters(info, request);
  const measured = choose(all.count);
  return groups.flatMap(({ name, ...group }) =>
    Array.from(measured, (at) => {
      const id = `${all.ids[at]}#${name}`;
      return { ...group, id, source: at, k: request.maxK, where: id };
    }),
  );
}

function readQueryFile(
  info: DatasetInfo,
  all: QuerySet,
  { maxK }: QueriesRequest,
  { path, shown }: { path: string; shown: string },
): CheckedQuery[] {
  let text: string;
  try {
    text = readRegularText(path, MOST_RECORD);
  } catch (error) {
    throw new InputError(`the query file cannot be read: ${messageOf(error)}`, {
      where: path,
      next: 'check queries.file; relative paths start at the suite',
      cause: error,
    });
  }
  const read = parseQueryFile(text);
  const checked = checkQueries(read.entries, {
    fields: info.fields,
    dimensions: info.dimensions,
    ids: new Map(all.ids.map((id, i) => [id, i])),
    set: all.name,
    maxK,
    cosine: info.metric === 'cosine',
  });
  const faults = [...read.faults, ...checked.faults];
  if (faults.length > 0) throw new SuiteError(placeLineFaults(shown, faults));
  return checked.queries;
}

/** The suite's filters, each with a name of its own: its group, numbered from the second of the same group on. */
function checkFilters(
  info: DatasetInfo,
  { filters, fail }: QueriesRequest,
): (GroupFilter & { name: string })[] {
  const faults: Fault[] = [];
  const seen = new Map<string, number>();
  const groups = filters.map((entry, i) => {
    const { checked, faults: wrong } = groupFilter(entry, info.fields);
    faults.push(...wrong.map((fault) => ({ ...fault, path: ['filters', i, ...fault.path] })));
    const nth = (seen.get(entry.group) ?? 0) + 1;
    seen.set(entry.group, nth);
    return { ...checked, name: nth === 1 ? entry.group : `${entry.group}.${nth}` };
  });
  if (faults.length > 0) throw fail(faults);
  return groups;
}

function checkFields(info: DatasetInfo, { fields, fail }: QueriesRequest): void {
  const known = info.fields.map(({ name }) => name);
  const faults = fields.flatMap((name, i) =>
    known.includes(name)
      ? []
      : [{ path: ['fields', i], what: suggest('is no field of the dataset', name, known), got: name }],
  );
  if (faults.length > 0) throw fail(faults);
}

/** Fields that filters or the suite name, in the dataset's order. */
export function neededFields(
  info: DatasetInfo,
  grouped: readonly GroupFilter[],
  request: QueriesRequest | undefined,
): string[] {
  const named = new Set(request?.fields);
  for (const { filter } of grouped)
    for (const { field } of filter === null ? [] : conditionsOf(filter)) named.add(field.name);
  return info.fields.map(({ name }) => name).filter((name) => named.has(name));
}
