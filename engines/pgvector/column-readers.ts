import {
  HELD,
  type ListType,
  type ScalarColumn,
  type TextColumn,
  type Texts,
  type ValueColumn,
  type VectorValues,
} from '../contract/columns.js';
import type { PointValue } from '../contract/points.js';
import { elementsOf } from '../contract/vectors.js';
import { valueAt } from '../kit/columns.js';
import { denseArray } from '../kit/vectors.js';
import type { VectorColumn } from './layout.js';

/** Takes the value of one row after the other; a size of -1 is null. Throws RangeError for what a point cannot hold. */
export interface RowReader<Column> {
  read(row: number, at: number, size: number): void;
  result(): Column;
}

/** Microseconds from 1970 to 2000, where PostgreSQL's time stamps start. */
const EPOCH = 946_684_800_000_000n;
/** PostgreSQL's infinite moments. */
const INFINITE: ReadonlySet<bigint> = new Set([2n ** 63n - 1n, -(2n ** 63n)]);

/** Which rows are null; undefined as long as none is. */
class Nulls {
  states: Uint8Array | undefined;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  add(row: number): void {
    this.states ??= new Uint8Array(this.#count).fill(HELD.value);
    this.states[row] = HELD.null;
  }
}

/** Texts of a stream, one after the other. */
export class TextReader {
  readonly #stream: Buffer;
  #bytes: Buffer;
  #length = 0;
  readonly #offsets: Int32Array;

  constructor(stream: Buffer, count: number) {
    this.#stream = stream;
    this.#bytes = Buffer.allocUnsafe(Math.max(64, count * 16));
    this.#offsets = new Int32Array(count + 1);
  }

  /** Rows in order, each once. */
  read(row: number, at: number, size: number): void {
    if (size > 0) {
      if (this.#length + size > this.#bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size));
        this.#bytes.copy(larger, 0, 0, this.#length);
        this.#bytes = larger;
      }
      this.#stream.copy(this.#bytes, this.#length, at, at + size);
      this.#length += size;
    }
    this.#offsets[row + 1] = this.#length;
  }

  texts(): Texts {
    return { bytes: this.#bytes, offsets: this.#offsets };
  }
}

export function textReader(stream: Buffer, count: number): RowReader<TextColumn> {
  const texts = new TextReader(stream, count);
  const nulls = new Nulls(count);
  return {
    read: (row, at, size) => {
      if (size < 0) nulls.add(row);
      texts.read(row, at, size);
    },
    result: () => ({ texts: texts.texts(), states: nulls.states }),
  };
}

type NumberType = 'integer' | 'float' | 'boolean' | 'timestamp';

function momentOf(micros: bigint): bigint {
  if (INFINITE.has(micros)) throw new RangeError('a time stamp that is infinite');
  return micros + EPOCH;
}

function numbersFor(type: NumberType, stream: Buffer, count: number) {
  switch (type) {
    case 'float': {
      const values = new Float64Array(count);
      const set = (row: number, at: number) => {
        values[row] = stream.readDoubleBE(at);
      };
      return { set, column: { type, values } as ScalarColumn };
    }
    case 'boolean': {
      const values = new Uint8Array(count);
      const set = (row: number, at: number) => {
        values[row] = stream[at]!;
      };
      return { set, column: { type, values } as ScalarColumn };
    }
    default: {
      const values = new BigInt64Array(count);
      const set = (row: number, at: number) => {
        const value = stream.readBigInt64BE(at);
        values[row] = type === 'integer' ? value : momentOf(value);
      };
      return { set, column: { type, values } as ScalarColumn };
    }
  }
}

export function numberReader(stream: Buffer, count: number, type: NumberType): RowReader<ValueColumn> {
  const { set, column } = numbersFor(type, stream, count);
  const nulls = new Nulls(count);
  return {
    read: (row, at, size) => {
      if (size < 0) nulls.add(row);
      else set(row, at);
    },
    result: () => ({ ...column, states: nulls.states }),
  };
}

/** Where the elements of arrays stand in the stream; whatever they are is read at the end, when it is known how many. */
export function listReader(stream: Buffer, count: number, type: ListType): RowReader<ValueColumn> {
  const nulls = new Nulls(count);
  const offsets = new Int32Array(count + 1);
  const places: number[] = [];
  let hasNull = false;
  return {
    read(row, at, size) {
      if (size < 0) nulls.add(row);
      else hasNull = placesOf(stream, at, places) || hasNull;
      offsets[row + 1] = places.length;
    },
    result() {
      const elements = elementsAt(stream, places, type);
      const column = { type, offsets, elements, states: nulls.states };
      return hasNull ? withNulls(stream, places, column, count) : column;
    },
  };
}

/** Adds where each element's size stands. @returns whether one is null */
function placesOf(stream: Buffer, start: number, places: number[]): boolean {
  const dimensions = stream.readInt32BE(start);
  if (dimensions === 0) return false;
  if (dimensions !== 1 || stream.readInt32BE(start + 16) !== 1)
    throw new RangeError('an array of several dimensions, or with subscripts that do not start at 1');
  let at = start + 20;
  let hasNull = false;
  for (let left = stream.readInt32BE(start + 12); left > 0; left--) {
    places.push(at);
    const size = stream.readInt32BE(at);
    if (size < 0) hasNull = true;
    at += 4 + Math.max(0, size);
  }
  return hasNull;
}

function elementsAt(stream: Buffer, places: readonly number[], type: ListType): ScalarColumn {
  const element = type.slice(0, -2) as 'string' | 'integer' | 'float' | 'boolean';
  if (element === 'string') {
    const texts = new TextReader(stream, places.length);
    for (const [i, at] of places.entries()) texts.read(i, at + 4, stream.readInt32BE(at));
    return { type: 'string', texts: texts.texts() };
  }
  const { set, column } = numbersFor(element, stream, places.length);
  for (const [i, at] of places.entries()) if (stream.readInt32BE(at) >= 0) set(i, at + 4);
  return column;
}

/** Arrays with nulls have no typed form. */
function withNulls(
  stream: Buffer,
  places: readonly number[],
  column: Extract<ValueColumn, { type: ListType }>,
  count: number,
): ValueColumn {
  const values = Array.from({ length: count }, (_, row) => {
    const value = valueAt(column, row);
    if (!Array.isArray(value)) return value;
    const from = column.offsets[row]!;
    return (value as readonly PointValue[]).map((each, i) =>
      stream.readInt32BE(places[from + i]!) < 0 ? null : each,
    ) as PointValue;
  });
  return { type: null, values };
}

/** Numbers as they come, big-endian, turned all at once. */
export class VectorReader implements RowReader<VectorValues> {
  readonly #stream: Buffer;
  readonly #vector: VectorColumn;
  readonly #block: Buffer;
  readonly #values: ReturnType<typeof denseArray>;
  readonly #width: number;
  readonly #count: number;
  #present: Uint8Array | undefined;

  constructor(stream: Buffer, count: number, vector: VectorColumn) {
    this.#stream = stream;
    this.#vector = vector;
    this.#count = count;
    const size = elementsOf(vector.field);
    this.#values = denseArray(vector.field.type, count * size);
    this.#block = Buffer.from(this.#values.buffer as ArrayBuffer);
    this.#width = size * this.#values.BYTES_PER_ELEMENT;
  }

  read(row: number, at: number, size: number): void {
    if (size < 0) {
      this.#present ??= new Uint8Array(this.#count).fill(1);
      this.#present[row] = 0;
      return;
    }
    const { native, field } = this.#vector;
    const dimensions = native === 'bit' ? this.#stream.readInt32BE(at) : this.#stream.readUInt16BE(at);
    if (dimensions !== field.dimensions || size !== this.#width + 4)
      throw new RangeError(`${dimensions} dimensions instead of ${field.dimensions}`);
    this.#stream.copy(this.#block, row * this.#width, at + 4, at + 4 + this.#width);
  }

  result(): VectorValues {
    const { native } = this.#vector;
    if (native === 'vector') this.#block.swap32();
    else if (native === 'halfvec') this.#block.swap16();
    return { type: 'dense', values: this.#values, present: this.#present };
  }
}
