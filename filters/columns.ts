import type { FieldSchema, MetadataColumns, MetadataValue } from '../datasets/dataset.js';
import { Selection } from './selection.js';
import { elementType, isArrayType } from './values.js';

/** One field of all points, for scans. */
export type Column = ScalarColumn | ArrayColumn;

export type ScalarColumn =
  /** Integers and timestamps within ±(2^53 - 1), floats, booleans as 0 and 1. NaN: no value. */
  | { kind: 'number'; values: Float64Array }
  /** Integers and timestamps of which one lies beyond. */
  | { kind: 'big'; values: BigInt64Array; present: Selection }
  /** `words[codes[row]]`; -1: no value. */
  | { kind: 'text'; codes: Int32Array; words: readonly string[] };

/** The elements of a row are `offsets[row] .. offsets[row + 1]` of `elements`. */
export interface ArrayColumn {
  kind: 'array';
  offsets: Int32Array;
  elements: ScalarColumn;
  present: Selection;
}

/**
 * Metadata of a whole dataset, in memory, for `compile`. Filled in row order, batch by batch, as
 * `Dataset.points({ metadata })` gives it:
 *
 *     const store = new ColumnStore(fields);
 *     for await (const batch of dataset.points({ batchSize, metadata: names })) store.add(batch.count, batch.metadata!);
 */
export class ColumnStore {
  readonly fields: readonly FieldSchema[];
  readonly #builders: ReadonlyMap<string, ColumnBuilder>;
  readonly #columns = new Map<string, Column>();
  #count = 0;

  constructor(fields: readonly FieldSchema[]) {
    this.fields = fields;
    this.#builders = new Map(fields.map((field) => [field.name, new ColumnBuilder(field)]));
  }

  /** Rows so far. */
  get count(): number {
    return this.#count;
  }

  /** Appends a batch of `count` rows. Throws RangeError if a field is missing, short, or of another type. */
  add(count: number, metadata: MetadataColumns): void {
    for (const [name, builder] of this.#builders) {
      const values = Object.hasOwn(metadata, name) ? metadata[name]! : [];
      if (values.length !== count) {
        throw new RangeError(`the field "${name}" has ${values.length} of ${count} values`);
      }
      for (const value of values) builder.add(value);
    }
    this.#columns.clear();
    this.#count += count;
  }

  /** Throws RangeError for a field that the store does not hold. */
  column(name: string): Column {
    let column = this.#columns.get(name);
    if (column === undefined) {
      const builder = this.#builders.get(name);
      if (builder === undefined) throw new RangeError(`the field "${name}" was not loaded`);
      column = builder.column();
      this.#columns.set(name, column);
    }
    return column;
  }
}

class ColumnBuilder {
  readonly #name: string;
  readonly #isArray: boolean;
  readonly #scalars: ScalarBuilder;
  readonly #offsets: number[] = [0];
  readonly #missing: number[] = [];

  constructor({ name, type }: FieldSchema) {
    this.#name = name;
    this.#isArray = isArrayType(type);
    this.#scalars = elementType(type) === 'string' ? new TextBuilder(name) : new NumberBuilder(name);
  }

  add(value: MetadataValue): void {
    if (!this.#isArray) {
      this.#scalars.add(value);
      return;
    }
    if (value === null) this.#missing.push(this.#offsets.length - 1);
    else if (Array.isArray(value))
      for (const each of value as readonly MetadataValue[]) this.#scalars.add(each);
    else throw new RangeError(`the field "${this.#name}" must hold arrays`);
    this.#offsets.push(this.#scalars.length);
  }

  column(): Column {
    const elements = this.#scalars.column();
    if (!this.#isArray) return elements;
    const missing = new Selection(this.#offsets.length - 1);
    for (const row of this.#missing) missing.add(row);
    return {
      kind: 'array',
      offsets: Int32Array.from(this.#offsets),
      elements,
      present: missing.complement(),
    };
  }
}

interface ScalarBuilder {
  readonly length: number;
  add(value: MetadataValue): void;
  column(): ScalarColumn;
}

class TextBuilder implements ScalarBuilder {
  readonly #name: string;
  readonly #codes: number[] = [];
  readonly #words = new Map<string, number>();

  constructor(name: string) {
    this.#name = name;
  }

  get length(): number {
    return this.#codes.length;
  }

  add(value: MetadataValue): void {
    if (value === null) {
      this.#codes.push(-1);
      return;
    }
    if (typeof value !== 'string') throw new RangeError(`the field "${this.#name}" must hold text`);
    let code = this.#words.get(value);
    if (code === undefined) {
      code = this.#words.size;
      this.#words.set(value, code);
    }
    this.#codes.push(code);
  }

  column(): ScalarColumn {
    return { kind: 'text', codes: Int32Array.from(this.#codes), words: [...this.#words.keys()] };
  }
}

class NumberBuilder implements ScalarBuilder {
  readonly #name: string;
  readonly #values: number[] = [];
  /** Set from the first value on that a number cannot hold. */
  #big: bigint[] | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get length(): number {
    return this.#values.length;
  }

  add(value: MetadataValue): void {
    if (value !== null && !['number', 'bigint', 'boolean'].includes(typeof value)) {
      throw new RangeError(`the field "${this.#name}" must hold numbers`);
    }
    const number = value === null ? Number.NaN : Number(value);
    if (typeof value === 'bigint' && !Number.isSafeInteger(number)) {
      this.#big ??= this.#values.map((each) => (Number.isNaN(each) ? 0n : BigInt(each)));
    }
    this.#values.push(number);
    if (this.#big !== undefined) this.#big.push(value === null ? 0n : BigInt(value as number | bigint));
  }

  column(): ScalarColumn {
    if (this.#big === undefined) return { kind: 'number', values: Float64Array.from(this.#values) };
    const present = new Selection(this.#values.length);
    this.#values.forEach((each, row) => {
      if (!Number.isNaN(each)) present.add(row);
    });
    return { kind: 'big', values: BigInt64Array.from(this.#big), present };
  }
}
