import type { NumberType } from './formats/numbers.js';

/** How two vectors of numbers are compared. `l2` is the Euclidean distance, `dot` the inner product. */
export const NUMBER_METRICS = ['cosine', 'dot', 'l2'] as const;
export type NumberMetric = (typeof NUMBER_METRICS)[number];
/**
 * How two vectors of bits are compared: `hamming` by the number of bits that differ, `jaccard` by the share that differs of the bits
 * that one or both have; 1 where neither has any.
 */
export const BIT_METRICS = ['hamming', 'jaccard'] as const;
export type BitMetric = (typeof BIT_METRICS)[number];
export type Metric = NumberMetric | BitMetric;
export const METRICS = [...NUMBER_METRICS, ...BIT_METRICS] as const satisfies readonly Metric[];

export function isBitMetric(metric: Metric): metric is BitMetric {
  return metric === 'hamming' || metric === 'jaccard';
}

/** Types of metadata fields; arrays are of one type. */
export const FIELD_TYPES = [
  'string',
  'integer',
  'float',
  'boolean',
  'timestamp',
  'string[]',
  'integer[]',
  'float[]',
  'boolean[]',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];
export type MetadataValue = string | number | bigint | boolean | readonly MetadataValue[] | null;

/**
 * One typed metadata field. `nullable` fields may be null in some points. A dotted name (`maker.name`) is a field of a
 * nested object. Values in memory: `integer` a number, or a bigint beyond ±(2^53 - 1); `timestamp` a bigint,
 * microseconds since 1970 in UTC; arrays without nulls.
 */
export interface FieldSchema {
  name: string;
  type: FieldType;
  nullable: boolean;
}

/** Columnar metadata: per field, one value per point of the batch. */
export type MetadataColumns = Readonly<Record<string, readonly MetadataValue[]>>;

/** Consecutive points. Row `start + i` has id `ids[i]` and vector `vectors[i*dimensions .. +dimensions]`. */
export interface PointBatch {
  /** Row number (0-based, in the dataset) of the first point. */
  start: number;
  count: number;
  /** Original ids. Formats without ids give the row number as text. */
  ids: readonly string[];
  /** Row-major, `count * dimensions`. Valid until the next batch is asked for. */
  vectors: Float32Array;
  /** Only the fields asked for. */
  metadata?: MetadataColumns;
}

/** Queries that share an origin. */
export interface QuerySet {
  name: string;
  count: number;
  dimensions: number;
  ids: readonly string[];
  /** Row-major, `count * dimensions`. */
  vectors: Float32Array;
  /** What the dataset says of each query beside its vector (text, package, section, …), columnar. */
  fields: MetadataColumns;
}

/** Relevance judgements: query id -> document id -> grade (>= 0). */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Neighbours that came with a dataset's file: never used as truth, only compared with it. */
export type ProvidedTruth = ProvidedNeighbors | { state: 'unusable'; reason: string };

export interface ProvidedNeighbors {
  state: 'usable';
  k: number;
  /** Row numbers, `count * k`; -1 where a list is shorter, or its point was left out. */
  rows: Int32Array;
  /** The file's own distances, `count * k`, where it has them. */
  distances: Float32Array | undefined;
}

/** What was taken for what, in words for people: `column "id" (int64)`, `row number`. */
export interface DatasetColumns {
  id: string;
  vector: string;
  text: string | null;
}

/** Kinds of vectors that cannot be compared: `zero` (under cosine), `non-finite` (NaN, infinite). */
export const INVALID_KINDS = ['zero', 'non-finite'] as const;
export type InvalidKind = (typeof INVALID_KINDS)[number];

/** Points and queries that were left out at the user's word. */
export interface LeftOut {
  kind: InvalidKind;
  points: number;
  queries: number;
}

export interface DatasetFile {
  path: string;
  bytes: number;
  sha256: string;
}

export interface DatasetInfo {
  name: string;
  /** Content hash (sha256, hex) over the files that make up the dataset and how they are read. */
  hash: string;
  metric: Metric;
  /** `declared` in suite or catalog, `file` read from an attribute, `default` assumed (and reported as such). */
  metricSource: 'declared' | 'file' | 'default';
  dimensions: number;
  count: number;
  fields: readonly FieldSchema[];
  querySets: readonly {
    name: string;
    count: number;
    judged: boolean;
    columns?: DatasetColumns | undefined;
    fields?: readonly FieldSchema[] | undefined;
  }[];
  columns?: DatasetColumns | undefined;
  /** Number type of the components in the file, where it has one: `f4`, `f8`, `u1`, … (numpy's letters). */
  component?: NumberType | undefined;
  /** Invalid vectors that were left out; absent: none were to be. */
  leftOut?: readonly LeftOut[] | undefined;
  /** What a user should know of how the files were read. */
  warnings?: readonly string[] | undefined;
  /** Catalog name or path the user gave. */
  source: string;
  licence?: string | undefined;
  provenance?: string | undefined;
  files: readonly DatasetFile[];
}

export interface PointsOptions {
  batchSize: number;
  /** Names of metadata fields to read; none by default. */
  metadata?: readonly string[];
  /** Vectors as they are, NaN and infinite ones too: the caller looks for them. */
  unchecked?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A named, hashed collection of points with query sets. Streams: memory is bounded by the batch. */
export interface Dataset {
  readonly info: DatasetInfo;
  /** All points in row order. Throws InputError naming file and row for NaN, infinite or short vectors. */
  points(options: PointsOptions): AsyncIterable<PointBatch>;
  /**
   * Throws InputError with the known names if there is no such set, and for vectors that the metric cannot compare.
   * @param options `unchecked`: vectors as they are; the caller looks for invalid ones
   */
  queries(name: string, options?: { unchecked?: boolean }): Promise<QuerySet>;
  qrels(name: string): Promise<Qrels | undefined>;
  /** Where those judgements stand, for messages. */
  qrelsFile?(name: string): string | undefined;
  providedTruth(name: string): Promise<ProvidedTruth | undefined>;
  /** Where a row is, for messages: `docs.jsonl:18`, `points.parquet row 17`. */
  place?(row: number): string;
  close(): Promise<void>;
}

/**
 * A dataset converted to one flat file of little-endian float32 rows, checked and cached under its hash
 * (`.cache/vectors/<hash>/`). Every process that needs vectors reads them from there.
 */
export interface PreparedVectors {
  readonly file: string;
  readonly count: number;
  readonly dimensions: number;
  /** Fills `into` with rows `start .. start+count`. Synchronous positional reads. */
  read(start: number, count: number, into: Float32Array): void;
  close(): void;
}
