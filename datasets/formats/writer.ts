import type { FieldSchema, FieldType, Metric, PointBatch } from '../dataset.js';
import { FIELD_TYPES } from '../dataset.js';
import type { NumberType } from './numbers.js';
import type { ByteSink } from './sink.js';

/** What is to be written: said before the first row, so that headers can be. */
export interface TableSpec {
  count: number;
  dimensions: number;
  fields: readonly FieldSchema[];
  /** Name of the id's column; null: ids are not written. */
  id: string | null;
  metric: Metric;
  /** Length of the longest id, where the writer asks for it (`idWidths`). */
  idWidth?: number | undefined;
  /** The file's final name: its ending says the number type. */
  path: string;
  /** Where row `row` of the source is, for refusals. */
  place(row: number): string;
}

/** Queries that go into the points' file. */
export interface QueriesInside {
  count: number;
  vectors: Float32Array;
  neighbors?: NeighborTable | undefined;
}

/** Row numbers of neighbours, `count * k`, -1 where a list is shorter; distances where they are known. */
export interface NeighborTable {
  count: number;
  k: number;
  rows: Int32Array;
  distances: Float32Array | undefined;
}

/** A file on its way: rows in order, then the queries where the format has them, then the end. */
export interface TableWriter {
  write(batch: PointBatch): Promise<void>;
  queries?(set: QueriesInside): Promise<void>;
  /** Writes what stands at the end of a file; the bytes are complete afterwards. */
  finish(): Promise<void>;
  /** Frees what the library holds, if anything; called instead of `finish` after a failure. */
  abandon?(): void;
}

/** How a format is written, and what of a dataset its files hold: what they do not is told before anything is written. */
export interface FormatWriter {
  /** The number type of a file's components; the ending may say it. */
  component(path: string): NumberType;
  ids: boolean;
  /** Types of fields that are the same when they are read again. */
  fields: readonly FieldType[];
  /** Types of fields that are there when they are read again, but as another type, in words: `timestamp: text`. */
  changed: Readonly<Partial<Record<FieldType, string>>>;
  /** What a user should know of fields of a type. */
  notes?: Readonly<Partial<Record<FieldType, string>>>;
  /** `inside`: the file has a place for them. */
  queries: 'inside' | 'beside';
  /** `column`: a field of the queries; `beside`: a file, which ends so. */
  neighbors: 'inside' | 'column' | { beside: string; distances?: string };
  metric: boolean;
  idWidths: boolean;
  /** Writes to a stream of bytes, or to a file of its own by name. */
  to:
    | { kind: 'bytes'; open(sink: ByteSink, spec: TableSpec): Promise<TableWriter> }
    | { kind: 'file'; open(temporary: string, spec: TableSpec): Promise<TableWriter> };
}

/** For formats whose fields may be of any type. */
export const EVERY_TYPE: readonly FieldType[] = FIELD_TYPES;

/** What files of vectors alone hold. */
export const VECTORS_ALONE = {
  ids: false,
  fields: [],
  changed: {},
  queries: 'beside',
  metric: false,
  idWidths: false,
} as const satisfies Partial<FormatWriter>;
