import { formatTimestamp } from '../../common/timestamps.js';
import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import type { Random } from '../measures/random.js';

export const GROUP_NAMES = [
  'negative',
  'restrictive',
  'tenant',
  'recency',
  'null-sensitive',
  'array',
  'broad',
] as const;
export type GroupName = (typeof GROUP_NAMES)[number];

/** What makers draw from. */
export interface Source {
  fields: readonly FieldSchema[];
  count: number;
  k: number;
  selectivities: readonly number[];
  tenant: string | undefined;
  random: Random;
  column(name: string): readonly MetadataValue[];
  /** Different values of a field, without nulls. */
  distinct(name: string): number;
  /** Values of a number or time field, ascending. */
  sorted(name: string): readonly (number | bigint)[];
}

export interface Draft {
  filter: unknown;
  tenant?: string;
}

export interface Maker {
  /** A filter to be counted; undefined: the dataset has no field for it. `made`: queries of the group so far. */
  make(source: Source, made: number): Draft | undefined;
  takes(matches: number, source: Source): boolean;
  /** What the group needs, for the note where it could not be made. */
  needs: string;
}

/** How each group is made and what a filter of it must match. */
export const GROUP_MAKERS: Readonly<Record<GroupName, Maker>> = {
  negative: {
    make: (source) => combine(source, 2, (field) => oneOf(source, field)),
    takes: (matches) => matches === 0,
    needs: 'needs values of two fields that no point has together',
  },
  restrictive: {
    make(source) {
      const row = source.random.below(source.count);
      const size = 1 + source.random.below(3);
      return combine(source, size, (field) => source.column(field.name)[row] ?? undefined);
    },
    takes: (matches, { k }) => matches >= 1 && matches <= k,
    needs: 'needs values that at most k points have together',
  },
  tenant: {
    make(source) {
      const { tenant } = source;
      if (tenant === undefined) return undefined;
      const value = oneOf(source, source.fields.find(({ name }) => name === tenant)!);
      return value === undefined ? undefined : { filter: { [tenant]: value }, tenant };
    },
    // Without the tenant's value there is nobody whose rows they are.
    takes: (matches, { count }) => matches >= 1 && matches < count,
    needs: 'needs a text field that says whose a point is; name it with --tenant',
  },
  recency: {
    make(source, made) {
      const field = pick(source, (each) => ['integer', 'float', 'timestamp'].includes(each.type));
      if (field === undefined) return undefined;
      const share = source.selectivities[made % source.selectivities.length]!;
      const values = source.sorted(field.name);
      if (values.length === 0) return { filter: { [field.name]: { $exists: true } } };
      const wanted = Math.max(1, Math.round(share * source.count));
      const from = source.random.below(Math.max(1, values.length - wanted + 1));
      const newest = source.random.below(2) === 0 || from + wanted >= values.length;
      const low = values[newest ? Math.max(0, values.length - wanted) : from]!;
      const bound = { $gte: written(low, field) };
      if (newest) return { filter: { [field.name]: bound } };
      return { filter: { [field.name]: { ...bound, $lt: written(values[from + wanted]!, field) } } };
    },
    takes: (matches, { count }) => matches >= 1 && matches < count,
    needs: 'needs a field of numbers or times',
  },
  'null-sensitive': {
    make(source) {
      const field = pick(
        source,
        ({ name, type }) => type !== 'boolean[]' && source.column(name).includes(null),
      );
      if (field === undefined) return undefined;
      const value = oneOf(source, field);
      const exists = { [field.name]: { $exists: source.random.below(2) === 0 } };
      if (value === undefined || field.type.endsWith('[]')) return { filter: exists };
      const forms = [exists, { [field.name]: { $ne: value } }, { [field.name]: { $nin: [value] } }];
      return { filter: forms[source.random.below(forms.length)] };
    },
    takes: (matches) => matches >= 1,
    needs: 'needs a field that is null in some points',
  },
  array: {
    make(source) {
      const field = pick(source, ({ type }) => type.endsWith('[]'));
      if (field === undefined) return undefined;
      const elements = elementsOf(source, field);
      if (elements.length === 0) return undefined;
      const first = elements[source.random.below(elements.length)]!;
      const second = elements[source.random.below(elements.length)]!;
      const forms = [
        { $contains: first },
        { $containsAll: first === second ? [first] : [first, second] },
        { $containsAny: first === second ? [first] : [first, second] },
      ];
      return { filter: { [field.name]: forms[source.random.below(forms.length)] } };
    },
    takes: (matches) => matches >= 1,
    needs: 'needs a field of arrays',
  },
  broad: {
    make(source) {
      const field = pick(source, ({ type }) => !type.endsWith('[]'));
      const value = field && oneOf(source, field);
      if (field === undefined || value === undefined) return undefined;
      return { filter: { [field.name]: source.random.below(3) === 0 ? { $exists: true } : { $ne: value } } };
    },
    takes: (matches, { count }) => matches > count / 2 && matches <= count,
    needs: 'needs a value that fewer than half of the points have',
  },
};

function pick({ fields, random }: Source, fits: (field: FieldSchema) => boolean): FieldSchema | undefined {
  const fitting = fields.filter(fits);
  return fitting.length === 0 ? undefined : fitting[random.below(fitting.length)];
}

/** Equality on several different fields. */
function combine(
  source: Source,
  size: number,
  valueIn: (field: FieldSchema) => MetadataValue | undefined,
): Draft | undefined {
  const scalars = source.fields.filter(({ type }) => !type.endsWith('[]') && type !== 'float');
  if (scalars.length === 0) return undefined;
  const filter: Record<string, unknown> = {};
  for (let i = 0; i < size; i++) {
    const field = scalars[source.random.below(scalars.length)]!;
    const value = valueIn(field);
    filter[field.name] = value === undefined || value === null ? { $exists: false } : written(value, field);
  }
  return { filter };
}

/** The value of a random row that has one, as it is written; undefined where hardly any has. */
function oneOf(source: Source, field: FieldSchema): MetadataValue | undefined {
  const value = drawn(source, field, () => true);
  return value === undefined ? undefined : written(value, field);
}

function elementsOf(source: Source, field: FieldSchema): MetadataValue[] {
  const value = drawn(source, field, (each) => Array.isArray(each) && each.length > 0);
  return Array.isArray(value) ? value.map((each: MetadataValue) => written(each)) : [];
}

const DRAWS = 1000;

function drawn(
  { column, random, count }: Source,
  field: FieldSchema,
  fits: (value: MetadataValue) => boolean,
): MetadataValue | undefined {
  for (let i = 0; i < DRAWS; i++) {
    const value = column(field.name)[random.below(count)] ?? null;
    if (value !== null && fits(value)) return value;
  }
  return undefined;
}

/** A value as filters write it: times as RFC 3339, 64-bit integers as text. */
function written(value: MetadataValue, field?: FieldSchema): MetadataValue {
  if (typeof value !== 'bigint') return value;
  return field?.type === 'timestamp' ? formatTimestamp(value) : String(value);
}
