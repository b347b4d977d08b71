import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import type { PointValue } from '../../engines/contract/points.js';
import type { FieldRef, Filter, FilterValue } from '../../filters/filter.js';
import { elementType, isArrayType } from '../../filters/values.js';
import type { FieldProfile } from './field-profile.js';

/** What is asked of an engine's filters; the meaning that is expected is that of docs/filters.md. */
export const PROBES = {
  equal: 'a value finds the points that have it',
  null: 'a null is no value',
  missing: 'a field that is missing is no value',
  'not-equal': 'points without a value differ from every value',
  array: 'an array contains an element',
  'empty-array': 'an empty array is a value',
  case: 'upper and lower case differ',
  boundary: 'a limit belongs to "at least" and not to "more than"',
} as const;
export type ProbeName = keyof typeof PROBES;

/** A probe of a collection's own fields, or why there is none. */
export type Probe =
  | { probe: ProbeName; filter: Filter; field: string }
  | { probe: ProbeName; reason: string };

/** Fields that can be filtered: with the portable type, and what was seen of them. */
export interface ProbedField {
  profile: FieldProfile;
  type: FieldType;
}

/** Chooses a probe of each kind by what was seen. Pure. */
export function chooseProbes(fields: readonly ProbedField[]): Probe[] {
  const scalars = fields.filter(({ type }) => !isArrayType(type));
  const arrays = fields.filter(({ type }) => isArrayType(type));
  const texts = scalars.filter(({ type }) => type === 'string');
  const numbers = scalars.filter(({ type }) => ['integer', 'float', 'timestamp'].includes(type));
  const of = (
    probe: ProbeName,
    from: readonly ProbedField[],
    make: (field: ProbedField) => Filter | undefined,
    reason: string,
  ): Probe => {
    for (const field of from) {
      const filter = make(field);
      if (filter !== undefined) return { probe, filter, field: field.profile.name };
    }
    return { probe, reason };
  };
  return [
    of('equal', mostSelective(scalars), equal, 'no field has single values of one type'),
    of('null', by(fields, nulls), absent, 'no field is null in some points and not in others'),
    of('missing', by(fields, missing), absent, 'no field is missing in some points and not in others'),
    of(
      'not-equal',
      by(scalars, ({ profile }) => profile.nulls + profile.missing),
      different,
      'no field with single values lacks a value in some points',
    ),
    of('array', arrays, contains, 'no field holds arrays'),
    of('empty-array', arrays, emptyArray, 'no field holds an empty array'),
    of('case', texts, otherCase, 'no field holds text with letters'),
    of('boundary', numbers, above, 'no field holds numbers or times'),
  ];
}

const ref = ({ profile, type }: ProbedField): FieldRef => ({ name: profile.name, type });

function nulls({ profile }: ProbedField): number {
  return profile.nulls;
}

function missing({ profile }: ProbedField): number {
  return profile.missing;
}

/** Those of which some points have it and others do not, by how many. */
function by(fields: readonly ProbedField[], share: (field: ProbedField) => number): ProbedField[] {
  return fields
    .filter((field) => share(field) > 0 && field.profile.values > 0)
    .sort((a, b) => share(b) - share(a));
}

/** Fields of a few values tell more than those of which every point has its own. */
function mostSelective(fields: readonly ProbedField[]): ProbedField[] {
  const count = ({ profile }: ProbedField) => Math.abs(Math.log(profile.distinct.count / 20 + 1e-9));
  return [...fields].sort((a, b) => count(a) - count(b));
}

function equal(field: ProbedField): Filter | undefined {
  const value = someValue(field);
  return value === undefined ? undefined : { op: 'eq', field: ref(field), value };
}

function absent(field: ProbedField): Filter {
  return { op: 'exists', field: ref(field), value: false };
}

function different(field: ProbedField): Filter | undefined {
  const value = someValue(field);
  return value === undefined ? undefined : { op: 'ne', field: ref(field), value };
}

function contains(field: ProbedField): Filter | undefined {
  const element = elementOf(field);
  return element === undefined ? undefined : { op: 'contains', field: ref(field), value: element };
}

/** Every array that is there, also those of nothing. */
function emptyArray(field: ProbedField): Filter | undefined {
  return field.profile.types['empty[]'] === undefined
    ? undefined
    : { op: 'exists', field: ref(field), value: true };
}

function otherCase(field: ProbedField): Filter | undefined {
  for (const value of field.profile.some) {
    if (typeof value !== 'string') continue;
    const other = value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase();
    if (other !== value && isAscii(value)) return { op: 'eq', field: ref(field), value: other };
  }
  return undefined;
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

/** Equal points are in the one and not in the other; both together are one filter. */
function above(field: ProbedField): Filter | undefined {
  const value = someValue(field);
  if (value === undefined) return undefined;
  return {
    op: 'and',
    filters: [
      { op: 'gte', field: ref(field), value },
      { op: 'not', filter: { op: 'gt', field: ref(field), value } },
    ],
  };
}

/** A value of the field's own type; text that a filter can hold. */
export function someValue({ profile, type }: ProbedField): FilterValue | undefined {
  return profile.some.find((value) => fits(type, value)) as FilterValue | undefined;
}

function elementOf({ profile, type }: ProbedField): FilterValue | undefined {
  const element = elementType(type);
  return profile.some
    .flatMap((value) => (Array.isArray(value) ? (value as readonly PointValue[]) : []))
    .find((value) => value !== null && fits(element, value)) as FilterValue | undefined;
}

function fits(type: FieldType, value: PointValue): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && !/[\p{Surrogate}\0]/u.test(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value);
    case 'float':
      return typeof value === 'number' && Number.isFinite(value);
    case 'timestamp':
      return typeof value === 'bigint';
    default:
      return false;
  }
}

const SEEN: Readonly<Record<string, FieldType>> = {
  string: 'string',
  integer: 'integer',
  float: 'float',
  boolean: 'boolean',
  'string[]': 'string[]',
  'integer[]': 'integer[]',
  'float[]': 'float[]',
  'boolean[]': 'boolean[]',
};

/** The portable type of a field: as its engine declares it, else as its values are; undefined: of several types. */
export function portableType(
  declared: Pick<FieldSchema, 'type'> | { type: FieldType | null } | undefined,
  together: readonly string[],
): FieldType | undefined {
  if (declared?.type != null) return declared.type;
  return together.length === 1 ? SEEN[together[0]!] : undefined;
}
