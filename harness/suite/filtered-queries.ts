import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import { parseFilter } from '../../filters/parse.js';
import type { LineFault, QueryEntry } from './query-file.js';

/** A filter with what it is about, checked against the dataset's fields. */
export interface GroupFilter {
  group: string;
  /** Null: none. */
  filter: Filter | null;
  /** As written, JSON. */
  text: string | null;
  /** The part of the filter that says whose rows a query may see. */
  tenant: { field: string; filter: Filter } | null;
}

/** A query of a query file that is known to fit the dataset. */
export interface CheckedQuery extends GroupFilter {
  id: string;
  /** Number of the set's query whose vector it has, or its own vector. */
  source: number | Float32Array;
  k: number;
  judgements: Readonly<Record<string, number>> | undefined;
  line: number;
}

/** Groups whose queries see one tenant's rows: their filter's only field is the tenant's unless another is named. */
const TENANT_GROUPS = ['tenant', 'permission'];

/** Checks filter and tenant of a suite's entry or of a query; paths begin at the entry. Pure. */
export function groupFilter(
  given: { group: string; filter?: unknown; tenant?: string | undefined },
  fields: readonly FieldSchema[],
): { checked: GroupFilter; faults: Fault[] } {
  const { group } = given;
  const none = { group, filter: null, text: null, tenant: null };
  if (given.filter === undefined || given.filter === null) {
    if (given.tenant === undefined) return { checked: none, faults: [] };
    return {
      checked: none,
      faults: [{ path: ['tenant'], what: 'needs a filter on that field', got: given.tenant }],
    };
  }
  const parsed = parseFilter(given.filter, fields);
  if (parsed.state === 'invalid') {
    const faults = parsed.faults.map((fault) => ({ ...fault, path: ['filter', ...fault.path] }));
    return { checked: none, faults };
  }
  const { filter } = parsed;
  const checked = { group, filter, text: JSON.stringify(given.filter), tenant: null };
  const field = given.tenant ?? impliedTenant(group, filter);
  if (field === undefined) return { checked, faults: [] };
  if (!fields.some(({ name }) => name === field)) {
    const known = fields.map(({ name }) => name);
    const what = suggest('is no field of the dataset', field, known);
    return { checked, faults: [{ path: ['tenant'], what, got: field }] };
  }
  const own = boundTo(filter, field);
  if (own === undefined) {
    const what = `must be a field that the filter binds with $eq or $in, e.g. {"${field}": "…"}`;
    return { checked, faults: [{ path: ['tenant'], what, got: field }] };
  }
  return { checked: { ...checked, tenant: { field, filter: own } }, faults: [] };
}

function impliedTenant(group: string, filter: Filter): string | undefined {
  if (!TENANT_GROUPS.includes(group)) return undefined;
  const bound = (filter.op === 'and' ? filter.filters : [filter]).flatMap((each) =>
    each.op === 'eq' || each.op === 'in' ? [each.field.name] : [],
  );
  return bound.length === 1 ? bound[0] : undefined;
}

/** The conditions that bind a field and that all rows must meet. */
function boundTo(filter: Filter, field: string): Filter | undefined {
  const parts = (filter.op === 'and' ? filter.filters : [filter]).filter(
    (each) => (each.op === 'eq' || each.op === 'in') && each.field.name === field,
  );
  return parts.length < 2 ? parts[0] : { op: 'and', filters: parts };
}

export interface QueryKnowledge {
  fields: readonly FieldSchema[];
  dimensions: number;
  /** Number of each query of the set, by id. */
  ids: ReadonlyMap<string, number>;
  set: string;
  /** Largest k of the suite. */
  maxK: number;
  /** A vector without direction is a fault. */
  cosine: boolean;
}

/** What can be said of a query file without reading a point of the dataset. Pure; all faults at once. */
export function checkQueries(
  entries: readonly QueryEntry[],
  known: QueryKnowledge,
): { queries: CheckedQuery[]; faults: LineFault[] } {
  const faults: LineFault[] = [];
  const queries = entries.flatMap((entry): CheckedQuery[] => {
    const { line } = entry;
    const before = faults.length;
    const { checked, faults: wrong } = groupFilter(entry, known.fields);
    faults.push(...wrong.map((each) => ({ line, ...each })));
    const source = sourceOf(entry, known, (path, what, got) => faults.push({ line, path, what, got }));
    if (entry.k !== undefined && entry.k > known.maxK) {
      faults.push({
        line,
        path: ['k'],
        what: `must be at most the suite’s largest k, ${known.maxK}`,
        got: entry.k,
      });
    }
    if (source === undefined || faults.length > before) return [];
    const { id, judgements, k = known.maxK } = entry;
    return [{ ...checked, id, source, k, judgements, line }];
  });
  return { queries, faults };
}

function sourceOf(
  { query, vector }: QueryEntry,
  { ids, set, dimensions, cosine }: QueryKnowledge,
  fault: (path: string[], what: string, got: unknown) => void,
): number | Float32Array | undefined {
  if (query !== undefined) {
    const at = ids.get(query);
    if (at === undefined)
      fault(['query'], unknownQuery(`is no query of the set ${set}`, query, [...ids.keys()]), query);
    return at;
  }
  if (vector!.length !== dimensions) {
    fault(['vector'], `must have the ${dimensions} dimensions of the dataset`, `${vector!.length} numbers`);
    return undefined;
  }
  const numbers = Float32Array.from(vector!);
  if (!numbers.every(Number.isFinite)) fault(['vector'], 'has a component beyond float32', undefined);
  if (cosine && numbers.every((each) => each === 0))
    fault(['vector'], 'is zero, which has no direction', undefined);
  return numbers;
}

/** `suggest` for ids of queries. A set can have thousands: where none is near, the first shows what ids look like. */
export function unknownQuery(message: string, query: string, ids: readonly string[]): string {
  const compared = ids.length <= MOST_COMPARED ? ids : [];
  return suggest(message, query, compared, ids.length === 0 ? '' : `Its ids are such as "${ids[0]}".`);
}

const MOST_COMPARED = 20_000;
