import type { FieldType } from '../../datasets/dataset.js';
import type { Point } from '../../engines/contract/points.js';

/** How points stand in the parts of an export: docs/export-format.md. */
export const PART_FORMATS = ['parquet', 'jsonl'] as const;
export type PartFormat = (typeof PART_FORMATS)[number];

/** A finished part on disk. */
export interface WrittenPart {
  bytes: number;
  /** Of the file, hexadecimal. */
  sha256: string;
}

/** Writes one part under a temporary name; `finish` flushes and renames it. */
export interface PartWriter {
  /** Metadata fields with a type, which in Parquet is their column's. */
  readonly columns: ReadonlyMap<string, FieldType>;
  write(points: readonly Point[]): Promise<void> | void;
  finish(): Promise<WrittenPart> | WrittenPart;
  /** Removes what was written. */
  discard(): void;
}
