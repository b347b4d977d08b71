import { InputError, messageOf } from '../../common/errors.js';
import { faultText } from '../../common/faults.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { Point } from '../../engines/contract/points.js';
import { flatten } from '../../engines/kit/check.js';
import type { Filter } from '../../filters/filter.js';
import { matches } from '../../filters/matches.js';
import { filterShape, writeFilter } from '../../filters/write.js';
import { groupFilter } from '../../harness/suite/filtered-queries.js';
import { parseQueryFile, placeLineFaults } from '../../harness/suite/query-file.js';
import { fieldsOf, translateFilter } from './filters.js';
import type { MappedField, MappedFilter } from './mapping.js';

/** What the application asks, from its queries. */
export interface Application {
  queries: number;
  k: number | undefined;
  filters: readonly { filter: Filter; text: string; group: string; queries: number }[];
  /** Fields that filters name. */
  filterable: ReadonlySet<string>;
  /** Fields that bind queries to one tenant's rows. */
  tenants: ReadonlySet<string>;
}

/**
 * Reads a query file as far as a mapping depends on it: its filters, over the fields of the export.
 * @throws InputError with every fault and its line
 */
export function readApplication(path: string, shown: string, fields: readonly FieldSchema[]): Application {
  let text: string;
  try {
    text = readRegularText(path, MOST_RECORD);
  } catch (error) {
    throw new InputError(`the query file cannot be read: ${messageOf(error)}`, {
      where: shown,
      cause: error,
    });
  }
  const { entries, faults } = parseQueryFile(text);
  const filters = new Map<string, { filter: Filter; text: string; group: string; queries: number }>();
  const filterable = new Set<string>();
  const tenants = new Set<string>();
  for (const entry of entries) {
    const { checked, faults: wrong } = groupFilter(entry, fields);
    faults.push(...wrong.map((each) => ({ line: entry.line, ...each })));
    if (checked.filter === null || checked.text === null) continue;
    for (const name of fieldsOf(checked.filter)) filterable.add(name);
    if (checked.tenant !== null) tenants.add(checked.tenant.field);
    const known = filters.get(checked.text);
    if (known !== undefined) known.queries++;
    else
      filters.set(checked.text, {
        filter: checked.filter,
        text: checked.text,
        group: checked.group,
        queries: 1,
      });
  }
  if (faults.length > 0) {
    const words = placeLineFaults(shown, faults).map(faultText);
    throw new InputError(words.join('\n'), { next: 'correct the lines, or take them out' });
  }
  const ks = entries.flatMap(({ k }) => (k === undefined ? [] : [k]));
  return {
    queries: entries.length,
    k: ks.length === 0 ? undefined : Math.max(...ks),
    filters: [...filters.values()],
    filterable,
    tenants,
  };
}

/** Filters by their shape, each with what becomes of it in the target. */
export function mapFilters(
  { filters }: Application,
  fields: readonly MappedField[],
  target: Capabilities,
  native: (filter: Filter) => string | null = () => null,
): MappedFilter[] {
  const shapes = new Map<string, MappedFilter>();
  for (const { filter, text, group, queries } of filters) {
    const shape = filterShape(filter);
    const known = shapes.get(shape);
    if (known !== undefined) {
      known.queries += queries;
      continue;
    }
    const found = translateFilter(filter, fields, target);
    shapes.set(shape, {
      shape,
      queries,
      group,
      state: found.state,
      source: text,
      target: found.state === 'untranslatable' ? null : JSON.stringify(writeFilter(found.filter)),
      native: found.state === 'untranslatable' ? null : native(found.filter),
      why: found.why,
    });
  }
  return [...shapes.values()];
}

/** Filters of which the points that pass are counted, at most: each is held against every point. */
const MOST_COUNTED = 100;

/** Counts the points that pass each filter. */
export class Selectivity {
  readonly #filters: readonly Filter[];
  readonly #passing: number[];
  #points = 0;

  constructor({ filters }: Application) {
    this.#filters = filters.slice(0, MOST_COUNTED).map(({ filter }) => filter);
    this.#passing = this.#filters.map(() => 0);
  }

  add({ metadata }: Point): void {
    this.#points++;
    const flat = flatten(metadata) as Readonly<Record<string, never>>;
    const fieldOf = (name: string) => (Object.hasOwn(flat, name) ? flat[name] : undefined);
    this.#filters.forEach((filter, i) => {
      if (matches(filter, fieldOf)) this.#passing[i]!++;
    });
  }

  /** By filter the share of the points that pass. */
  shares(): number[] {
    return this.#points === 0 ? [] : this.#passing.map((count) => count / this.#points);
  }
}
