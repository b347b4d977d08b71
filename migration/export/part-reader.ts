import { type ParquetScan, parquetScan } from 'hyparquet';
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
  METADATA,
  PARTS,
  type PartShape,
  SPARSE,
  vectorColumn,
} from './columns.js';
import { fromCell, withRest } from './metadata-cells.js';
import { vectorFrom } from './vector-cells.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Values as they stand: a BOM at the beginning of a text belongs to it, and timestamps keep their microseconds. */
const PARSERS = {
  stringFromBytes: (bytes: Uint8Array) => (bytes === undefined ? undefined : decoder.decode(bytes)),
  timestampFromMicroseconds: (value: bigint) => BigInt(value),
};

/**
 * Reads a part, one row group at a time.
 * @param shape as the manifest says; a field that this part has no column for was met later
 * @throws InputError naming the file if it is damaged or not what the manifest says
 */
export async function* readPart(path: string, shape: PartShape): AsyncGenerator<Point[]> {
  const { file, scan, columns } = await openPart(path);
  const bytes = file.buffer.byteLength;
  try {
    const fields = shape.fields.filter(({ name }) => columns.has(fieldColumn(name)));
    for (const { rowStart, rowEnd } of scan.ranges) {
      try {
        yield await reading(path, bytes, () => readGroup(scan, { ...shape, fields }, rowStart, rowEnd));
      } catch (error) {
        throw damaged(path, error);
      }
    }
  } finally {
    file.close();
  }
}

interface OpenPart {
  file: ParquetFile;
  scan: ParquetScan;
  columns: ReadonlySet<string>;
}

/** All pages are looked through first: the library believes what they say. */
async function openPart(path: string): Promise<OpenPart> {
  let file: ParquetFile | undefined;
  try {
    file = await openParquetFile(path);
    const { buffer, metadata } = file;
    const opened = file;
    reading(path, buffer.byteLength, () => checkColumns(opened));
    const scan = await parquetScan({
      file: buffer,
      metadata,
      compressors: COMPRESSORS,
      parsers: PARSERS as never,
    });
    return { file, scan, columns: new Set(topLevel(metadata.schema)) };
  } catch (error) {
    file?.close();
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

function damaged(path: string, error: unknown): InputError {
  return new InputError(`is damaged: ${messageOf(error)}`, {
    where: path,
    next: 'restore the file from a copy, or export again',
    cause: error,
  });
}

async function readGroup(
  scan: ParquetScan,
  shape: PartShape,
  rowStart: number,
  rowEnd: number,
): Promise<Point[]> {
  const count = rowEnd - rowStart;
  const read = async (column: string): Promise<ArrayLike<unknown>> => {
    const values = await scan.readColumn({ column, rowStart, rowEnd });
    if (values.length !== count)
      throw new Error(`column "${column}" has ${values.length} of ${count} values`);
    return values;
  };
  const ids = await readIds(shape, read);
  const vectors: [field: VectorField, columns: ArrayLike<unknown>[]][] = [];
  for (const field of shape.vectors) vectors.push([field, await readVector(field, read)]);
  const fields: [name: string, values: (row: number) => PointValue | undefined][] = [];
  for (const { name, type } of shape.fields) {
    const cells = await read(fieldColumn(name));
    fields.push([name, (row) => (isAbsent(cells[row]) ? undefined : fromCell(type, cells[row]))]);
  }
  const rest = await read(METADATA);
  const parts: [part: (typeof PARTS)[number], values: ArrayLike<unknown>][] = [];
  for (const part of PARTS) parts.push([part, await read(part)]);
  return Array.from({ length: count }, (_, row) => {
    const point: { -readonly [K in keyof Point]: Point[K] } = {
      id: ids(row),
      vectors: vectorsAt(vectors, row),
      metadata: withRest(valuesAt(fields, row), rest[row] as string | null | undefined),
    };
    for (const [part, values] of parts) if (!isAbsent(values[row])) point[part] = values[row] as string;
    return point;
  });
}

function isAbsent(cell: unknown): boolean {
  return cell === null || cell === undefined;
}

async function readIds(
  { idColumn }: PartShape,
  read: (column: string) => Promise<ArrayLike<unknown>>,
): Promise<(row: number) => PointId> {
  const ids = await read(ID);
  if (idColumn === 'text') return (row) => ids[row] as string;
  if (idColumn !== 'typed text') return (row) => BigInt(ids[row] as bigint);
  const types = await read(ID_TYPE);
  return (row) => (types[row] === 'integer' ? BigInt(ids[row] as string) : (ids[row] as string));
}

function readVector(
  { name, kind }: VectorField,
  read: (column: string) => Promise<ArrayLike<unknown>>,
): Promise<ArrayLike<unknown>[]> {
  const column = vectorColumn(name);
  const columns = kind === 'sparse' ? [column + SPARSE.indices, column + SPARSE.values] : [column];
  return Promise.all(columns.map(read));
}

function vectorsAt(
  columns: readonly [VectorField, ArrayLike<unknown>[]][],
  row: number,
): Record<string, VectorValue> {
  const vectors = record<VectorValue>();
  for (const [field, cells] of columns) {
    const value = vectorFrom(
      field,
      cells.map((each) => each[row]),
    );
    if (value !== undefined) vectors[field.name] = value;
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
