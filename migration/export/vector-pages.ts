import type { ColumnChunk, ColumnMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { ParquetWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { DenseValues, VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { brainsToFloats, floatsToBrains, floatsToHalves, halvesToFloats } from '../../engines/kit/half.js';
import { vectorColumn } from './columns.js';
import { run } from './levels.js';

/**
 * Columns of dense vectors of floats, written and read as whole blocks of memory. They are plain Parquet lists; what is
 * left out is the way of each number through arrays of arrays. Their levels are known: a vector of d numbers is one
 * value that begins a list and d - 1 that go on with it, an absent one is a single null.
 */

type Writer = ParquetWriter['writer'];

const PAGE_BYTES = 1 << 20;
/** Definition level of a number in a list; 0: there is no list. */
const PRESENT = 2;

/** Whether a vector's column can be written here. */
export function hasPages({ kind, type, dimensions }: VectorField): boolean {
  return kind === 'dense' && dimensions > 0 && (type === 'f32' || type === 'f16' || type === 'bf16');
}

/** Writes one column of a row group. @returns its entry in the row group */
export function writeVectorPages(
  writer: Writer,
  field: VectorField,
  vectors: readonly (VectorValue | undefined)[],
): ColumnChunk {
  return writePages(writer, field, vectors.length, (from, to) => {
    const some = vectors.slice(from, to) as (DenseValues | undefined)[];
    const present = some.map((each) => each !== undefined);
    return { present, numbers: gathered(field, some) };
  });
}

/** The same of vectors that stand one after the other. */
export function writeVectorBlock(
  writer: Writer,
  field: VectorField,
  { values, present }: { values: DenseValues; present?: Uint8Array | undefined },
  count: number,
): ColumnChunk {
  const { dimensions } = field;
  const row = (at: number) => values.subarray(at * dimensions, (at + 1) * dimensions);
  return writePages(writer, field, count, (from, to) => {
    const there = Array.from({ length: to - from }, (_, i) => present?.[from + i] !== 0);
    if (there.every(Boolean)) {
      const all = values.subarray(from * dimensions, to * dimensions);
      return { present: there, numbers: floatsOf(field.type, all) };
    }
    return {
      present: there,
      numbers: gathered(
        field,
        there.map((each, i) => (each ? row(from + i) : undefined)),
      ),
    };
  });
}

interface VectorPage {
  /** Of each row: whether it has a vector. */
  present: readonly boolean[];
  /** Of those that have one. */
  numbers: Float32Array;
}

function writePages(
  writer: Writer,
  field: VectorField,
  count: number,
  page: (from: number, to: number) => VectorPage,
): ColumnChunk {
  const start = writer.offset;
  const rows = Math.max(1, Math.floor(PAGE_BYTES / (4 * field.dimensions)));
  let values = 0;
  for (let at = 0; at < count; at += rows)
    values += writePage(writer, field.dimensions, page(at, Math.min(count, at + rows)));
  return {
    meta_data: {
      type: 'FLOAT',
      encodings: ['PLAIN', 'RLE'],
      path_in_schema: [vectorColumn(field.name), 'list', 'element'],
      codec: 'UNCOMPRESSED',
      num_values: BigInt(values),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(start),
    },
    file_offset: BigInt(start),
  };
}

/** @returns values of the page, an absent vector being one */
function writePage(writer: Writer, dimensions: number, { present, numbers }: VectorPage): number {
  const [repetition, definition] = levelsOf(present, dimensions);
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const size = repetition.length + definition.length + bytes.length;
  const absent = present.length - numbers.length / dimensions;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: size,
    compressed_page_size: size,
    data_page_header_v2: {
      num_values: numbers.length + absent,
      num_nulls: absent,
      num_rows: present.length,
      encoding: 'PLAIN',
      repetition_levels_byte_length: repetition.length,
      definition_levels_byte_length: definition.length,
      is_compressed: false,
    },
  });
  for (const each of [repetition, definition, bytes]) writer.appendBytes(each);
  return numbers.length + absent;
}

function gathered({ type, dimensions }: VectorField, vectors: readonly (DenseValues | undefined)[]) {
  const there = vectors.filter((each) => each !== undefined);
  const numbers = new Float32Array(there.length * dimensions);
  for (const [i, values] of there.entries()) numbers.set(floatsOf(type, values), i * dimensions);
  return numbers;
}

function floatsOf(type: VectorField['type'], values: DenseValues): Float32Array {
  if (type === 'f16') return halvesToFloats(values as Uint16Array);
  return type === 'bf16' ? brainsToFloats(values as Uint16Array) : (values as Float32Array);
}

/** Repetition and definition levels of a page, as runs (Parquet's RLE without bit packing). */
function levelsOf(present: readonly boolean[], dimensions: number): [Buffer, Buffer] {
  const begins = run(1, 0);
  const vector = dimensions === 1 ? begins : Buffer.concat([begins, run(dimensions - 1, 1)]);
  const repetition = Buffer.concat(present.map((each) => (each ? vector : begins)));
  const definition: Buffer[] = [];
  for (let from = 0, to = 0; from < present.length; from = to) {
    while (to < present.length && present[to] === present[from]) to++;
    definition.push(present[from] === true ? run((to - from) * dimensions, PRESENT) : run(to - from, 0));
  }
  return [repetition, Buffer.concat(definition)];
}

/**
 * Vectors of a column chunk, undefined where a row has none. Undefined if its pages are not of the form that is written
 * here: other writers' files are read number by number.
 * @param chunk the bytes of all its pages
 */
export function readVectorPages(
  field: VectorField,
  chunk: ArrayBuffer,
  { num_values, codec }: ColumnMetaData,
): (DenseValues | undefined)[] | undefined {
  if (codec !== 'UNCOMPRESSED' || !hasPages(field)) return undefined;
  const reader = { view: new DataView(chunk), offset: 0 };
  const vectors: (DenseValues | undefined)[] = [];
  let values = 0;
  while (values < Number(num_values)) {
    const header = parquetHeader(reader);
    const page = readPage(field, new Uint8Array(chunk, reader.offset, header.compressed_page_size), header);
    if (page === undefined) return undefined;
    for (const each of page) vectors.push(each);
    reader.offset += header.compressed_page_size;
    values += header.data_page_header_v2!.num_values;
  }
  return vectors;
}

function readPage(
  { type, dimensions }: VectorField,
  bytes: Uint8Array,
  { type: page, data_page_header_v2: header }: ReturnType<typeof parquetHeader>,
): (DenseValues | undefined)[] | undefined {
  if (page !== 'DATA_PAGE_V2' || header?.encoding !== 'PLAIN') return undefined;
  const levels = header.repetition_levels_byte_length;
  const data = levels + header.definition_levels_byte_length;
  const present = presence(bytes.subarray(levels, data), dimensions);
  if (present?.length !== header.num_rows) return undefined;
  const [repetition, definition] = levelsOf(present, dimensions);
  if (Buffer.compare(repetition, bytes.subarray(0, levels)) !== 0) return undefined;
  if (Buffer.compare(definition, bytes.subarray(levels, data)) !== 0) return undefined;
  const count = present.reduce((sum, each) => sum + Number(each), 0);
  if (bytes.length - data !== count * dimensions * 4) return undefined;
  const numbers = new Float32Array(bytes.slice(data).buffer);
  let at = 0;
  return present.map((each) => {
    if (!each) return undefined;
    at += dimensions;
    const values = numbers.subarray(at - dimensions, at);
    if (type === 'f16') return floatsToHalves(values);
    return type === 'bf16' ? floatsToBrains(values) : values;
  });
}

/** Which rows have a vector, by runs of definition levels; undefined: they are in another form. */
function presence(bytes: Uint8Array, dimensions: number): boolean[] | undefined {
  const present: boolean[] = [];
  for (let at = 0; at < bytes.length; ) {
    let head = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      head += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const level = bytes[at++];
    const rows = level === PRESENT ? head / 2 / dimensions : head / 2;
    if ((level !== PRESENT && level !== 0) || !Number.isInteger(rows)) return undefined;
    for (let i = 0; i < rows; i++) present.push(level === PRESENT);
  }
  return present;
}
