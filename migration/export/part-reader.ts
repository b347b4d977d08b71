import { type AsyncBuffer, type ParquetScan, parquetScan } from 'hyparquet';
import { InputError, messageOf } from '../../common/errors.js';
import { reading } from '../../common/reading.js';
import { COMPRESSORS } from '../../datasets/formats/parquet/compression.js';
import { openParquetFile, type ParquetFile } from '../../datasets/formats/parquet/file.js';
import { checkColumns } from '../../datasets/formats/parquet/pages.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { record } from '../../engines/kit/check.js';
import {
  fieldColumn,
  ID,
  ID_TYPE,
  type IdColumnType,
  METADATA,
  PARTS,
  type PartShape,
  SPARSE,
  vectorColumn,
} from './columns.js';
import { DETAILS, type DetailName, setDetail } from './details.js';
import { fromCell, withRest } from './metadata-cells.js';
import { vectorFrom } from './vector-cells.js';
import { readVectorPages } from './vector-pages.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Values as they stand: a BOM at the beginning of a text belongs to it, and timestamps keep their microseconds. */
const PARSERS = {
  stringFromBytes: (bytes: Uint8Array) => (bytes === undefined ? undefined : decoder.decode(bytes)),
  timestampFromMicroseconds: (value: bigint) => BigInt(value),
};

/** What the manifest says of its parts. */
export interface ReadShape extends PartShape {
  timestamps: ReadonlySet<string>;
}

/** Rows of a part, without the last. */
export interface RowRange {
  from: number;
  to: number;
}

export const ALL_ROWS: RowRange = { from: 0, to: Number.POSITIVE_INFINITY };

/**
 * Reads a part, one row group at a time.
 * @param shape as the manifest says; a field that this part has no column for was met later
 * @param range row groups outside of it are not read
 * @throws InputError naming the file if it is damaged or not what the manifest says
 */
export async function* readParquetPart(
  path: string,
  shape: ReadShape,
  range: RowRange,
): AsyncGenerator<Point[]> {
  const { columns, groups } = await openPart(path);
  const fields = shape.fields.filter(({ name }) => columns.has(fieldColumn(name)));
  const details = DETAILS.map(({ name }) => name).filter((name) => columns.has(name));
  const whole = { ...shape, fields, details };
  yield* groups(async (group) => {
    const points = await readGroup(group, whole);
    return points.slice(Math.max(0, range.from - group.start), range.to - group.start);
  }, range);
}

type ReadColumn = (column: string) => Promise<ArrayLike<unknown>>;

interface RowGroup {
  /** Its first row in the part. */
  start: number;
  count: number;
  read: ReadColumn;
  /** Vectors that are written as whole blocks; undefined: they are not. */
  whole(field: VectorField): Promise<readonly (VectorValue | undefined)[] | undefined>;
}

interface OpenParquet {
  columns: ReadonlySet<string>;
  /** What `take` makes of each row group that has rows of a range. */
  groups<T>(take: (group: RowGroup) => Promise<T>, range?: RowRange): AsyncGenerator<T>;
}

/** @throws InputError naming the file if it is damaged */
export async function openPart(path: string): Promise<OpenParquet> {
  let opened: ParquetFile | undefined;
  try {
    const parquet = await openParquetFile(path);
    opened = parquet;
    const { buffer: file, metadata } = parquet;
    // All pages are looked through first: the library believes what they say.
    reading(path, file.byteLength, () => checkColumns(parquet));
    const scan = await parquetScan({
      file,
      metadata,
      compressors: COMPRESSORS,
      parsers: PARSERS as never,
    });
    return {
      columns: new Set(topLevel(metadata.schema)),
      async *groups(take, { from, to } = ALL_ROWS) {
        try {
          for (const { rowStart, rowEnd } of scan.ranges) {
            if (rowEnd <= from || rowStart >= to) continue;
            try {
              const group = rowGroup({ file, scan }, rowStart, rowEnd);
              yield await reading(path, file.byteLength, () => take(group));
            } catch (error) {
              throw damaged(path, error);
            }
          }
        } finally {
          parquet.close();
        }
      },
    };
  } catch (error) {
    opened?.close();
    throw damaged(path, error);
  }
}

function topLevel(schema: readonly { name: string; num_children?: number }[]): string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length; at = behind(schema, at)) names.push(schema[at]!.name);
  return names;
}

/** The element behind the subtree that begins at `at`. */
function behind(schema: readonly { num_children?: number }[], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]!.num_children ?? 0); child++) next = behind(schema, next);
  return next;
}

export function damaged(path: string, error: unknown): InputError {
  return new InputError(`is damaged: ${messageOf(error)}`, {
    where: path,
    next: 'restore the file from a copy, or export again',
    cause: error,
  });
}

function rowGroup(part: OpenFile, rowStart: number, rowEnd: number): RowGroup {
  const count = rowEnd - rowStart;
  return {
    start: rowStart,
    count,
    async read(column) {
      const values = await part.scan.readColumn({ column, rowStart, rowEnd });
      if (values.length !== count)
        throw new Error(`column "${column}" has ${values.length} of ${count} values`);
      return values;
    },
    whole: (field) => wholePages(part, field, rowStart, count),
  };
}

async function readGroup(
  { count, read, whole: wholeOf }: RowGroup,
  shape: ReadShape & { details: readonly DetailName[] },
): Promise<Point[]> {
  const ids = await idsIn(shape.idColumn, read);
  const vectors: [name: string, value: (row: number) => VectorValue | undefined][] = [];
  for (const field of shape.vectors) {
    const whole = await wholeOf(field);
    const cells = whole === undefined ? await readVector(field, read) : [];
    const from = (row: number) =>
      vectorFrom(
        field,
        cells.map((each) => each[row]),
      );
    vectors.push([field.name, whole === undefined ? from : (row) => whole[row]]);
  }
  const fields: [name: string, values: (row: number) => PointValue | undefined][] = [];
  for (const { name, type } of shape.fields) {
    const cells = await read(fieldColumn(name));
    fields.push([name, (row) => (isAbsent(cells[row]) ? undefined : fromCell(type, cells[row]))]);
  }
  const rest = await read(METADATA);
  const parts: [part: (typeof PARTS)[number], values: ArrayLike<unknown>][] = [];
  for (const part of PARTS) parts.push([part, await read(part)]);
  const details: [name: DetailName, values: ArrayLike<unknown>][] = [];
  for (const name of shape.details) details.push([name, await read(name)]);
  return Array.from({ length: count }, (_, row) => {
    const point: { -readonly [K in keyof Point]: Point[K] } = {
      id: ids(row),
      vectors: vectorsAt(vectors, row),
      metadata: withRest(valuesAt(fields, row), rest[row] as string | null | undefined, shape.timestamps),
    };
    for (const [part, values] of parts) if (!isAbsent(values[row])) point[part] = values[row] as string;
    for (const [name, values] of details)
      if (!isAbsent(values[row])) setDetail(point, name, values[row] as string | bigint);
    return point;
  });
}

function isAbsent(cell: unknown): boolean {
  return cell === null || cell === undefined;
}

/** The ids of a row group, by row. */
export async function idsIn(idColumn: IdColumnType, read: ReadColumn): Promise<(row: number) => PointId> {
  const ids = await read(ID);
  if (idColumn === 'text') return (row) => ids[row] as string;
  if (idColumn !== 'typed text') return (row) => BigInt(ids[row] as bigint);
  const types = await read(ID_TYPE);
  return (row) => (types[row] === 'integer' ? BigInt(ids[row] as string) : (ids[row] as string));
}

function readVector({ name, kind }: VectorField, read: ReadColumn): Promise<ArrayLike<unknown>[]> {
  const column = vectorColumn(name);
  const columns = kind === 'sparse' ? [column + SPARSE.indices, column + SPARSE.values] : [column];
  return Promise.all(columns.map(read));
}

interface OpenFile {
  file: AsyncBuffer;
  scan: ParquetScan;
}

async function wholePages({ file, scan }: OpenFile, field: VectorField, rowStart: number, count: number) {
  let first = 0;
  const group = scan.metadata.row_groups.find(({ num_rows }) => {
    if (first === rowStart) return true;
    first += Number(num_rows);
    return false;
  });
  const column = vectorColumn(field.name);
  const chunk = group?.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column)?.meta_data;
  if (chunk === undefined || Number(group!.num_rows) !== count) return undefined;
  const start = Number(chunk.data_page_offset);
  if (chunk.codec !== 'UNCOMPRESSED' || chunk.dictionary_page_offset !== undefined) return undefined;
  const bytes = await file.slice(start, start + Number(chunk.total_compressed_size));
  return readVectorPages(field, bytes, chunk);
}

function vectorsAt(
  columns: readonly [name: string, value: (row: number) => VectorValue | undefined][],
  row: number,
): Record<string, VectorValue> {
  const vectors = record<VectorValue>();
  for (const [name, at] of columns) {
    const value = at(row);
    if (value !== undefined) vectors[name] = value;
  }
  return vectors;
}

function valuesAt(
  fields: readonly [string, (row: number) => PointValue | undefined][],
  row: number,
): Record<string, PointValue> {
  const values = record<PointValue>();
  for (const [name, at] of fields) {
    const value = at(row);
    if (value !== undefined) values[name] = value;
  }
  return values;
}
