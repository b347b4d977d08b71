import type { ColumnChunk, SchemaElement } from 'hyparquet';
import type { ParquetWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import {
  HELD,
  type ScalarColumn,
  type States,
  type Texts,
  type ValueColumn,
} from '../../engines/contract/columns.js';
import { LevelRuns } from './levels.js';

/**
 * Columns whose values stand in typed arrays and in UTF-8, written as Parquet pages (PLAIN, in Snappy) without a value of
 * JavaScript for each.
 */

type Writer = ParquetWriter['writer'];

/** Bytes of a page's values, about; as other writers have them. */
const PAGE_BYTES = 1 << 20;

/** A column of one value a row, or of one list a row. */
export interface PagedColumn {
  /** Of the leaf. */
  type: NonNullable<SchemaElement['type']>;
  path: readonly string[];
  /** Rows that have no value; undefined: the column is required. */
  states?: States;
  optional: boolean;
  /** Of a list: where each row's elements begin, and behind the last. */
  offsets?: Int32Array | undefined;
  values: PlainValues;
}

/** Values as Parquet has them, one after the other. */
export interface PlainValues {
  /** Bytes of some values, about. */
  size(from: number, to: number): number;
  /** @param some which of them, in order; undefined: all from `from` up to `to` */
  bytes(from: number, to: number, some: ((value: number) => boolean) | undefined): Uint8Array;
}

/** Writes one column of a row group. @returns its entry in the row group */
export function writeColumnPages(writer: Writer, column: PagedColumn, count: number): ColumnChunk {
  const start = writer.offset;
  let values = 0;
  let unpacked = 0;
  for (let from = 0; from < count || from === 0; ) {
    const to = pageEnd(column, from, count);
    const page = writePage(writer, column, from, to);
    values += page.values;
    unpacked += page.unpacked;
    from = Math.max(to, 1);
    if (count === 0) break;
  }
  return {
    meta_data: {
      type: column.type,
      encodings: ['PLAIN', 'RLE'],
      path_in_schema: [...column.path],
      codec: 'SNAPPY',
      num_values: BigInt(values),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(unpacked),
      data_page_offset: BigInt(start),
    },
    file_offset: BigInt(start),
  };
}

/** Rows of about a megabyte. */
function pageEnd({ values, offsets }: PagedColumn, from: number, count: number): number {
  const at = (row: number) => offsets?.[row] ?? row;
  if (values.size(at(from), at(count)) <= PAGE_BYTES) return count;
  let [low, high] = [from + 1, count];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values.size(at(from), at(middle)) <= PAGE_BYTES) low = middle;
    else high = middle - 1;
  }
  return low;
}

function writePage(
  writer: Writer,
  column: PagedColumn,
  from: number,
  to: number,
): { values: number; unpacked: number } {
  const levels = column.offsets === undefined ? flatLevels(column, from, to) : listLevels(column, from, to);
  const { repetition, definition, nulls, count } = levels;
  const { offsets, states } = column;
  const bytes =
    offsets === undefined
      ? column.values.bytes(
          from,
          to,
          states === undefined || nulls === 0 ? undefined : (row) => states[row] === HELD.value,
        )
      : column.values.bytes(offsets[from]!, offsets[to]!, undefined);
  const packed = snappyCompress(bytes);
  const start = writer.offset;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: repetition.length + definition.length + bytes.length,
    compressed_page_size: repetition.length + definition.length + packed.length,
    data_page_header_v2: {
      num_values: count,
      num_nulls: nulls,
      num_rows: to - from,
      encoding: 'PLAIN',
      repetition_levels_byte_length: repetition.length,
      definition_levels_byte_length: definition.length,
      is_compressed: true,
    },
  });
  const header = writer.offset - start;
  for (const each of [repetition, definition, packed]) writer.appendBytes(each);
  return { values: count, unpacked: header + repetition.length + definition.length + bytes.length };
}

interface Levels {
  repetition: Buffer;
  definition: Buffer;
  nulls: number;
  /** Values, nulls and empty lists among them. */
  count: number;
}

const NONE = Buffer.alloc(0);

function flatLevels({ states, optional }: PagedColumn, from: number, to: number): Levels {
  if (!optional) return { repetition: NONE, definition: NONE, nulls: 0, count: to - from };
  const runs = new LevelRuns();
  let nulls = 0;
  for (let at = from, next = from; at < to; at = next) {
    const there = isThere(states, at);
    while (next < to && isThere(states, next) === there) next++;
    runs.add(next - at, there ? 1 : 0);
    if (!there) nulls += next - at;
  }
  return { repetition: NONE, definition: runs.bytes(), nulls, count: to - from };
}

/** Definition: 0 no list, 1 an empty one, 2 an element of one. Repetition: 0 begins a row, 1 goes on with it. */
function listLevels({ states, offsets }: PagedColumn, from: number, to: number): Levels {
  const repetition = new LevelRuns();
  const definition = new LevelRuns();
  let [nulls, count, level, length] = [0, 0, -1, 0];
  for (let row = from; row < to; row++) {
    const elements = offsets![row + 1]! - offsets![row]!;
    const own = !isThere(states, row) ? 0 : elements === 0 ? 1 : 2;
    const values = Math.max(1, elements);
    repetition.add(1, 0);
    if (values > 1) repetition.add(values - 1, 1);
    if (own !== level && length > 0) {
      definition.add(length, level);
      length = 0;
    }
    level = own;
    length += values;
    if (own !== 2) nulls++;
    count += values;
  }
  if (length > 0) definition.add(length, level);
  return { repetition: repetition.bytes(), definition: definition.bytes(), nulls, count };
}

function isThere(states: States, row: number): boolean {
  return states === undefined || states[row] === HELD.value;
}

/** Of every type; where a row has no value, its offsets say that there are no bytes. */
export function plainOf(column: ScalarColumn): PlainValues {
  switch (column.type) {
    case 'string':
      return plainTexts(column.texts);
    case 'boolean':
      return plainBits(column.values);
    default:
      return plainNumbers(column.values);
  }
}

export function plainNumbers(values: BigInt64Array | BigUint64Array | Float64Array): PlainValues {
  const width = values.BYTES_PER_ELEMENT;
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    size: (from, to) => (to - from) * width,
    bytes(from, to, some) {
      if (some === undefined) return raw.subarray(from * width, to * width);
      const bytes = new Uint8Array((to - from) * width);
      let at = 0;
      for (let i = from; i < to; i++) {
        if (!some(i)) continue;
        for (let byte = i * width; byte < (i + 1) * width; byte++) bytes[at++] = raw[byte]!;
      }
      return bytes.subarray(0, at);
    },
  };
}

/** Eight a byte, the first in the lowest bit. */
function plainBits(values: Uint8Array): PlainValues {
  return {
    size: (from, to) => (to - from) >> 3,
    bytes(from, to, some) {
      const bytes = new Uint8Array((to - from + 7) >> 3);
      let at = 0;
      for (let i = from; i < to; i++) {
        if (some !== undefined && !some(i)) continue;
        if (values[i] !== 0) bytes[at >> 3]! |= 1 << (at & 7);
        at++;
      }
      return bytes.subarray(0, (at + 7) >> 3);
    },
  };
}

/** Each with its length before it. */
export function plainTexts({ bytes: from, offsets }: Texts): PlainValues {
  return {
    size: (first, last) => offsets[last]! - offsets[first]! + 4 * (last - first),
    bytes(first, last, some) {
      const bytes = Buffer.allocUnsafe(offsets[last]! - offsets[first]! + 4 * (last - first));
      let at = 0;
      for (let i = first; i < last; i++) {
        if (some !== undefined && !some(i)) continue;
        const [start, end] = [offsets[i]!, offsets[i + 1]!];
        const size = end - start;
        bytes[at] = size & 0xff;
        bytes[at + 1] = (size >>> 8) & 0xff;
        bytes[at + 2] = (size >>> 16) & 0xff;
        bytes[at + 3] = size >>> 24;
        at += 4;
        if (size > SHORT) bytes.set(from.subarray(start, end), at);
        else for (let byte = 0; byte < size; byte++) bytes[at + byte] = from[start + byte]!;
        at += size;
      }
      return bytes.subarray(0, at);
    },
  };
}

/** Calls into the engine for a few bytes cost more than the bytes. */
const SHORT = 40;

/** The column of a field. */
export function pagedField(
  path: readonly string[],
  type: NonNullable<SchemaElement['type']>,
  column: Exclude<ValueColumn, { type: null }>,
): PagedColumn {
  const { states } = column;
  if (!('elements' in column)) return { type, path, optional: true, states, values: plainOf(column) };
  const { offsets, elements } = column;
  return {
    type,
    path: [...path, 'list', 'element'],
    optional: true,
    states,
    offsets,
    values: plainOf(elements),
  };
}
