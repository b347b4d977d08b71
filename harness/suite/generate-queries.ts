import type { FieldSchema, MetadataColumns } from '../../datasets/dataset.js';
import type { Random } from '../measures/random.js';
import { type Draft, GROUP_MAKERS, type GroupName, type Maker, type Source } from './query-groups.js';

export interface GenerateOptions {
  /** Ids of the set's queries, whose vectors the generated ones take. */
  queryIds: readonly string[];
  groups: readonly GroupName[];
  /** Queries of each group. */
  perGroup: number;
  k: number;
  /** Shares of the points that filters should let through, where a group can aim at one. */
  selectivities: readonly number[];
  /** Field by which rows belong to a tenant; undefined: one is chosen. */
  tenant: string | undefined;
  random: Random;
  /** Number of points that pass a filter. */
  countOf: (filter: unknown) => number;
}

/** One line of the file. */
export interface GeneratedQuery {
  id: string;
  query: string;
  group: GroupName;
  tenant?: string;
  filter: unknown;
}

export interface Generated {
  queries: (GeneratedQuery & { matches: number })[];
  /** What could not be made, a sentence each. */
  notes: string[];
}

/** Draws before a group is given up: a field may not have what the group needs. */
const TRIES = 200;

/**
 * Derives groups of filtered queries from a dataset's metadata: values are drawn from rows, so that filters look like
 * those of users, and every one is counted before it is taken. The same arguments give the same queries.
 */
export function generateQueries(
  fields: readonly FieldSchema[],
  columns: MetadataColumns,
  options: GenerateOptions,
): Generated {
  const { random, perGroup, queryIds, countOf, groups } = options;
  const queries: Generated['queries'] = [];
  const notes: string[] = [];
  const source = sourceOf(fields, columns, options);
  for (const group of groups) {
    const maker: Maker = GROUP_MAKERS[group];
    const width = String(perGroup).length;
    let made = 0;
    for (let tries = 0; made < perGroup && tries < perGroup * TRIES; tries++) {
      const draft: Draft | undefined = maker.make(source, made);
      if (draft === undefined) break;
      const matches = countOf(draft.filter);
      if (!maker.takes(matches, source)) {
        if (tries >= TRIES && made === 0) break;
        continue;
      }
      made++;
      queries.push({
        id: `${group}-${String(made).padStart(width, '0')}`,
        query: queryIds[random.below(queryIds.length)]!,
        group,
        ...(draft.tenant !== undefined && { tenant: draft.tenant }),
        filter: draft.filter,
        matches,
      });
    }
    if (made < perGroup) notes.push(`${group}: ${made} of ${perGroup}; ${maker.needs}`);
  }
  return { queries, notes };
}

function sourceOf(
  fields: readonly FieldSchema[],
  columns: MetadataColumns,
  { k, selectivities, tenant, random }: GenerateOptions,
): Source {
  const count = fields.length === 0 ? 0 : columns[fields[0]!.name]!.length;
  const distinct = memo((name) => new Set(columns[name]!.filter((value) => value !== null)).size);
  const sorted = memo((name) =>
    (columns[name]!.filter((value) => value !== null) as (number | bigint)[]).toSorted((a, b) =>
      a < b ? -1 : a > b ? 1 : 0,
    ),
  );
  const source = {
    fields,
    count,
    k,
    selectivities,
    random,
    column: (name: string) => columns[name]!,
    distinct,
    sorted,
  };
  return { ...source, tenant: tenant ?? likelyTenant({ ...source, tenant: undefined }) };
}

/** The text field that splits the points into the most groups of ten or more on average. */
function likelyTenant({ fields, count, distinct }: Source): string | undefined {
  const fitting = fields
    .filter(({ type }) => type === 'string')
    .map(({ name }) => ({ name, groups: distinct(name) }))
    .filter(({ groups }) => groups >= 2 && groups <= count / 10);
  return fitting.toSorted((a, b) => b.groups - a.groups)[0]?.name;
}

function memo<T>(make: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    if (!known.has(name)) known.set(name, make(name));
    return known.get(name)!;
  };
}
