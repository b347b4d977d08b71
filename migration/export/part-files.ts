import { InputError } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import type { PointShape } from './canonical.js';
import type { PartShape } from './columns.js';
import { readLinesPart } from './lines-reader.js';
import { LinesPartWriter } from './lines-writer.js';
import { ALL_ROWS, type ReadShape, type RowRange, readParquetPart } from './part-reader.js';
import { ParquetPartWriter } from './part-writer.js';
import type { PartFormat, PartWriter } from './written-part.js';

const ENDINGS: Readonly<Record<PartFormat, string>> = { parquet: '.parquet', jsonl: '.jsonl.zst' };

/** @throws InputError if an export would go on with parts of another format */
export function requireFormat(folder: string, parts: readonly { file: string }[], format: PartFormat): void {
  if (parts.every(({ file }) => file.endsWith(ENDINGS[format]))) return;
  throw new InputError(`was begun with parts of another format than ${format}`, {
    where: folder,
    next: 'continue it with the same --format, or choose another folder with --out',
  });
}

/** @param number from 0 on */
export function partFile(number: number, format: PartFormat = 'parquet'): string {
  return `points-${String(number).padStart(5, '0')}${ENDINGS[format]}`;
}

/** The writer for a file's ending. */
export function openPartWriter(path: string, shape: PartShape, points: PointShape): PartWriter {
  const Writer = path.endsWith(ENDINGS.jsonl) ? LinesPartWriter : ParquetPartWriter;
  return new Writer(path, shape, points);
}

/**
 * The points of a part, group by group.
 * @param range rows of the part; absent: all
 * @throws InputError naming the file if it is damaged
 */
export async function* readPart(
  path: string,
  parts: ReadShape,
  points: PointShape,
  range: RowRange = ALL_ROWS,
): AsyncGenerator<Point[]> {
  if (!path.endsWith(ENDINGS.jsonl)) {
    yield* readParquetPart(path, parts, range);
    return;
  }
  // Lines cannot be passed over unread.
  let row = 0;
  for await (const group of readLinesPart(path, points)) {
    const taken = group.slice(Math.max(0, range.from - row), Math.max(0, range.to - row));
    row += group.length;
    if (taken.length > 0) yield taken;
    if (row >= range.to) return;
  }
}
