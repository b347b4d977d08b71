import type { QueryPart } from '../assemble.js';
import type { Metric } from '../dataset.js';
import type { OnChanged } from '../kept.js';
import type { VectorSource } from '../source.js';
import type { ColumnChoice } from './names.js';
import type { FormatWriter } from './writer.js';

export type Closer = () => void | Promise<void>;

export interface FormatOptions {
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  /** The user's own word on the metric: what the file says of it is then not looked at. */
  metric?: Metric | undefined;
  /** What the user says of the file's columns. */
  columns?: ColumnChoice | undefined;
  /** File with ids and metadata of vectors that carry none, one JSON object per row. */
  metadata?: string | undefined;
  /** Told where what is kept in the cache is not as it was written. */
  onChanged?: OnChanged;
  /** What is to be closed if opening the rest of a dataset fails is added here. */
  opened?: Closer[] | undefined;
}

/** What one file holds. */
export interface OpenedFile {
  points: VectorSource;
  /** The file's own queries, if its format has them. */
  querySets: readonly QueryPart[];
  /** The file's own word on the metric. */
  metric?: Metric | undefined;
  /** Closes what points and queries share. */
  close?: (() => void) | undefined;
}

/**
 * A file format: one row of the registry. Everything that is special about a format is said here or done in its own
 * folder; whoever opens datasets asks the registry and names none.
 */
export interface Format {
  /** Its name in a description (`format:` of `dataset.yaml`). */
  readonly name: string;
  /** What its files end in: lower case, with the dot. The first is the usual one. */
  readonly endings: readonly string[];
  /** Whether it is read as a stream, also from a packed file; others are unpacked into the cache first. */
  readonly streams: boolean;
  /** Queries of its own: a table in the file beside the points. */
  readonly ownQueries: string | null;
  /** Whether a file may say which metric it is for. */
  readonly ownMetric: boolean;
  /** Whether a file may bring neighbours of its queries. */
  readonly ownNeighbors: boolean;
  /** `own`: ids and metadata are in the file; `beside`: a second file may give them. */
  readonly metadata: 'own' | 'beside' | 'none';
  /** How its files are written. */
  writer(): Promise<FormatWriter>;
  /** Throws InputError naming the file. */
  open(path: string, options: FormatOptions): Promise<OpenedFile>;
}
