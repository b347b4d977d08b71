import { InputError } from '../../../common/errors.js';
import {
  type ColumnChoice,
  mayBeVector,
  pickName,
  sparseVector,
  unknownColumn,
  VECTOR_NAMES,
} from '../names.js';
import { componentsOf, FORM_WORDS, formOf, isList } from '../vector-forms.js';
import { dimensionColumns } from './dimension-columns.js';
import { type JsonObject, valueAt } from './reader.js';
import type { VectorPlace } from './vector-place.js';

export function describePlace(place: VectorPlace): string {
  if (place.kind === 'columns') {
    return `columns "${place.names[0]}" to "${place.names.at(-1)}" (${place.dimensions})`;
  }
  return `column "${place.name}" (${FORM_WORDS[place.form]}, ${place.dimensions})`;
}

/**
 * Where the vector of a file's records is, told from the first one: the user's choice; else the first known name that
 * holds a vector in any form; else the only list of numbers; else one column for each dimension; else the only list
 * under a known name inside of objects.
 *
 * @returns the place, and what else could be one
 * @throws InputError saying what was found instead
 */
export function findVector(
  where: string,
  record: JsonObject,
  { vector, lenient }: ColumnChoice,
): { place: VectorPlace; others: string[] } {
  if (vector !== undefined) {
    const chosen = chosenPlace(where, record, vector, lenient === true);
    if (chosen !== undefined) return { place: chosen, others: [] };
  }
  const names = Object.keys(record);
  const lists = names.filter((name) => mayBeVector(name) && formOf(record[name]) === 'numbers');
  const known = knownName(record, lists);
  const name = known ?? (lists.length === 1 ? lists[0] : undefined);
  if (name !== undefined) {
    refuseSparse(where, record, name);
    const others = lists.filter((each) => each !== name && isSameLength(record, each, name));
    return { place: valuePlace(record, name), others };
  }
  if (lists.length > 1) throw several(where, lists, record);
  const columns = dimensionColumns(where, record, undefined);
  if (columns !== undefined) return { place: columns, others: [] };
  const nested = nestedLists(record);
  if (nested.length === 1) {
    refuseSparse(where, record, nested[0]!);
    return { place: valuePlace(record, nested[0]!), others: [] };
  }
  if (nested.length > 1) throw several(where, nested, record);
  throw noVector(where, record);
}

function refuseSparse(where: string, record: JsonObject, name: string): void {
  const [values, indices] = [name, name.replace(/[^.]*$/, 'indices')].map((each) => valueAt(record, each));
  if (!/(^|\.)values$/i.test(name) || !isList(indices) || !isList(values)) return;
  if (indices.length === values.length) throw sparseVector(where, name);
}

/** A list of another length is not another vector of the same point. */
function isSameLength(record: JsonObject, a: string, b: string): boolean {
  const length = (name: string) => (isList(record[name]) ? record[name].length : 0);
  return length(a) > 1 && length(a) >= length(b) / 8;
}

function chosenPlace(
  where: string,
  record: JsonObject,
  name: string,
  lenient: boolean,
): VectorPlace | undefined {
  if (name.endsWith('*')) return dimensionColumns(where, record, name.slice(0, -1));
  const value = valueAt(record, name);
  if (value === undefined) {
    if (lenient) return undefined;
    const names = [...Object.keys(record), ...nestedLists(record)];
    throw unknownColumn(
      where,
      name,
      names.map((each) => ({ name: each, type: '' })),
      'vector',
    );
  }
  if (formOf(value) !== undefined) return valuePlace(record, name);
  throw new InputError(`the column "${name}", which was chosen as the vector, ${whatIs(value)}`, {
    where,
    got: value,
    next: 'give a list of numbers, one as text, or base64 of float32',
  });
}

/** Names that are known may hold their vector in any form; others only as a plain list of numbers. */
function knownName(record: JsonObject, lists: readonly string[]): string | undefined {
  return (
    pickName(lists, VECTOR_NAMES) ??
    pickName(
      Object.keys(record).filter((name) => formOf(record[name]) !== undefined),
      VECTOR_NAMES,
    )
  );
}

function valuePlace(record: JsonObject, name: string): VectorPlace {
  const value = valueAt(record, name);
  const form = formOf(value)!;
  const components = componentsOf(value, form);
  return { kind: 'value', name, form, dimensions: components.length };
}

const MAX_DEPTH = 6;

/** Dotted names of vectors inside of objects and lists, of which some part is a known name. */
function nestedLists(record: JsonObject): string[] {
  const found: string[] = [];
  const visit = (value: unknown, path: string[]): void => {
    if (path.length > MAX_DEPTH) return;
    const form = path.length > 1 ? formOf(value) : undefined;
    if (form !== undefined) {
      const isKnown = pickName(path, VECTOR_NAMES) !== undefined;
      if (isKnown && (form === 'numbers' || form === 'nested' || isKnownLast(path)))
        found.push(path.join('.'));
    } else if (Array.isArray(value)) {
      for (const [i, each] of value.slice(0, 3).entries()) visit(each, [...path, String(i)]);
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const [key, each] of Object.entries(value)) visit(each, [...path, key]);
    }
  };
  visit(record, []);
  return found;
}

function isKnownLast(path: readonly string[]): boolean {
  return pickName([path.at(-1)!], VECTOR_NAMES) !== undefined;
}

function several(where: string, names: readonly string[], record: JsonObject): InputError {
  const shown = names.map((name) => `${name} (${valuePlace(record, name).dimensions})`);
  return new InputError(`has several vectors: ${shown.join(', ')}`, {
    where,
    next: `choose one: --vector ${names[0]} (dataset.vector in a suite)`,
  });
}

function noVector(where: string, record: JsonObject): InputError {
  const name = pickName(Object.keys(record), VECTOR_NAMES);
  const names = Object.keys(record);
  if (name === undefined) {
    return new InputError('has no vector: no key holds a list of numbers', {
      where,
      got: names,
      next: `name the vector with --vector (dataset.vector in a suite), or call it "vector" (known names: ${VECTOR_NAMES.join(', ')})`,
    });
  }
  const value = record[name];
  return new InputError(`has no vector: the column "${name}" ${whatIs(value)}`, {
    where,
    got: value,
    next: 'give a list of numbers, one as text, or base64 of float32; or choose another column with --vector',
  });
}

/** What a value is that is no vector, as the end of a sentence. */
export function whatIs(value: unknown): string {
  if (value === null || value === undefined) return 'is null';
  if (typeof value === 'string') {
    const why = componentsOf(value, 'text');
    return typeof why === 'string' ? `${why}, nor base64 of float32` : 'is text';
  }
  if (value instanceof Uint8Array) return `is binary of ${value.length} bytes, which are no float32 numbers`;
  if (isList(value)) {
    if (value.length === 0) return 'is an empty list';
    if (isList(value[0])) return `is a list of ${value.length} lists: one vector per point is needed`;
    const why = componentsOf(value, 'numbers');
    return typeof why === 'string' ? `is a list that ${why}` : 'is a list';
  }
  if (typeof value === 'object') return `is an object with the keys ${Object.keys(value).join(', ')}`;
  return `is a ${typeof value}`;
}
