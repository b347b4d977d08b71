import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import {
  type Condition,
  conditionsOf,
  type FieldRef,
  type Filter,
  type FilterValue,
} from '../../filters/filter.js';
import { refusals } from '../../filters/support.js';
import { oneType } from './fields.js';
import type { MappedField } from './mapping.js';
import type { Observed } from './observe.js';

/** A filter of the source's application, as the target has to be asked. */
export type TranslatedFilter =
  | { state: 'same' | 'translated'; filter: Filter; why: string }
  /** It can be asked, and is not about the same points. */
  | { state: 'means-other'; filter: Filter; why: string }
  | { state: 'untranslatable'; why: string };

/** Fields of the source that filters can name: those of one type. */
export function filterFields(observed: Observed): FieldSchema[] {
  return observed.fields.flatMap((field) => {
    const type = oneType(field);
    return type === undefined ? [] : [{ name: field.name, type, nullable: true }];
  });
}

/**
 * Translates a filter over the source's fields into one over the target's: names, types, values. Its meaning is that of
 * docs/filters.md on both sides; what the mapping does to a field decides whether it is about the same points.
 */
export function translateFilter(
  filter: Filter,
  fields: readonly MappedField[],
  { filters }: Pick<Capabilities, 'filters'>,
): TranslatedFilter {
  const mapped = new Map(fields.map((field) => [field.from, field]));
  const lost: string[] = [];
  const other: string[] = [];
  let changed = false;
  const visit = (each: Filter): Filter => {
    if ('filters' in each) return { op: each.op, filters: each.filters.map(visit) };
    if ('filter' in each) return { op: 'not', filter: visit(each.filter) };
    const field = mapped.get(each.field.name);
    const found = field === undefined || field.to === null ? undefined : condition(each, field);
    if (found === undefined) {
      lost.push(`the target has no field "${each.field.name}"`);
      return each;
    }
    if (typeof found === 'string') {
      lost.push(found);
      return each;
    }
    if (found.why !== undefined) other.push(found.why);
    changed ||=
      found.condition.field.name !== each.field.name || found.condition.field.type !== each.field.type;
    return found.condition;
  };
  const translated = visit(filter);
  if (lost.length > 0) return { state: 'untranslatable', why: [...new Set(lost)].join('; ') };
  const refused = refusals(translated, filters);
  if (refused.length > 0) return { state: 'untranslatable', why: refused.join('; ') };
  if (other.length > 0)
    return { state: 'means-other', filter: translated, why: [...new Set(other)].join('; ') };
  return { state: changed ? 'translated' : 'same', filter: translated, why: '' };
}

/** The condition on the target's field, with why it means something else; a text: why there is none. */
function condition(
  from: Condition,
  { to, as, type, from: name }: MappedField,
): { condition: Condition; why?: string } | string {
  const field: FieldRef = { name: to!, type: type ?? from.field.type };
  if (from.op === 'exists') return { condition: { ...from, field } };
  if (as === 'is') {
    // 64-bit integers in a column of doubles: only the same type compares alike.
    if (type !== null && type !== from.field.type && !(type === 'float' && from.field.type === 'integer'))
      return `"${name}" is ${from.field.type} in the source and ${type} in the target`;
    return { condition: { ...from, field } as Condition };
  }
  if (as === 'integer') return { condition: { ...from, field: { name: to!, type: 'integer' } } as Condition };
  return asText(from, to!, name);
}

/** On the JSON of what was a value of another type: whether it is the same value can still be asked. */
function asText(from: Condition, to: string, name: string): { condition: Condition; why?: string } | string {
  const field: FieldRef = { name: to, type: 'string' };
  const why = `"${name}" is text in the target: 1 and 1.0, or a number and its text, are no longer told apart`;
  const own = from.field.type === 'string';
  if (from.op === 'eq' || from.op === 'ne')
    return {
      condition: { op: from.op, field, value: textOf(from.value, from.field.type) },
      ...(!own && { why }),
    };
  if (from.op === 'in' || from.op === 'nin')
    return {
      condition: { op: from.op, field, values: from.values.map((value) => textOf(value, from.field.type)) },
      ...(!own && { why }),
    };
  if (own) return { condition: { ...from, field } as Condition };
  return `"${name}" is text in the target, which $${from.op} cannot look into`;
}

/** As a load writes it. */
function textOf(value: FilterValue, _type: FieldType): string {
  if (Object.is(value, -0)) return '-0';
  return String(value);
}

/** Fields that a filter names. */
export function fieldsOf(filter: Filter): string[] {
  return [...new Set(conditionsOf(filter).map(({ field }) => field.name))];
}
