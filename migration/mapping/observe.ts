import { HELD, type PointColumns, type States, type ValueColumn } from '../../engines/contract/columns.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, Point, PointValue } from '../../engines/contract/points.js';
import { idIn, partIn, valueAt } from '../../engines/kit/columns.js';
import { vectorIn } from '../../engines/kit/vectors.js';
import type { PointShape } from '../export/canonical.js';
import { Collisions } from './collisions.js';
import type { ValueType } from './value-type.js';

export type { ValueType } from './value-type.js';

import { absentIn, hasTexts, typeReader } from './column-types.js';

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

  /** The same of columns. */
  addColumns(columns: PointColumns): void {
    const { count, ids, vectors, fields } = columns;
    const idAt = (row: number) => idIn(ids, row);
    this.#points += count;
    for (let row = 0; row < count; row++) {
      const id = idAt(row);
      this.#ids.add(id);
      if (typeof id === 'bigint' && id < 0n) see(this.#negative, id);
      if (typeof id === 'bigint' && id > MAX) see(this.#large, id);
    }
    for (const [name, seen] of this.#absent) {
      const { times, first } = absentIn(Object.hasOwn(vectors, name) ? vectors[name] : undefined, count);
      if (times > 0) seeAll(seen, times, () => idAt(first));
    }
    if (this.#maxTextBytes < Number.POSITIVE_INFINITY)
      for (let row = 0; row < count; row++)
        if (this.#isTooLong([partIn(columns.text, row), partIn(columns.uri, row)]))
          see(this.#tooLong, idAt(row));
    for (const [name, column] of Object.entries(fields)) this.#addColumn(name, column, count, idAt);
  }

  #addColumn(name: string, column: ValueColumn, count: number, idAt: (row: number) => PointId): void {
    const mayBeTooLong = this.#maxTextBytes < Number.POSITIVE_INFINITY && hasTexts(column);
    const typeAt = column.type === null || mayBeTooLong ? undefined : typeReader(column);
    if (typeAt === undefined) {
      for (let row = 0; row < count; row++) {
        const value = valueAt(column, row);
        if (value !== undefined) this.#walk(idAt(row), { [name]: value }, '');
      }
      return;
    }
    const { states } = column as { states?: States };
    let field: (ObservedField & { met: number }) | undefined;
    for (let row = 0; row < count; row++) {
      const state = states?.[row] ?? HELD.value;
      if (state === HELD.missing) continue;
      field ??= this.#field(name);
      field.met++;
      if (name.includes('.')) seeAll(field.literal, 1, () => idAt(row));
      if (state === HELD.null) {
        seeAll(field.nulls, 1, () => idAt(row));
        continue;
      }
      const { type, isLong } = typeAt(row);
      let seen = field.types.get(type);
      if (seen === undefined) {
        seen = nothing();
        field.types.set(type, seen);
      }
      seeAll(seen, 1, () => idAt(row));
      if (isLong) seeAll(field.long, 1, () => idAt(row));
    }
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

  #field(name: string): ObservedField & { met: number } {
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

function seeAll(seen: Seen, times: number, id: () => PointId): void {
  if (seen.points === 0) seen.example = id();
  seen.points += times;
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
