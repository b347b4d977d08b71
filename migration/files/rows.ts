import type { Provenance } from '../../engines/contract/points.js';
import type { DenseType, VectorMetric } from '../../engines/contract/vectors.js';

/** One record of a file, by the file's own names, before it is decided what they are. */
export interface Row {
  /** Where it is, for messages. */
  place(): string;
  /**
   * Text, number, bigint, boolean, null, lists, typed arrays, `Instant`, `Decimal`, Uint8Array (binary), objects. Vectors
   * of binary files are arrays of their own number type.
   */
  record: Readonly<Record<string, unknown>>;
}

/** What a column is by the file's own schema. */
export interface DeclaredColumn {
  /** In the file's own words. */
  native: string;
  /** Of a list of numbers: how it is kept; `f64`: it has to be rounded to f32. */
  numbers?: DenseType | 'f64' | undefined;
  /** Of packed bits, where the last byte has more. */
  dimensions?: number | undefined;
  /** Texts that are UUIDs by the schema. */
  uuid?: boolean | undefined;
}

/** What the format or the tool that wrote it says of columns, where the names do not. */
export interface Hints {
  id?: string | undefined;
  /** The file's row numbers are its ids, whatever columns there are. */
  rowNumbers?: boolean | undefined;
  vectors?: readonly string[] | undefined;
  text?: string | undefined;
  namespace?: string | undefined;
  metric?: VectorMetric | null | undefined;
  provenance?: Provenance | undefined;
  /** Of the collection, where the file's own name is not it. */
  name?: string | undefined;
}

/** Records of one or several files. */
export interface FileRows {
  /** `parquet`, `jsonl`, `hnswlib`, … */
  format: string;
  /** Everything that is read: hashed, so that a change is seen. */
  files: readonly string[];
  declared: ReadonlyMap<string, DeclaredColumn>;
  hints: Hints;
  /** Whether a null and a missing value are two things in it. */
  absence: 'kept' | 'null';
  /** What people should know of how it is read, a sentence each. */
  notes: readonly string[];
  /** In the file's order. Memory is bounded by a page or a line. */
  read(): AsyncGenerator<Row>;
}

/** Values of a column by name, as `RecordReader`s have them: nested ones by dotted names. */
export { valueAt } from '../../datasets/formats/records/reader.js';
