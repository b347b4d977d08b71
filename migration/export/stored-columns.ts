import type { DecodedArray, RowGroup, SchemaTree } from 'hyparquet';
import type { ParquetFile } from '../../datasets/formats/parquet/file.js';
import { type StoredPage, storedPages } from '../../datasets/formats/parquet/pages.js';
import { HELD, type ScalarColumn, type States, type Texts } from '../../engines/contract/columns.js';

/** Columns of a row group as typed arrays and UTF-8, read from pages as they are stored. Errors are Error. */

/** Scalars of the types that parts have; `elements` of a list. */
export type StoredType = ScalarColumn['type'];

export interface StoredColumn {
  values: ScalarColumn;
  /** Of rows; undefined: each has a value. A row without one is missing. */
  states: States;
  /** Of a list. */
  offsets?: Int32Array;
}

/** A column of one value a row. */
export function readScalars(
  file: ParquetFile,
  group: RowGroup,
  path: SchemaTree[],
  type: StoredType,
): StoredColumn {
  const sink = sinkFor(type);
  const count = Number(group.num_rows);
  const states = new Uint8Array(count).fill(HELD.value);
  let row = 0;
  let nulls = 0;
  for (const page of storedPages(file, group, path)) {
    requireRoom(page.count, count - row);
    for (let i = 0; i < page.definition.length; i++)
      if (page.definition[i] === 0) {
        states[row + i] = HELD.missing;
        nulls++;
      }
    row += page.count;
    take(
      sink,
      page,
      page.definition.length === 0 ? page.count : page.definition.reduce((sum, each) => sum + each, 0),
    );
  }
  requireAll(row, count);
  return nulls === 0
    ? { values: sink.column(), states: undefined }
    : { values: spread(sink.column(), states), states };
}

/** A column of one list a row: definition 0 is no list, 1 an empty one, 2 an element; repetition 0 begins a row. */
export function readLists(
  file: ParquetFile,
  group: RowGroup,
  path: SchemaTree[],
  type: StoredType,
): StoredColumn {
  const sink = sinkFor(type);
  const count = Number(group.num_rows);
  const states = new Uint8Array(count).fill(HELD.value);
  const offsets = new Int32Array(count + 1);
  let row = -1;
  let elements = 0;
  let nulls = 0;
  for (const page of storedPages(file, group, path)) {
    const { definition, repetition } = page;
    let present = 0;
    for (let i = 0; i < page.count; i++) {
      if (repetition[i] === 0) {
        requireRoom(1, count - ++row);
        offsets[row] = elements;
      }
      const level = definition.length === 0 ? 2 : definition[i]!;
      if (level === 2) {
        elements++;
        present++;
      } else if (level === 0) {
        states[row] = HELD.missing;
        nulls++;
      }
    }
    take(sink, page, present);
  }
  requireAll(row + 1, count);
  offsets[count] = elements;
  return { values: sink.column(), states: nulls === 0 ? undefined : states, offsets };
}

/** A column of lists of `dimensions` floats, or of none. */
export function readBlock(
  file: ParquetFile,
  group: RowGroup,
  path: SchemaTree[],
  dimensions: number,
): { values: Float32Array; present: Uint8Array | undefined } {
  const count = Number(group.num_rows);
  const values = new Float32Array(count * dimensions);
  const present = new Uint8Array(count);
  let row = 0;
  for (const page of storedPages(file, group, path)) {
    const first = row;
    row = rowsOf(page, present, row, dimensions);
    place(page, values, present, first, row, dimensions);
  }
  requireAll(row, count);
  return { values, present: present.includes(0) ? present : undefined };
}

/** Which rows of a page have a vector. @returns the row behind its last */
function rowsOf(
  { definition, repetition, count }: StoredPage,
  present: Uint8Array,
  first: number,
  dimensions: number,
): number {
  let row = first;
  for (let i = 0; i < count; row++) {
    requireRoom(1, present.length - row);
    const has = definition.length === 0 || definition[i] !== 0;
    const end = i + (has ? dimensions : 1);
    for (let at = i; at < end; at++)
      if (repetition[at] !== Number(at > i) || (has && definition.length > 0 && definition[at] !== 2))
        throw new Error(`row ${row} has a vector of other than ${dimensions} numbers`);
    if (end < count && repetition[end] !== 0)
      throw new Error(`row ${row} has a vector of more than ${dimensions} numbers`);
    present[row] = Number(has);
    i = end;
  }
  return row;
}

/** Puts the numbers of a page where they belong. */
function place(
  { plain, values: decoded }: StoredPage,
  values: Float32Array,
  present: Uint8Array,
  first: number,
  end: number,
  dimensions: number,
): void {
  const bytes = plain ?? new Uint8Array(Float32Array.from(decoded as ArrayLike<number>).buffer);
  const width = dimensions * 4;
  let vectors = 0;
  for (let row = first; row < end; row++) vectors += present[row]!;
  if (bytes.length !== vectors * width) throw new Error('a page has not as many numbers as its levels say');
  const into = new Uint8Array(values.buffer);
  if (vectors === end - first) {
    into.set(bytes, first * width);
    return;
  }
  let at = 0;
  for (let row = first; row < end; row++) {
    if (present[row] === 0) continue;
    into.set(bytes.subarray(at, at + width), row * width);
    at += width;
  }
}

function requireRoom(values: number, left: number): void {
  if (values > left) throw new Error(`a column has ${values - left} values more than there are rows`);
}

function requireAll(rows: number, count: number): void {
  if (rows !== count) throw new Error(`a column has ${rows} of ${count} values`);
}

/** Gathers the values of pages, without those that are not there. */
interface Sink {
  plain(bytes: Uint8Array, count: number): void;
  values(values: DecodedArray): void;
  column(): ScalarColumn;
}

function take(sink: Sink, { plain, values }: StoredPage, count: number): void {
  if (plain !== undefined) sink.plain(plain, count);
  else sink.values(values);
}

function sinkFor(type: StoredType): Sink {
  switch (type) {
    case 'string':
      return textSink();
    case 'boolean':
      return booleanSink();
    case 'float':
      return numberSink(Float64Array, (values) => ({ type, values: values as Float64Array }));
    default:
      return numberSink(BigInt64Array, (values) => ({ type, values: values as BigInt64Array }));
  }
}

type Wide = typeof Float64Array | typeof BigInt64Array;

function numberSink(Type: Wide, made: (values: Float64Array | BigInt64Array) => ScalarColumn): Sink {
  const chunks: (Float64Array | BigInt64Array)[] = [];
  return {
    plain(bytes, count) {
      chunks.push(new Type(bytes.slice(0, count * 8).buffer));
    },
    values(values) {
      const chunk = new Type(values.length);
      chunk.set(values as never);
      chunks.push(chunk);
    },
    column() {
      const all = new Type(chunks.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const chunk of chunks) {
        all.set(chunk as never, at);
        at += chunk.length;
      }
      return made(all);
    },
  };
}

function booleanSink(): Sink {
  const all: number[] = [];
  return {
    plain(bytes, count) {
      for (let i = 0; i < count; i++) all.push((bytes[i >> 3]! >> (i & 7)) & 1);
    },
    values(values) {
      for (const each of values) all.push(Number(each));
    },
    column: () => ({ type: 'boolean', values: Uint8Array.from(all) }),
  };
}

/** Calls into the engine for a few bytes cost more than the bytes. */
const SHORT = 40;

function textSink(): Sink {
  let bytes = Buffer.allocUnsafe(1 << 12);
  let length = 0;
  const ends: number[] = [];
  const room = (size: number) => {
    if (length + size <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, length + size));
    bytes.copy(larger, 0, 0, length);
    bytes = larger;
  };
  const add = (from: Uint8Array, start: number, end: number) => {
    if (end - start > SHORT) bytes.set(from.subarray(start, end), length);
    else for (let at = start; at < end; at++) bytes[length + at - start] = from[at]!;
    length += end - start;
    ends.push(length);
  };
  return {
    plain(from, count) {
      room(from.length);
      let at = 0;
      for (let i = 0; i < count; i++) {
        const size = from[at]! + from[at + 1]! * 2 ** 8 + from[at + 2]! * 2 ** 16 + from[at + 3]! * 2 ** 24;
        add(from, at + 4, at + 4 + size);
        at += 4 + size;
      }
    },
    values(values) {
      for (const each of values as Uint8Array[]) {
        room(each.length);
        add(each, 0, each.length);
      }
    },
    column: () => ({ type: 'string', texts: { bytes, offsets: Int32Array.from([0, ...ends]) } }),
  };
}

/** One value for each row: anything where it has none. */
function spread(column: ScalarColumn, states: Uint8Array): ScalarColumn {
  if (column.type === 'string') {
    const offsets = new Int32Array(states.length + 1);
    let next = 0;
    for (let row = 0; row < states.length; row++)
      offsets[row + 1] = column.texts.offsets[states[row] === HELD.value ? ++next : next]!;
    const texts: Texts = { bytes: column.texts.bytes, offsets };
    return { type: 'string', texts };
  }
  const { values } = column;
  const all = new (values.constructor as new (length: number) => typeof values)(states.length);
  let next = 0;
  for (let row = 0; row < states.length; row++)
    if (states[row] === HELD.value) all[row] = values[next++]! as never;
  return { type: column.type, values: all } as ScalarColumn;
}
