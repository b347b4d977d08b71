import type { ColumnMetaData, DecodedArray, PageHeader, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { compressors } from 'hyparquet-compressors';
import type { ParquetFile } from './file.js';

type ColumnDecoder = Parameters<typeof readDataPage>[2];

/** One data page of a leaf column, not assembled into rows: 100 times cheaper than arrays of boxed numbers. */
export interface LeafPage {
  values: DecodedArray;
  /** Per value; empty if the column is not repeated. 0 starts a row. */
  repetition: readonly number[];
  /** Per value; empty if nothing in the page is null. */
  definition: readonly number[];
}

/** Headers hold little but statistics, whose bounds for vectors are a few KiB. */
const HEADER_WINDOW = 1 << 16;

/** The data pages of one leaf column in file order. Memory: one page, whatever the size of the row group. */
export function* leafPages(file: ParquetFile, path: SchemaTree[]): Generator<LeafPage> {
  const leaf = path[path.length - 1]!;
  const name = path
    .slice(1)
    .map((node) => node.element.name)
    .join('.');
  for (const group of file.metadata.row_groups) {
    const chunk = group.columns.find((column) => column.meta_data?.path_in_schema.join('.') === name);
    const meta = chunk?.meta_data;
    if (meta === undefined) throw new Error(`the row group has no column ${name}`);
    yield* chunkPages(file, meta, {
      pathInSchema: meta.path_in_schema,
      type: meta.type,
      codec: meta.codec,
      element: leaf.element,
      schemaPath: path,
      compressors,
    } as unknown as ColumnDecoder);
  }
}

function* chunkPages(file: ParquetFile, meta: ColumnMetaData, decoder: ColumnDecoder): Generator<LeafPage> {
  const { data_page_offset: data, dictionary_page_offset: dict } = meta;
  let offset = Number(dict !== undefined && dict > 0n && dict < data ? dict : data);
  const end = offset + Number(meta.total_compressed_size);
  let dictionary: DecodedArray | undefined;
  let seen = 0;
  while (seen < Number(meta.num_values)) {
    if (offset >= end) throw new Error(`a column chunk ends after ${seen} of ${meta.num_values} values`);
    const window = file.read(offset, Math.min(offset + HEADER_WINDOW, end));
    const reader = { view: new DataView(window.buffer), offset: 0 };
    const header = parquetHeader(reader);
    const start = offset + reader.offset;
    const body = file.read(start, start + header.compressed_page_size);
    offset = start + header.compressed_page_size;
    if (header.type === 'DICTIONARY_PAGE') dictionary = readDictionary(header, body, decoder);
    else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      const page = readValues(header, body, decoder, dictionary);
      seen += (header.data_page_header ?? header.data_page_header_v2)!.num_values;
      yield page;
    }
  }
}

function readDictionary(header: PageHeader, body: Uint8Array, decoder: ColumnDecoder): DecodedArray {
  const page = decompressPage(body, header.uncompressed_page_size, decoder.codec, decoder.compressors);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const count = header.dictionary_page_header!.num_values;
  return readPlain({ view, offset: 0 }, decoder.type, count, decoder.element.type_length);
}

function readValues(
  header: PageHeader,
  body: Uint8Array,
  decoder: ColumnDecoder,
  dictionary: DecodedArray | undefined,
): LeafPage {
  const v1 = header.data_page_header;
  const raw =
    v1 === undefined
      ? readDataPageV2(body, header, decoder)
      : readDataPage(
          decompressPage(body, header.uncompressed_page_size, decoder.codec, decoder.compressors),
          v1,
          decoder,
        );
  const encoding = (v1 ?? header.data_page_header_v2)!.encoding;
  const coded = dictionary !== undefined && encoding.endsWith('_DICTIONARY');
  const values = coded ? Array.from(raw.dataPage, (index) => dictionary[Number(index)]) : raw.dataPage;
  return { values, repetition: raw.repetitionLevels, definition: raw.definitionLevels ?? [] };
}
