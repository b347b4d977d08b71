import type { FieldSchema, MetadataColumns } from '../../datasets/dataset.js';
import { openPreparedMetadata, type PreparedMetadata } from '../../datasets/prepare.js';
import type { NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import { conditionsOf, type Filter } from '../../filters/filter.js';
import { matches } from '../../filters/matches.js';
import { FLAW } from '../measures/filters.js';
import type { PlannedBuild } from '../model/plan.js';
import type { Samples } from '../model/samples.js';

/** Groups and filters of a run's queries, in the order of the queries. */
export interface RunFiltering {
  queries: readonly {
    group: string;
    filter: Filter | null;
    /** The filter as written: the same text is the same filter. */
    text: string | null;
    k: number;
    tenant: { field: string; filter: Filter } | null;
  }[];
  metadata: { folder: string; fields: readonly FieldSchema[] } | undefined;
  /** Fields that engines load in any case. */
  extraFields: readonly string[];
}

/** In `filterOf` and `tenantOf`: the query has none. */
export const NO_FILTER = -1;

/** What a build's process needs of them. Queries are named by their number. */
export interface JobFiltering {
  /** Each filter once. */
  filters: readonly Filter[];
  /** By query its filter's index, or `NO_FILTER`. */
  filterOf: Int32Array;
  tenants: readonly Filter[];
  tenantOf: Int32Array;
  /** By query the hits that count. */
  ks: Int32Array;
  /** Queries that are sent, ascending: the groups that the engine does not refuse. */
  send: Int32Array;
  metadata: RunFiltering['metadata'];
  /** Fields that the engine loads. */
  load: readonly string[];
}

export function jobFiltering(
  { queries, metadata, extraFields }: RunFiltering,
  { refused = {} }: PlannedBuild,
): JobFiltering {
  const filters = distinct(queries.map(({ text, filter }) => ({ text, filter })));
  const tenants = distinct(
    queries.map(({ tenant, text }) => ({
      text: tenant && `${tenant.field} ${text}`,
      filter: tenant?.filter ?? null,
    })),
  );
  const send = queries.flatMap(({ group }, i) => (Object.hasOwn(refused, group) ? [] : [i]));
  const named = new Set(extraFields);
  for (const i of send) {
    const { filter } = queries[i]!;
    for (const { field } of filter === null ? [] : conditionsOf(filter)) named.add(field.name);
  }
  return {
    filters: filters.filters,
    filterOf: filters.of,
    tenants: tenants.filters,
    tenantOf: tenants.of,
    ks: Int32Array.from(queries, ({ k }) => k),
    send: Int32Array.from(send),
    metadata,
    load: (metadata?.fields ?? []).map(({ name }) => name).filter((name) => named.has(name)),
  };
}

function distinct(given: readonly { text: string | null; filter: Filter | null }[]) {
  const numbers = new Map<string, number>();
  const filters: Filter[] = [];
  const of = Int32Array.from(given, ({ text, filter }) => {
    if (text === null || filter === null) return NO_FILTER;
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, filters.length);
    filters.push(filter);
    return filters.length - 1;
  });
  return { filters, of };
}

/** The fields that an engine creates its collection with; undefined: vectors alone. */
export function loadedFields(filtering: JobFiltering | undefined): FieldSchema[] | undefined {
  if (filtering === undefined || filtering.load.length === 0) return undefined;
  return filtering.metadata!.fields.filter(({ name }) => filtering.load.includes(name));
}

/** The prepared metadata of a job, if it has some. */
export function openMetadata(
  filtering: JobFiltering | undefined,
  count: number,
): PreparedMetadata | undefined {
  const metadata = filtering?.metadata;
  return metadata && openPreparedMetadata(metadata.folder, metadata.fields, count);
}

/** Columns of a batch for the engine. */
export function loadedColumns(
  metadata: PreparedMetadata,
  { load }: JobFiltering,
  start: number,
  count: number,
): MetadataColumns {
  const { columns } = metadata.read(start, count);
  return Object.fromEntries(load.map((name) => [name, columns[name]!]));
}

/** The engine's own form of every query's filter; each filter is translated once. */
export async function translateFilters(
  search: PreparedSearch,
  { filters, filterOf, send }: JobFiltering,
): Promise<(NativeFilter | undefined)[]> {
  const natives = new Map<number, NativeFilter>();
  for (const query of send) {
    const at = filterOf[query]!;
    if (at === NO_FILTER || natives.has(at)) continue;
    if (search.translate === undefined) throw new Error('the engine declares filters but translates none');
    natives.set(at, await search.translate(filters[at]!));
  }
  return Array.from(filterOf, (at) => (at === NO_FILTER ? undefined : natives.get(at)));
}

/**
 * Fills `samples.flaws` from the dataset's own metadata: every returned row is held against its query's filter, and
 * against whose rows the query may see. Outside the timed region; one row is read at a time.
 *
 * @param heldBy where points are written meanwhile, by sample: rows of the dataset whose metadata a point may have had
 */
export function findFlaws(
  samples: Samples,
  filtering: JobFiltering,
  metadata: PreparedMetadata,
  heldBy?: (sample: number, row: number) => HeldMetadata,
): void {
  const { k, rows, query, returned, length } = samples;
  const { filters, filterOf, tenants, tenantOf } = filtering;
  const flaws = new Uint8Array(length * k);
  const known = new Map<number, number>();
  const flawOf = (q: number, row: number): number => {
    const pair = q * metadata.count + row;
    let flaw = known.get(pair);
    if (flaw === undefined) {
      const { columns } = metadata.read(row, 1);
      const fieldOf = (name: string) => columns[name]?.[0];
      const foreign = tenantOf[q]! !== NO_FILTER && !matches(tenants[tenantOf[q]!]!, fieldOf);
      const fails = !matches(filters[filterOf[q]!]!, fieldOf);
      flaw = (fails ? FLAW.filter : 0) + (foreign ? FLAW.tenant : 0);
      known.set(pair, flaw);
    }
    return flaw;
  };
  for (let i = 0; i < length; i++) {
    const q = query[i]!;
    if (filterOf[q]! === NO_FILTER) continue;
    for (let j = i * k; j < i * k + Math.max(0, returned[i]!); j++) {
      const row = rows[j]!;
      if (row < 0) continue;
      if (heldBy === undefined) flaws[j] = flawOf(q, row);
      else {
        const { rows: may, outdated } = heldBy(i, row);
        const flaw = may.reduce((both, each) => both & flawOf(q, each), FLAW.filter | FLAW.tenant);
        const old = flaw !== 0 && outdated !== undefined && flawOf(q, outdated) === 0;
        flaws[j] = flaw | (old ? FLAW.outdated : 0);
      }
    }
  }
  samples.flaws = flaws;
}

/** What the metadata of a point were while a query was on its way, as rows of the dataset that have them. */
export interface HeldMetadata {
  /** One, or two where they were replaced meanwhile: the query may rightly have met either. */
  rows: readonly number[];
  /** What they had been, where they were replaced before. */
  outdated?: number | undefined;
}
