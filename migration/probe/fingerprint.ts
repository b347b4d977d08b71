import { messageOf } from '../../common/errors.js';
import type { FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import type { Point, PointValue } from '../../engines/contract/points.js';
import { flatten, record } from '../../engines/kit/check.js';
import { valueAt } from '../../engines/kit/columns.js';
import type { Filter } from '../../filters/filter.js';
import { type FieldValue, matches } from '../../filters/matches.js';
import { refusals } from '../../filters/support.js';
import { elementType, isArrayType } from '../../filters/values.js';
import { filterJson } from './filter-text.js';
import type { Live } from './place.js';
import type { Probe, ProbeName } from './probes.js';

/** How the engine answered a probe, beside what the portable meaning gives for the points that were read. */
export type ProbeResult =
  | {
      probe: ProbeName;
      state: 'same' | 'different';
      field: string;
      filter: Readonly<Record<string, unknown>>;
      expected: number;
      found: number;
    }
  | { probe: ProbeName; state: 'not-asked'; reason: string };

/** Counts how many points pass each of some filters, by the portable meaning. */
export class FilterCounts {
  readonly #filters: readonly Filter[];
  readonly counts: number[];

  constructor(filters: readonly Filter[]) {
    this.#filters = filters;
    this.counts = filters.map(() => 0);
  }

  add({ metadata }: Pick<Point, 'metadata'>): void {
    const flat = flatten(metadata);
    const fieldOf = (name: string) =>
      Object.hasOwn(flat, name) ? (flat[name] as MetadataValue | undefined) : undefined;
    for (const [at, filter] of this.#filters.entries()) if (passes(filter, fieldOf)) this.counts[at]!++;
  }

  /** The same of columns. */
  addColumns(columns: PointColumns): void {
    if (this.#filters.length === 0) return;
    if (!isFlat(columns)) {
      for (let row = 0; row < columns.count; row++) this.add({ metadata: metadataAt(columns, row) });
      return;
    }
    // A value is made once, whatever the number of filters that name its field.
    const values = new Map<string, (MetadataValue | undefined)[]>();
    const valuesOf = (name: string) => {
      const known = values.get(name);
      if (known !== undefined) return known;
      const column = Object.hasOwn(columns.fields, name) ? columns.fields[name] : undefined;
      const made = Array.from(
        { length: columns.count },
        (_, row) => column && (valueAt(column, row) as MetadataValue | undefined),
      );
      values.set(name, made);
      return made;
    };
    for (const [at, filter] of this.#filters.entries()) {
      let passed = 0;
      for (let row = 0; row < columns.count; row++)
        if (passes(filter, (name) => valuesOf(name)[row])) passed++;
      this.counts[at]! += passed;
    }
  }
}

/** Whether fields of columns have their own names: none is an object, whose fields a filter may name. */
function isFlat({ fields }: PointColumns): boolean {
  return Object.values(fields).every(
    (column) =>
      column.type !== null ||
      column.values.every((value) => typeof value !== 'object' || value === null || Array.isArray(value)),
  );
}

function metadataAt({ fields }: PointColumns, row: number): Record<string, PointValue> {
  const metadata = record<PointValue>();
  for (const [name, column] of Object.entries(fields)) {
    const value = valueAt(column, row);
    if (value !== undefined) metadata[name] = value;
  }
  return metadata;
}

/** The meaning of docs/filters.md; a value of another type than the filter's equals nothing that the filter names. */
function passes(filter: Filter, fieldOf: FieldValue): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((each) => passes(each, fieldOf));
    case 'or':
      return filter.filters.some((each) => passes(each, fieldOf));
    case 'not':
      return !passes(filter.filter, fieldOf);
    case 'exists':
      return matches(filter, fieldOf);
    default: {
      const value = fieldOf(filter.field.name) ?? null;
      if (value !== null && !isOfType(filter.field.type, value))
        return filter.op === 'ne' || filter.op === 'nin';
      return matches(filter, fieldOf);
    }
  }
}

function isOfType(type: FieldType, value: MetadataValue): boolean {
  if (Array.isArray(value) !== isArrayType(type)) return false;
  const element = elementType(type);
  const of = (each: MetadataValue) => {
    if (element === 'string' || element === 'boolean') return typeof each === element;
    return typeof each === 'number' || typeof each === 'bigint';
  };
  return Array.isArray(value) ? (value as readonly MetadataValue[]).every(of) : of(value);
}

/** Asks an engine how many points a filter lets through. */
export async function askCount(
  { definition, collection }: Live,
  filter: Filter,
): Promise<{ state: 'asked'; count: number } | { state: 'not-asked'; reason: string }> {
  const { filters } = definition.capabilities;
  const [why] = refusals(filter, filters);
  if (why !== undefined) return { state: 'not-asked', reason: why };
  if (collection.points.matching === undefined)
    return { state: 'not-asked', reason: `${definition.title} cannot count by a filter` };
  try {
    return { state: 'asked', count: await collection.points.matching(filter) };
  } catch (error) {
    return { state: 'not-asked', reason: messageOf(error) };
  }
}

/**
 * Asks a collection each probe.
 * @param live undefined: files answer no filters
 * @param expected by the portable meaning, in the order of the probes that have a filter
 */
export async function fingerprint(
  live: Live | undefined,
  probes: readonly Probe[],
  expected: readonly number[],
): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  let at = 0;
  for (const each of probes) {
    const { probe } = each;
    if ('reason' in each) {
      results.push({ probe, state: 'not-asked', reason: each.reason });
      continue;
    }
    const wanted = expected[at++]!;
    if (live === undefined) {
      results.push({ probe, state: 'not-asked', reason: 'files answer no filters' });
      continue;
    }
    const answer = await askCount(live, each.filter);
    results.push(
      answer.state === 'not-asked'
        ? { probe, state: 'not-asked', reason: answer.reason }
        : {
            probe,
            state: answer.count === wanted ? 'same' : 'different',
            field: each.field,
            filter: filterJson(each.filter),
            expected: wanted,
            found: answer.count,
          },
    );
  }
  return results;
}

/** Those of the probes that have a filter. */
export function filtersOf(probes: readonly Probe[]): Filter[] {
  return probes.flatMap((each) => ('filter' in each ? [each.filter] : []));
}
