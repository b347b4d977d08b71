import { InputError } from '../../../common/errors.js';
import type { PointBatch, PointsOptions } from '../../dataset.js';
import { rowIds, tableColumns, throwIfInterrupted, type VectorSource } from '../../source.js';
import { decodeNumbers, setRows, typeName } from '../numbers.js';
import { openRandomAccess, type RandomAccess } from '../random-access.js';
import type { Records } from '../records/beside.js';
import { NPY_PREFIX, type NpyHeader, npyHeaderBytes, parseNpyHeader } from './header.js';

/** An array of numbers in an open file: an npy file, or a member of another one. */
export interface NpyArray {
  file: RandomAccess;
  header: NpyHeader;
  /** What messages call it. */
  name: string;
}

/**
 * Opens an npy file of any number type, byte order and memory order. Ids are row numbers unless `records` (one per
 * row) gives ids and metadata. Throws InputError.
 */
export function openNpy(path: string, records?: Records): VectorSource {
  const file = openRandomAccess(path);
  try {
    const header = readNpyHeader(file, path, 0, file.size);
    return npySource({ file, header, name: path }, 'npy', records);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The array's vectors; the file is closed with them. Throws InputError if there is not one record for each. */
export function npySource(array: NpyArray, format: string, records?: Records): VectorSource {
  const { file, header, name } = array;
  if (records !== undefined) checkRecords(name, header, records);
  const vector = `${typeName(header.type)} array (${header.count}, ${header.dimensions})`;
  return {
    count: header.count,
    dimensions: header.dimensions,
    fields: records?.fields ?? [],
    columns: records === undefined ? tableColumns(vector) : { ...records.columns, vector },
    component: header.type,
    reading: { format, records: records?.reading ?? null },
    place: (row) =>
      records === undefined ? `${name} row ${row}` : `${name} row ${row} (${records.place(row)})`,
    read: (options) => readBatches(array, records, options),
    async close() {
      file.close();
    },
  };
}

/** Reads the header of the array between `start` and `end` of a file and checks that its values are all there. */
export function readNpyHeader(file: RandomAccess, name: string, start: number, end: number): NpyHeader {
  const prefix = end - start < NPY_PREFIX ? new Uint8Array(0) : file.read(start, start + NPY_PREFIX);
  const text = npyHeaderBytes(name, prefix);
  const bytes = file.read(start + text.start, start + text.end);
  const header = parseNpyHeader(name, Buffer.from(bytes).toString('latin1'), start + text.end);
  const needed = text.end + header.count * header.dimensions * header.itemBytes;
  if (end - start !== needed) {
    throw new InputError(
      `has ${end - start} bytes, ${header.count} x ${header.dimensions} values need ${needed}`,
      { where: name, next: 'the file is damaged or incomplete: write or download it again' },
    );
  }
  return header;
}

function checkRecords(name: string, header: NpyHeader, records: Records): void {
  if (records.count === header.count) return;
  throw new InputError(`has ${header.count} rows, ${records.path} has ${records.count} lines`, {
    where: name,
    next: 'give one line for every vector, in the same order',
  });
}

async function* readBatches(
  { file, header, name }: NpyArray,
  records: Records | undefined,
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  const { count, dimensions } = header;
  const vectors = new Float32Array(Math.min(options.batchSize, count) * dimensions);
  const lines = records?.read(options);
  try {
    for (let start = 0, rows = 0; start < count; start += rows) {
      throwIfInterrupted(options.signal);
      rows = Math.min(options.batchSize, count - start);
      // Records may come in smaller batches, where they are long.
      const described = lines === undefined ? undefined : (await lines.next()).value;
      if (described !== undefined) rows = Math.min(rows, described.ids.length);
      const batch = rows * dimensions === vectors.length ? vectors : new Float32Array(rows * dimensions);
      const values = header.fortran
        ? readColumns(file, header, start, rows)
        : readRows(file, header, start, rows);
      setRows(values, batch, 0, dimensions, (row) => `${name} row ${start + row}`);
      yield { start, count: rows, vectors: batch, ...(described ?? { ids: rowIds(start, rows) }) };
    }
  } finally {
    await lines?.return(undefined);
  }
}

function readRows(file: RandomAccess, header: NpyHeader, start: number, rows: number): ArrayLike<number> {
  const rowBytes = header.dimensions * header.itemBytes;
  const from = header.offset + start * rowBytes;
  return decodeNumbers(file.read(from, from + rows * rowBytes), header.type, header.littleEndian);
}

/** Of an array in Fortran order: a piece of each column, put together to rows. */
function readColumns(file: RandomAccess, header: NpyHeader, start: number, rows: number): ArrayLike<number> {
  const { dimensions, count, itemBytes, offset, type, littleEndian } = header;
  const out = new Float64Array(rows * dimensions);
  for (let column = 0; column < dimensions; column++) {
    const from = offset + (column * count + start) * itemBytes;
    const values = decodeNumbers(file.read(from, from + rows * itemBytes), type, littleEndian);
    for (let row = 0; row < rows; row++) out[row * dimensions + column] = values[row]!;
  }
  return out;
}
