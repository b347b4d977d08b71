import { InputError } from '../../common/errors.js';
import type { PointBatch, PointsOptions } from '../dataset.js';
import { MOST_DIMENSIONS } from '../limits.js';
import { rowIds, tableColumns, throwIfInterrupted, type VectorSource } from '../source.js';
import { bytesOf, decodeNumbers, type NumberType, setRows, typeName } from './numbers.js';
import type { RandomAccess } from './random-access.js';

/** Rows of equal length, one after the other: little-endian numbers behind `rowHeader` bytes. */
export interface FlatRows {
  file: RandomAccess;
  format: string;
  type: NumberType;
  count: number;
  dimensions: number;
  /** Where the first row begins. */
  offset: number;
  /** Bytes before the numbers of each row; their first four hold the dimensions again. */
  rowHeader: number;
}

/** Throws InputError for sizes that no file of vectors has. Called before anything is allocated for them. */
export function checkShape(path: string, count: number, dimensions: number): void {
  if (count > 0 && dimensions > 0 && dimensions <= MOST_DIMENSIONS) return;
  throw new InputError('is not a vector file: its header makes no sense', {
    where: path,
    got: `${count} vectors of ${dimensions} dimensions`,
    next: 'the file is damaged, or of another format than its name says',
  });
}

export function flatSource(rows: FlatRows): VectorSource {
  const { file, format, type, count, dimensions } = rows;
  return {
    count,
    dimensions,
    fields: [],
    columns: tableColumns(`${typeName(type)} (${count}, ${dimensions})`),
    component: type,
    reading: { format },
    place: (row) => `${file.path} row ${row}`,
    read: (options) => readBatches(rows, options),
    async close() {
      file.close();
    },
  };
}

async function* readBatches(rows: FlatRows, options: PointsOptions): AsyncGenerator<PointBatch> {
  const { file, count, dimensions } = rows;
  for (let start = 0; start < count; start += options.batchSize) {
    throwIfInterrupted(options.signal);
    const size = Math.min(options.batchSize, count - start);
    const vectors = new Float32Array(size * dimensions);
    setRows(readFlat(rows, start, size), vectors, 0, dimensions, (row) => `${file.path} row ${start + row}`);
    yield { start, count: size, ids: rowIds(start, size), vectors };
  }
}

/** The numbers of some rows, without what stands before each. */
export function readFlat(rows: FlatRows, start: number, count: number): ArrayLike<number> {
  const { file, type, dimensions, offset, rowHeader } = rows;
  const numbers = dimensions * bytesOf(type);
  const rowBytes = rowHeader + numbers;
  const from = offset + start * rowBytes;
  const bytes = file.read(from, from + count * rowBytes);
  if (rowHeader === 0) return decodeNumbers(bytes, type);
  const view = new DataView(bytes.buffer);
  const packed = new Uint8Array(count * numbers);
  for (let i = 0; i < count; i++) {
    const found = view.getInt32(i * rowBytes, true);
    if (found !== dimensions) throw otherDimensions(file.path, start + i, found, dimensions);
    const at = i * rowBytes + rowHeader;
    packed.set(bytes.subarray(at, at + numbers), i * numbers);
  }
  return decodeNumbers(packed, type);
}

function otherDimensions(path: string, row: number, found: number, dimensions: number): InputError {
  return new InputError(`says that it has ${found} dimensions, the first row has ${dimensions}`, {
    where: `${path} row ${row}`,
    next: 'the file is damaged, or of another format than its name says',
  });
}
