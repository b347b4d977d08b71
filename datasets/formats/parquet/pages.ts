import {
  type ColumnMetaData,
  type DataPageHeader,
  type DecodedArray,
  type PageHeader,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';
import { checkPlain, checkValues } from './check-values.js';
import { checkPage, firstPage } from './checks.js';
import { COMPRESSORS } from './compression.js';
import type { ParquetFile } from './file.js';
import { decodeHybrid, isOneRun, levelWidth } from './levels.js';

type ColumnDecoder = Parameters<typeof readDataPage>[2];

/** One data page of a leaf column, not assembled into rows: 100 times cheaper than arrays of boxed numbers. */
export interface LeafPage {
  values: DecodedArray;
  /** Values, nulls among them. */
  count: number;
  /** Per value; empty if the column is not repeated. 0 starts a row. */
  repetition: Uint8Array;
  /** Per value; empty if nothing in the page is null. */
  definition: Uint8Array;
}

/** A data page whose values are as they are stored where they stand one after the other (PLAIN), and were looked through. */
export interface StoredPage extends LeafPage {
  /** In place of `values`. */
  plain?: Uint8Array | undefined;
}

type Mode = 'values' | 'check' | 'stored';

/** Headers hold little but statistics, whose bounds for vectors are a few KiB. */
const HEADER_WINDOW = 1 << 16;

/**
 * The data pages of one leaf column in file order. Memory: one page, whatever the size of the row group.
 * @param checkOnly pages come without their values
 */
export function* leafPages(file: ParquetFile, path: SchemaTree[], checkOnly = false): Generator<LeafPage> {
  for (const group of file.metadata.row_groups)
    yield* groupPages(file, group, path, checkOnly ? 'check' : 'values');
}

/** The data pages of one leaf column in one row group. */
export function storedPages(file: ParquetFile, group: RowGroup, path: SchemaTree[]): Generator<StoredPage> {
  return groupPages(file, group, path, 'stored');
}

function* groupPages(
  file: ParquetFile,
  group: RowGroup,
  path: SchemaTree[],
  mode: Mode,
): Generator<StoredPage> {
  const leaf = path[path.length - 1]!;
  const name = path
    .slice(1)
    .map((node) => node.element.name)
    .join('.');
  const chunk = group.columns.find((column) => column.meta_data?.path_in_schema.join('.') === name);
  const meta = chunk?.meta_data;
  if (meta === undefined) throw new Error(`the row group has no column ${name}`);
  // The type of the schema: of two that differ the library would take one here and the other there.
  if (meta.type !== leaf.element.type) throw new Error(`the column ${name} has two types`);
  yield* chunkPages(
    file,
    meta,
    {
      pathInSchema: meta.path_in_schema,
      type: meta.type,
      codec: meta.codec,
      element: leaf.element,
      schemaPath: path,
      compressors: COMPRESSORS,
    } as unknown as ColumnDecoder,
    mode,
  );
}

/**
 * Looks through all pages of some columns and of what is below them, as reading them would: what passes is safe to be
 * read by the library. Throws Error.
 * @param names of columns of the first level; undefined: all
 */
export function checkColumns(file: ParquetFile, names?: readonly string[]): void {
  const root = parquetSchema(file.metadata);
  const visit = (path: SchemaTree[]): void => {
    const { children } = path.at(-1)!;
    for (const child of children) visit([...path, child]);
    if (children.length > 0) return;
    let rows = 0;
    let values = 0;
    for (const { repetition, count } of leafPages(file, path, true)) {
      values += count;
      rows += repetition.length === 0 ? count : countOf(repetition, 0);
    }
    if (rows !== Number(file.metadata.num_rows))
      throw new Error(`a column has ${rows} rows in ${values} values, the file ${file.metadata.num_rows}`);
  };
  for (const child of root.children)
    if (names === undefined || names.includes(child.element.name)) visit([root, child]);
}

function countOf(levels: Uint8Array, level: number): number {
  let count = 0;
  for (let i = 0; i < levels.length; i++) if (levels[i] === level) count++;
  return count;
}

function* chunkPages(
  file: ParquetFile,
  meta: ColumnMetaData,
  decoder: ColumnDecoder,
  mode: Mode,
): Generator<StoredPage> {
  let offset = firstPage(meta);
  const end = offset + Number(meta.total_compressed_size);
  let dictionary: DecodedArray | undefined;
  let seen = 0;
  while (seen < Number(meta.num_values)) {
    if (offset >= end) throw new Error(`a column chunk ends after ${seen} of ${meta.num_values} values`);
    const window = file.read(offset, Math.min(offset + HEADER_WINDOW, end));
    const reader = { view: new DataView(window.buffer), offset: 0 };
    const header = parquetHeader(reader);
    const start = offset + reader.offset;
    checkPage(header, file.buffer.byteLength, end - start, Number(meta.num_values) - seen);
    const body = file.read(start, start + header.compressed_page_size);
    offset = start + header.compressed_page_size;
    if (header.type === 'DICTIONARY_PAGE') dictionary = readDictionary(header, body, decoder);
    else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      const page = readValues(header, body, decoder, dictionary, mode);
      seen += page.count;
      yield page;
    }
  }
}

function readDictionary(header: PageHeader, body: Uint8Array, decoder: ColumnDecoder): DecodedArray {
  const page = decompressPage(body, header.uncompressed_page_size, decoder.codec, decoder.compressors);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const count = header.dictionary_page_header!.num_values;
  checkPlain(page, count, decoder.type, decoder.element.type_length);
  return readPlain({ view, offset: 0 }, decoder.type, count, decoder.element.type_length);
}

const NONE = new Uint8Array(0);

function readValues(
  header: PageHeader,
  body: Uint8Array,
  decoder: ColumnDecoder,
  dictionary: DecodedArray | undefined,
  mode: Mode,
): StoredPage {
  const { repetition, definition, encoded, nulls } = readLevels(header, body, decoder);
  const { num_values: all, encoding } = (header.data_page_header ?? header.data_page_header_v2)!;
  const count = all - nulls;
  const levels = { repetition, definition: nulls === 0 ? NONE : definition, count: all };
  const v2 = header.data_page_header_v2;
  if (v2 !== undefined && v2.num_nulls !== nulls)
    throw new RangeError(`a page of ${nulls} nulls states ${v2.num_nulls}`);
  const isPlaces = encoding.endsWith('_DICTIONARY');
  if (mode === 'check' || !isPlaces)
    checkValues(encoded, count, encoding, decoder.type, decoder.element.type_length, dictionary);
  if (mode === 'check') return { values: [], ...levels };
  if (mode === 'stored' && encoding === 'PLAIN') return { values: [], plain: encoded, ...levels };
  if (dictionary !== undefined && isPlaces) return { values: lookUp(encoded, count, dictionary), ...levels };
  // Without levels, which are read already, the page is that of a flat column without nulls.
  const flat = { ...decoder, schemaPath: decoder.schemaPath.slice(0, 1) };
  const { dataPage } = readDataPage(encoded, { num_values: count, encoding } as DataPageHeader, flat);
  return { values: dataPage, ...levels };
}

interface Levels {
  repetition: Uint8Array;
  definition: Uint8Array;
  /** Values whose definition level is below the highest: they are not stored. */
  nulls: number;
  /** The values, unpacked. */
  encoded: Uint8Array;
}

/** Version 1 packs levels and values together, each kind of levels behind its length; version 2 only the values. */
function readLevels(header: PageHeader, body: Uint8Array, decoder: ColumnDecoder): Levels {
  const { schemaPath, codec, compressors } = decoder;
  const highest = getMaxDefinitionLevel(schemaPath);
  const deepest = getMaxRepetitionLevel(schemaPath);
  const v2 = header.data_page_header_v2;
  if (header.data_page_header !== undefined) {
    const page = decompressPage(body, header.uncompressed_page_size, codec, compressors);
    const { num_values: count } = header.data_page_header;
    const first = deepest > 0 ? withLength(page, 0) : NONE;
    const start = deepest > 0 ? 4 + first.length : 0;
    const second = highest > 0 ? withLength(page, start) : NONE;
    const end = highest > 0 ? start + 4 + second.length : start;
    return { ...levelsOf(first, deepest, second, highest, count), encoded: page.subarray(end) };
  }
  const { repetition_levels_byte_length: first, definition_levels_byte_length: second } = v2!;
  const packed = body.subarray(first + second);
  const size = header.uncompressed_page_size - first - second;
  const encoded = v2!.is_compressed === false ? packed : decompressPage(packed, size, codec, compressors);
  const levels = levelsOf(
    body.subarray(0, first),
    deepest,
    body.subarray(first, first + second),
    highest,
    v2!.num_values,
  );
  return { ...levels, encoded };
}

function withLength(page: Uint8Array, at: number): Uint8Array {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const length = view.getUint32(at, true);
  if (at + 4 + length > page.length)
    throw new RangeError(`levels of ${length} bytes in a page of ${page.length}`);
  return page.subarray(at + 4, at + 4 + length);
}

function levelsOf(
  repeated: Uint8Array,
  deepest: number,
  defined: Uint8Array,
  highest: number,
  count: number,
): Omit<Levels, 'encoded'> {
  const repetition = deepest > 0 ? new Uint8Array(count) : NONE;
  if (deepest > 0) decodeHybrid(repeated, levelWidth(deepest), repetition, true);
  const width = levelWidth(highest);
  if (highest === 0 || isOneRun(defined, width, highest, count))
    return { repetition, definition: NONE, nulls: 0 };
  const definition = new Uint8Array(count);
  decodeHybrid(defined, width, definition, true);
  let nulls = 0;
  for (let i = 0; i < definition.length; i++) if (definition[i] !== highest) nulls++;
  return { repetition, definition, nulls };
}

/** Values of a page that stores places in the dictionary: one byte for the bits of each, then the places. */
function lookUp(encoded: Uint8Array, count: number, dictionary: DecodedArray): DecodedArray {
  const places = new Uint32Array(count);
  const width = count === 0 ? 0 : encoded[0]!;
  if (width > 32) throw new RangeError(`places in a dictionary of ${width} bits`);
  if (width > 0) decodeHybrid(encoded.subarray(1), width, places);
  if (places.some((place) => place >= dictionary.length))
    throw new RangeError(`a place beyond the ${dictionary.length} values of the dictionary`);
  if (dictionary instanceof Float32Array || dictionary instanceof Float64Array) {
    const values = dictionary instanceof Float32Array ? new Float32Array(count) : new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = dictionary[places[i]!]!;
    return values;
  }
  return Array.from(places, (place) => dictionary[place]);
}
