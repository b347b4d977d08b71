import { InputError } from '../../common/errors.js';
import type { Point } from '../../engines/contract/points.js';
import type { PointShape } from './canonical.js';
import type { PartShape } from './columns.js';
import { readLinesPart } from './lines-reader.js';
import { LinesPartWriter } from './lines-writer.js';
import { type ReadShape, readParquetPart } from './part-reader.js';
import { ParquetPartWriter } from './part-writer.js';
import type { PartWriter } from './written-part.js';

/** How points stand in the parts of an export: docs/export-format.md. */
export const PART_FORMATS = ['parquet', 'jsonl'] as const;
export type PartFormat = (typeof PART_FORMATS)[number];

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

/** The points of a part, group by group. Throws InputError naming the file if it is damaged. */
export function readPart(path: string, parts: ReadShape, points: PointShape): AsyncGenerator<Point[]> {
  return path.endsWith(ENDINGS.jsonl) ? readLinesPart(path, points) : readParquetPart(path, parts);
}
