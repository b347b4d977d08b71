import { InputError } from '../../../common/errors.js';
import type { FieldSchema, FieldType } from '../../dataset.js';
import { Instant } from '../instant.js';

type Scalar = 'string' | 'integer' | 'float' | 'boolean' | 'timestamp';

/** Objects inside one another whose keys become fields; deeper ones are no metadata. */
const MAX_DEPTH = 16;

/**
 * Works out one type per key; keys whose values have no common type of ours are left out. Keys of nested objects are
 * joined by dots: `{"maker": {"name": "x"}}` is the field `maker.name`.
 */
export class TypeCollector {
  readonly #seen = new Map<string, { types: Set<string>; present: number }>();

  /**
   * Throws InputError for two values of one field, and for a null in an array.
   * @param skip dotted names that are no metadata
   */
  add(where: string, record: Record<string, unknown>, skip: readonly string[]): void {
    const names = new Set<string>();
    const visit = (object: Record<string, unknown>, prefix: string, depth: number): void => {
      for (const [key, value] of Object.entries(object)) {
        const name = `${prefix}${key}`;
        if (skip.includes(name)) continue;
        if (isObject(value) && depth < MAX_DEPTH) {
          visit(value, `${name}.`, depth + 1);
          continue;
        }
        if (names.has(name)) throw twice(where, name);
        names.add(name);
        this.#addValue(where, name, value);
      }
    };
    visit(record, '', 1);
  }

  #addValue(where: string, name: string, value: unknown): void {
    const known = this.#seen.get(name) ?? { types: new Set<string>(), present: 0 };
    this.#seen.set(name, known);
    if (value === null) return;
    known.present++;
    const type = typeOf(value);
    if (type === 'null[]') throw nullElement(where, name, value);
    known.types.add(type);
  }

  /** Every name seen so far. */
  names(): string[] {
    return [...this.#seen.keys()];
  }

  fields(count: number): FieldSchema[] {
    return [...this.#seen].flatMap(([name, { types, present }]) => {
      const type = commonType(types);
      return type === undefined ? [] : [{ name, type, nullable: present < count }];
    });
  }
}

/** The value of a field in a line, by its dotted name; undefined where there is none. */
export function lineValue(record: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    const inner = Object.hasOwn(record, key) ? record[key] : undefined;
    const found = isObject(inner) ? lineValue(inner, name.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Instant) return false;
  return !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function twice(where: string, name: string): InputError {
  return new InputError(`has the field "${name}" twice: as a key with dots, and in nested objects`, {
    where,
    next: 'give one of the two another name',
  });
}

function nullElement(where: string, name: string, value: unknown): InputError {
  return new InputError(`the field "${name}" holds a null in its array`, {
    where,
    got: value,
    next: 'remove the element, or make the array null',
  });
}

/** A field type, `[]` for a list without elements, `null[]` for one with a null among values, or `other`. */
function typeOf(value: unknown): string {
  if (!Array.isArray(value)) return scalarType(value) ?? 'other';
  if (value.length === 0) return '[]';
  const inner = new Set(value.map((each) => (each === null ? 'null' : (scalarType(each) ?? 'other'))));
  if (inner.has('null')) return inner.has('other') ? 'other' : 'null[]';
  const type = commonScalar(inner);
  return type === undefined ? 'other' : `${type}[]`;
}

function scalarType(value: unknown): Scalar | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (value instanceof Instant) return 'timestamp';
  if (typeof value === 'bigint') return 'integer';
  // Beyond 2^53 integers come as bigint: a number there was written with a point or an exponent.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'float';
  return undefined;
}

function commonType(types: ReadonlySet<string>): FieldType | undefined {
  const lists = [...types].filter((type) => type.endsWith('[]'));
  if (lists.length === 0) return commonScalar(types);
  if (lists.length < types.size) return undefined;
  const inner = new Set(lists.filter((type) => type !== '[]').map((type) => type.slice(0, -2)));
  const type = inner.size === 0 ? 'string' : commonScalar(inner);
  return type === undefined || type === 'timestamp' ? undefined : `${type}[]`;
}

function commonScalar(types: ReadonlySet<string>): Scalar | undefined {
  const [first, ...more] = types;
  if (first === 'other') return undefined;
  if (more.length === 0) return first as Scalar | undefined;
  const numbers = [...types].every((type) => type === 'integer' || type === 'float');
  return numbers ? 'float' : undefined;
}
