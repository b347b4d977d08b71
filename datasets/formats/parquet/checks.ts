import type { FileMetaData, PageHeader, SchemaElement } from 'hyparquet';
import { mostBytes } from '../../limits.js';

/*
 * What is said of a file or page, held against what can be, before anything is allocated or counted through for it: the
 * library believes all of it.
 */

/** Of one column. */
const DEEPEST = 64;
const MOST_ELEMENTS = 100_000;
/** Column chunks. */
const MOST_CHUNKS = 2_000_000;
/** Bytes of a page that any file may have; writers end pages after about a megabyte. */
const MOST_PAGE = 64 * 2 ** 20;
const PAGE_RATIO = 10;
/** Values of a page: runs and dictionaries put any number of them into a few bytes. */
const MOST_VALUES = 2 ** 24;

/** Throws Error for a footer that fits neither itself nor the file. Takes the indexes out: pages are found one by one. */
export function checkFooter(metadata: FileMetaData, byteLength: number): void {
  checkSchema(metadata.schema);
  const { row_groups: groups } = metadata;
  const rows = whole(metadata.num_rows, 'rows');
  if (groups.length * metadata.schema.length > MOST_CHUNKS)
    throw new RangeError(`its footer lists ${groups.length} row groups`);
  let sum = 0;
  for (const group of groups) {
    sum += whole(group.num_rows, 'rows of a group');
    for (const chunk of group.columns) {
      const { meta_data: meta } = chunk;
      if (meta === undefined) throw new Error('a column has no metadata in its footer');
      whole(meta.num_values, 'values');
      const first = firstPage(meta);
      const end = first + whole(meta.total_compressed_size, 'bytes of a column');
      if (first < 4 || end > byteLength)
        throw new RangeError(`a column is at bytes ${first} to ${end} of ${byteLength}`);
      delete chunk.offset_index_offset;
      delete chunk.column_index_offset;
      delete meta.bloom_filter_offset;
    }
  }
  if (sum !== rows) throw new Error(`its footer says ${rows} rows, and its row groups ${sum}`);
}

/** Where a column chunk begins. */
export function firstPage({
  data_page_offset: data,
  dictionary_page_offset: dictionary,
}: {
  data_page_offset: bigint;
  dictionary_page_offset?: bigint | undefined;
}): number {
  return whole(
    dictionary !== undefined && dictionary > 0n && dictionary < data ? dictionary : data,
    'the place of a page',
  );
}

function whole(value: bigint | number | undefined, what: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new RangeError(`its footer states ${value} for ${what}`);
}

/** The list of elements is the tree in order of depth: each says how many children follow. */
function checkSchema(schema: readonly SchemaElement[]): void {
  if (schema.length < 1 || schema.length > MOST_ELEMENTS)
    throw new RangeError(`its schema has ${schema.length} elements`);
  const open = [1];
  for (const { num_children: children = 0, type_length: length = 0 } of schema) {
    while (open.at(-1) === 0) open.pop();
    if (open.length === 0) throw new Error('its schema is not a tree');
    open[open.length - 1]!--;
    if (children < 0 || children > schema.length) throw new RangeError(`its schema has ${children} children`);
    if (length < 0) throw new RangeError(`its schema has values of ${length} bytes`);
    if (children > 0) open.push(children);
    if (open.length > DEEPEST) throw new RangeError(`its schema is deeper than ${DEEPEST}`);
  }
  if (open.some((left) => left > 0)) throw new Error('its schema is not a tree');
}

/**
 * Throws RangeError for a page that cannot be.
 * @param size of the file
 * @param left bytes of the column chunk behind the header
 * @param values of the chunk that no page before had
 */
export function checkPage(header: PageHeader, size: number, left: number, values: number): void {
  const { compressed_page_size: packed, uncompressed_page_size: bytes } = header;
  // A page that is small beside others may still be more than the whole file can be.
  const most = Math.min(Math.max(MOST_PAGE, PAGE_RATIO * packed), mostBytes(size));
  if (!(bytes >= 0 && bytes <= most))
    throw new RangeError(`a page of ${packed} bytes announces ${bytes} when unpacked`);
  within(packed, left, 'bytes');
  const v2 = header.data_page_header_v2;
  const count = (header.data_page_header ?? v2)?.num_values;
  if (count !== undefined) within(count, Math.min(MOST_VALUES, values), 'values');
  if (header.dictionary_page_header !== undefined)
    within(header.dictionary_page_header.num_values, Math.min(MOST_VALUES, bytes), 'values of a dictionary');
  if (v2 === undefined) return;
  within(v2.num_nulls, v2.num_values, 'nulls');
  within(v2.num_rows, v2.num_values, 'rows');
  within(v2.repetition_levels_byte_length, packed, 'bytes of levels');
  within(v2.definition_levels_byte_length, packed - v2.repetition_levels_byte_length, 'bytes of levels');
  if (bytes < v2.repetition_levels_byte_length + v2.definition_levels_byte_length)
    throw new RangeError(`a page of ${bytes} bytes has more of levels`);
}

function within(value: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`a page announces ${value} ${what}, where ${most} can be`);
}
