import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, Point, PointValue } from '../../engines/contract/points.js';
import { vectorIn } from '../../engines/kit/vectors.js';
import type { PointShape } from '../export/canonical.js';
import { Collisions } from './collisions.js';

/** Types of single values as they are met: those of fields, and what no field type holds. */
export type ValueType =
  | 'string'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'timestamp'
  | 'string[]'
  | 'integer[]'
  | 'float[]'
  | 'boolean[]'
  /** An empty array fits every array type. */
  | 'empty[]'
  /** An array with nulls, objects, arrays, or several types. */
  | 'array'
  /** An integer beyond 64 bits with sign. */
  | 'large integer';

/** How many points, and the first of them. */
export interface Seen {
  points: number;
  example: PointId | undefined;
}

/** What was met under one name; nested objects count as fields with dotted names. */
export interface ObservedField {
  name: string;
  types: Map<ValueType, Seen>;
  nulls: Seen;
  /** Points without the field. */
  missing: Seen;
  /** It is one name with dots in it, not a path. */
  literal: Seen;
  /** Integers that a double cannot hold. */
  long: Seen;
  /** Texts that the target cannot hold. */
  tooLong: Seen;
}

/** What the points of an export hold, as far as it decides where they fit. */
export interface Observed {
  points: number;
  fields: readonly ObservedField[];
  /** Points whose own text or URI the target cannot hold. */
  tooLong: Seen;
  /** Objects without keys, which flattened fields cannot tell from missing ones. */
  emptyObjects: Seen;
  /** Points without a vector, by its name. */
  absentVectors: ReadonlyMap<string, Seen>;
  negativeIds: Seen;
  /** Ids beyond 2^63 - 1. */
  largeIds: Seen;
  /** Whether several points may have one id, of different tenants or not: all ids have to be compared. */
  mayRepeat: boolean;
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

export class Observer {
  readonly #shape: PointShape;
  readonly #fields = new Map<string, ObservedField & { met: number }>();
  readonly #emptyObjects = nothing();
  readonly #absent: Map<string, Seen>;
  readonly #negative = nothing();
  readonly #large = nothing();
  readonly #maxTextBytes: number;
  readonly #ids = new Collisions();
  readonly #tooLong = nothing();
  #points = 0;

  /** @param maxTextBytes longest text that the target holds */
  constructor(shape: PointShape, maxTextBytes = Number.POSITIVE_INFINITY) {
    this.#shape = shape;
    this.#maxTextBytes = maxTextBytes;
    this.#absent = new Map(shape.vectors.map(({ name }) => [name, nothing()]));
  }

  add(point: Point): void {
    const { id, metadata, vectors } = point;
    this.#points++;
    this.#ids.add(id);
    if (typeof id === 'bigint' && id < 0n) see(this.#negative, id);
    if (typeof id === 'bigint' && id > MAX) see(this.#large, id);
    for (const [name, seen] of this.#absent) if (vectorIn(vectors, name) === undefined) see(seen, id);
    if (this.#isTooLong([point.text, point.uri])) see(this.#tooLong, id);
    this.#walk(id, metadata, '');
  }

  #walk(id: PointId, object: Metadata, prefix: string): void {
    for (const [key, value] of Object.entries(object)) {
      if (isObject(value)) {
        if (Object.keys(value).length === 0) see(this.#emptyObjects, id);
        this.#walk(id, value, `${prefix}${key}.`);
        continue;
      }
      const field = this.#field(prefix + key);
      field.met++;
      // The first point that lacks it is not known any more once later ones have it: told without an example.
      if (key.includes('.')) see(field.literal, id);
      if (value === null) see(field.nulls, id);
      else {
        const timestamp = this.#shape.timestamps.has(prefix + key);
        const type = timestamp && typeof value === 'bigint' ? 'timestamp' : typeOf(value);
        const seen = field.types.get(type) ?? nothing();
        field.types.set(type, seen);
        see(seen, id);
        if (this.#isTooLong(Array.isArray(value) ? value : [value])) see(field.tooLong, id);
        if (type === 'integer' && typeof value === 'bigint') see(field.long, id);
      }
    }
  }

  #isTooLong(values: readonly unknown[]): boolean {
    const most = this.#maxTextBytes;
    return values.some(
      (text) => typeof text === 'string' && text.length * 3 > most && Buffer.byteLength(text) > most,
    );
  }

  #field(name: string) {
    let field = this.#fields.get(name);
    if (field === undefined) {
      const seen = {
        nulls: nothing(),
        missing: nothing(),
        literal: nothing(),
        long: nothing(),
        tooLong: nothing(),
      };
      field = { name, types: new Map(), ...seen, met: 0 };
      this.#fields.set(name, field);
    }
    return field;
  }

  result(): Observed {
    const fields = [...this.#fields.values()].map(({ met, ...field }) => ({
      ...field,
      missing: { points: this.#points - met, example: undefined },
    }));
    return {
      points: this.#points,
      fields,
      tooLong: this.#tooLong,
      emptyObjects: this.#emptyObjects,
      absentVectors: this.#absent,
      negativeIds: this.#negative,
      largeIds: this.#large,
      mayRepeat: this.#ids.suspects().size > 0,
    };
  }
}

function nothing(): Seen {
  return { points: 0, example: undefined };
}

function see(seen: Seen, id: PointId): void {
  if (seen.points++ === 0) seen.example = id;
}

export function isObject(value: PointValue | undefined): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: PointValue): ValueType {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'bigint') return value >= MIN && value <= MAX ? 'integer' : 'large integer';
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'integer' : 'float';
  const elements = value as readonly PointValue[];
  if (elements.length === 0) return 'empty[]';
  const types = new Set(elements.map((each) => (each === null ? 'array' : typeOf(each))));
  if (types.has('float')) types.delete('integer');
  const [only] = types;
  return types.size === 1 && only !== undefined && ['string', 'integer', 'float', 'boolean'].includes(only)
    ? (`${only}[]` as ValueType)
    : 'array';
}
