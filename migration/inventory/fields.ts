import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import { type FieldProfile, typesTogether } from '../probe/field-profile.js';
import type { Place } from '../probe/place.js';
import { type ProbedField, portableType } from '../probe/probes.js';
import type { Profile } from '../probe/profile.js';
import type { Inventory, InventoryField } from './model.js';
import { textsOf } from './sections.js';

/** Declared fields of a place, by name. */
function declaredFields({ live, manifest }: Place): ReadonlyMap<string, Declared> {
  const fields: readonly Declared[] = live?.description.fields ?? manifest?.fields ?? [];
  return new Map(fields.map((field) => [field.name, field]));
}

interface Declared {
  name: string;
  type: FieldType | null;
  native: string | null;
}

/** The type by which a field can be filtered; undefined: its values are of several types, or of none. */
function typeOf(declared: Declared | undefined, profile: FieldProfile): FieldType | undefined {
  const together = typesTogether(profile);
  if (together.length > 1) return undefined;
  return portableType(declared, together);
}

/** Fields that can be asked about, with what was seen of them. */
export function probedFields(place: Place, { fields }: Profile): ProbedField[] {
  const declared = declaredFields(place);
  return fields.flatMap((profile) => {
    const type = typeOf(declared.get(profile.name), profile);
    return type === undefined ? [] : [{ profile, type }];
  });
}

/** The same as a schema, with what is declared and was not seen. */
export function describedFields(place: Place, profile: Profile): FieldSchema[] {
  const declared = declaredFields(place);
  const seen = probedFields(place, profile).map(
    ({ type, profile: { name } }): FieldSchema => ({ name, type, nullable: true }),
  );
  const unseen = [...declared.values()].flatMap(({ name, type }): FieldSchema[] =>
    type === null || profile.fields.some((each) => each.name === name)
      ? []
      : [{ name, type, nullable: true }],
  );
  return [...seen, ...unseen];
}

/** The fields of an inventory, those that are declared and were not seen last. */
export function fieldsOf(place: Place, profile: Profile): Inventory['fields'] {
  const declared = declaredFields(place);
  const seen = profile.fields.map((each) => sectionOf(each, declared.get(each.name)));
  const names = new Set(profile.fields.map(({ name }) => name));
  const unseen = [...declared.values()].filter(({ name }) => !names.has(name) && !isParent(name, names));
  return [...seen, ...unseen.map((each) => emptySection(each, profile.points))];
}

/** An object is seen by its fields. */
function isParent(name: string, seen: ReadonlySet<string>): boolean {
  return [...seen].some((each) => each.startsWith(`${name}.`));
}

function sectionOf(profile: FieldProfile, declared: Declared | undefined): InventoryField {
  const { name, values, nulls, missing, types, distinct, range, beyondDoubles } = profile;
  const arrays = Object.entries(types)
    .filter(([type]) => type.endsWith('[]'))
    .reduce((sum, [, { count }]) => sum + count, 0);
  return {
    name,
    native: declared?.native ?? null,
    type: typeOf(declared, profile) ?? null,
    types: { ...types },
    values,
    nulls,
    missing,
    scalars: values - arrays,
    arrays,
    distinct,
    range: range === null ? null : { min: numberOf(range.min), max: numberOf(range.max) },
    beyondDoubles,
    texts: textsOf(profile.texts),
  };
}

function emptySection({ name, native, type }: Declared, points: number): InventoryField {
  const none = { count: 0, examples: [] };
  return {
    name,
    native,
    type,
    types: {},
    values: 0,
    nulls: 0,
    missing: points,
    scalars: 0,
    arrays: 0,
    distinct: { how: 'exact', count: 0 },
    range: null,
    beyondDoubles: none,
    texts: {
      texts: 0,
      longestBytes: null,
      longestId: null,
      times: {},
      numeric: none,
      damaged: {},
      composed: none,
      decomposed: none,
    },
  };
}

/** JSON has no bigint, and no infinity. */
function numberOf(value: number | bigint): number | string {
  if (typeof value === 'bigint') return String(value);
  return Number.isFinite(value) ? value : Math.sign(value) * Number.MAX_VALUE;
}
