import type { FieldType } from '../../datasets/dataset.js';
import type { Point } from '../../engines/contract/points.js';

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
