import type { Metadata, PointValue } from '../../engines/contract/points.js';
import { flatten, record } from '../../engines/kit/check.js';
import { type Cardinality, DistinctValues } from './cardinality.js';
import { type Met, meet, met } from './examples.js';
import { Sample } from './sample.js';
import { addText, type TextProfile, textProfile } from './text-profile.js';

/** Types of single values; arrays have `[]` behind the type of their elements, `mixed[]` and `empty[]`. */
export type ValueType = string;

/** What was seen of a metadata field; dotted names are fields of nested objects. */
export interface FieldProfile {
  name: string;
  /** Points with a value, with null, and without the field. */
  values: number;
  nulls: number;
  missing: number;
  /** First ids with null and with none. */
  nullExamples: readonly string[];
  types: Readonly<Record<ValueType, Met>>;
  distinct: Cardinality;
  /** Of numbers, integers exactly. */
  range: { min: number | bigint; max: number | bigint } | null;
  /** Integers outside of ±(2^53 - 1). */
  beyondDoubles: Met;
  texts: TextProfile;
  /** Some of its values, for filters. */
  some: readonly Exclude<PointValue, null>[];
}

const MOST_FIELDS = 2000;
const SOME = 40;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Profiles of all fields, filled point by point. Memory is bounded by the number of fields, at most 2,000. */
export class FieldProfiles {
  readonly #fields = new Map<string, Builder>();
  readonly #timestamps: ReadonlySet<string>;
  readonly #maxTextBytes: number | undefined;
  #points = 0;
  /** Names beyond the first 2,000. */
  more = 0;

  /**
   * @param timestamps fields whose integers are microseconds since 1970
   * @param maxTextBytes longer texts are counted
   */
  constructor(timestamps: ReadonlySet<string> = new Set(), maxTextBytes?: number) {
    this.#timestamps = timestamps;
    this.#maxTextBytes = maxTextBytes;
  }

  add(id: string, metadata: Metadata): void {
    this.#points++;
    for (const [name, value] of Object.entries(flatten(metadata))) {
      let field = this.#fields.get(name);
      if (field === undefined) {
        if (this.#fields.size >= MOST_FIELDS) {
          this.more++;
          continue;
        }
        field = new Builder(name, this.#timestamps.has(name), this.#maxTextBytes);
        this.#fields.set(name, field);
      }
      field.add(id, value);
    }
  }

  all(): FieldProfile[] {
    return [...this.#fields.values()].map((field) => field.result(this.#points));
  }
}

class Builder {
  readonly #name: string;
  readonly #isTime: boolean;
  readonly #maxTextBytes: number | undefined;
  #values = 0;
  readonly #nulls = met();
  readonly #types = record<Met>();
  readonly #distinct = new DistinctValues();
  #range: FieldProfile['range'] = null;
  readonly #beyond = met();
  readonly #texts = textProfile();
  readonly #some = new Sample<Exclude<PointValue, null>>(SOME, 1);
  readonly #known = new Set<string>();

  constructor(name: string, isTime: boolean, maxTextBytes: number | undefined) {
    this.#maxTextBytes = maxTextBytes;
    this.#name = name;
    this.#isTime = isTime;
  }

  add(id: string, value: PointValue): void {
    if (value === null) {
      meet(this.#nulls, id);
      return;
    }
    this.#values++;
    const type = typeOf(value, this.#isTime);
    this.#types[type] ??= met();
    meet(this.#types[type], id);
    const text = typeof value === 'string' ? value : textOf(value);
    this.#distinct.add(typeof value === 'string' ? `s${value}` : text);
    // One of each value: a frequent one must not fill the sample.
    if (text.length <= 200 && !this.#known.has(text)) {
      if (this.#known.size < 10_000) this.#known.add(text);
      this.#some.add(text, () => value);
    }
    for (const each of Array.isArray(value) ? (value as readonly PointValue[]) : [value]) this.#one(id, each);
  }

  #one(id: string, value: PointValue): void {
    if (typeof value === 'string') addText(this.#texts, id, value, this.#maxTextBytes);
    if (typeof value === 'bigint' && !this.#isTime && (value > SAFE || value < -SAFE)) meet(this.#beyond, id);
    if (typeof value !== 'bigint' && typeof value !== 'number') return;
    if (Number.isNaN(value)) return;
    const { min, max } = this.#range ?? { min: value, max: value };
    this.#range = { min: value < min ? value : min, max: value > max ? value : max };
  }

  result(points: number): FieldProfile {
    return {
      name: this.#name,
      values: this.#values,
      nulls: this.#nulls.count,
      missing: points - this.#values - this.#nulls.count,
      nullExamples: this.#nulls.examples,
      types: this.#types,
      distinct: this.#distinct.result(),
      range: this.#range,
      beyondDoubles: this.#beyond,
      texts: this.#texts,
      some: this.#some.items(),
    };
  }
}

export function typeOf(value: Exclude<PointValue, null>, isTime = false): ValueType {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return isTime ? 'timestamp' : 'integer';
    case 'number':
      return Number.isInteger(value) && !Object.is(value, -0) ? 'integer' : 'float';
    default:
      return Array.isArray(value) ? arrayType(value as readonly PointValue[]) : 'object';
  }
}

function arrayType(values: readonly PointValue[]): ValueType {
  if (values.length === 0) return 'empty[]';
  const types = new Set(values.map((each) => (each === null ? 'null' : typeOf(each))));
  if (types.size === 2 && types.has('integer') && types.has('float')) return 'float[]';
  const [only] = types;
  return types.size === 1 && !only!.endsWith('[]') ? `${only}[]` : 'mixed[]';
}

function textOf(value: PointValue): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
}

/**
 * The types of a field as one, where whole numbers beside others are floats and empty arrays are of any type; several:
 * the field's values are of different types.
 */
export function typesTogether({ types }: Pick<FieldProfile, 'types'>): ValueType[] {
  const names = new Set(Object.keys(types));
  for (const suffix of ['', '[]']) if (names.has(`float${suffix}`)) names.delete(`integer${suffix}`);
  if ([...names].some((name) => name.endsWith('[]') && name !== 'empty[]')) names.delete('empty[]');
  return [...names].sort();
}
