import type { FieldSchema } from '../../datasets/dataset.js';
import type { ReadFilter } from '../contract/engine.js';

type Json = Readonly<Record<string, unknown>>;
type Fields = ReadonlyMap<string, FieldSchema>;

/** Why a part of a filter has no portable form. */
class Refused extends Error {}

const CLAUSES = ['must', 'should', 'must_not'];
const BOUNDS = ['gt', 'gte', 'lt', 'lte'];

/**
 * The server's filter in the portable form (docs/filters.md), with exactly its meaning or not at all: what tells null from
 * missing, empty arrays from others, texts by words, places and ids has none.
 */
export function readFilter(native: unknown, fields: readonly FieldSchema[]): ReadFilter {
  try {
    const known = new Map(fields.map((field) => [field.name, field]));
    return { state: 'ok', filter: clauses(object(native), known) };
  } catch (error) {
    if (error instanceof Refused) return { state: 'refused', why: error.message };
    throw error;
  }
}

function object(given: unknown): Json {
  if (given !== null && typeof given === 'object' && !Array.isArray(given)) return given as Json;
  throw new Refused('it is no object');
}

function list(given: unknown): readonly unknown[] {
  if (given === undefined || given === null) return [];
  return Array.isArray(given) ? given : [given];
}

function clauses(filter: Json, fields: Fields): Json {
  const strange = Object.keys(filter).find((key) => !CLAUSES.includes(key));
  if (strange !== undefined) throw new Refused(`"${strange}" has no portable form`);
  const [must, should, mustNot] = CLAUSES.map((key) =>
    list(filter[key]).map((each) => condition(each, fields)),
  );
  const parts = [
    ...must!,
    ...(should!.length === 0 ? [] : [should!.length === 1 ? should![0]! : { $or: should! }]),
    ...mustNot!.map((each) => ({ $not: each })),
  ];
  if (parts.length === 0) throw new Refused('it has no condition');
  return parts.length === 1 ? parts[0]! : { $and: parts };
}

function condition(given: unknown, fields: Fields): Json {
  const each = object(given);
  if (CLAUSES.some((key) => key in each)) return clauses(each, fields);
  if ('is_empty' in each) return isEmpty(object(each['is_empty']), fields);
  const { key, match, range, ...rest } = each;
  const strange = Object.keys(rest)[0];
  if (strange !== undefined || typeof key !== 'string')
    throw new Refused(`a condition with "${strange ?? Object.keys(each)[0]}" has no portable form`);
  const field = fieldOf(key, fields);
  if (match !== undefined && range === undefined) return matched(field, object(match));
  if (range !== undefined && match === undefined) return ranged(field, object(range));
  throw new Refused(`the condition on "${key}" has no portable form`);
}

/** Paths into arrays and quoted keys are no names of fields. */
function fieldOf(key: string, fields: Fields): FieldSchema {
  const field = fields.get(key);
  if (field === undefined) throw new Refused(`"${key}" is no field of one type in the data`);
  return field;
}

function matched({ name, type }: FieldSchema, match: Json): Json {
  const isArray = type.endsWith('[]');
  if ('value' in match) return { [name]: isArray ? { $contains: match['value'] } : { $eq: match['value'] } };
  if ('any' in match) return { [name]: isArray ? { $containsAny: match['any'] } : { $in: match['any'] } };
  // A point without a value does not match there, and does pass $nin.
  if ('except' in match && !isArray) return { [name]: { $nin: match['except'], $exists: true } };
  throw new Refused(`a match of "${name}" by "${Object.keys(match)[0]}" has no portable form`);
}

function ranged({ name, type }: FieldSchema, range: Json): Json {
  if (type.endsWith('[]')) throw new Refused(`a range over the elements of "${name}" has no portable form`);
  const bounds = Object.entries(range).filter(([, value]) => value !== null && value !== undefined);
  const strange = bounds.find(([key]) => !BOUNDS.includes(key));
  if (strange !== undefined || bounds.length === 0)
    throw new Refused(`the range of "${name}" has no portable form`);
  return { [name]: Object.fromEntries(bounds.map(([key, value]) => [`$${key}`, value])) };
}

/** Null, missing, or an array of nothing: for a field of single values that is the portable "no value". */
function isEmpty({ key }: Json, fields: Fields): Json {
  const { name, type } = fieldOf(String(key), fields);
  if (type.endsWith('[]'))
    throw new Refused(`whether "${name}" is empty has no portable form: an empty array is a value`);
  return { [name]: { $exists: false } };
}
