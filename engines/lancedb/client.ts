import { requireClient } from '../kit/packages.js';

/** What is used of `@lancedb/lancedb`. Declared here and not imported: the package is optional. */
export interface LanceClient {
  connect(folder: string, options?: { readConsistencyInterval: number }): Promise<LanceConnection>;
  Index: Record<
    'ivfFlat' | 'ivfPq' | 'ivfRq' | 'hnswSq' | 'hnswPq',
    (options: LanceIndexOptions) => LanceIndex
  > &
    Record<'btree' | 'bitmap' | 'labelList', () => LanceIndex>;
}

export interface LanceIndexOptions {
  distanceType: DistanceType;
  numPartitions: number;
  numSubVectors?: number;
  numBits?: number;
  m?: number;
  efConstruction?: number;
}

export type DistanceType = 'cosine' | 'dot' | 'l2';
/** Opaque: only handed back to `createIndex`. */
export type LanceIndex = object;

export interface LanceConnection {
  createEmptyTable(name: string, schema: object): Promise<LanceTable>;
  openTable(name: string): Promise<LanceTable>;
  tableNames(): Promise<string[]>;
  dropTable(name: string): Promise<void>;
  close(): void;
}

export interface LanceTable {
  add(rows: object): Promise<unknown>;
  countRows(filter?: string): Promise<number>;
  createIndex(column: string, options: { config: LanceIndex; replace: boolean; name: string }): Promise<void>;
  schema(): Promise<LanceSchema>;
  query(): LanceRows;
  version(): Promise<number>;
  checkout(version: number): Promise<void>;
  delete(predicate: string): Promise<unknown>;
  mergeInsert(on: string): LanceMerge;
  update(options: { where: string; valuesSql: Record<string, string> }): Promise<unknown>;
  optimize(options: { cleanupOlderThan: Date }): Promise<unknown>;
  listVersions(): Promise<{ version: number; timestamp: Date }[]>;
  listIndices(): Promise<{ name: string; indexType: string; columns: string[] }[]>;
  indexStats(name: string): Promise<LanceIndexStats | undefined>;
  vectorSearch(vector: Float32Array): LanceQuery;
  close(): void;
}

/** A type as Arrow describes it; what is not said of it is undefined. */
export interface ArrowType {
  typeId: number;
  toString(): string;
  unit?: number;
  timezone?: string | null;
  /** Of a float: 0 half, 1 single, 2 double. */
  precision?: number;
  bitWidth?: number;
  scale?: number;
  listSize?: number;
  children?: readonly { name: string; type: ArrowType }[] | null;
  /** Of the values of a dictionary. */
  dictionary?: ArrowType;
}

export interface LanceSchema {
  fields: readonly { name: string; type: ArrowType; nullable: boolean }[];
  metadata: ReadonlyMap<string, string>;
}

/** A read without a vector. */
export interface LanceRows {
  where(sql: string): LanceRows;
  select(columns: string[]): LanceRows;
  offset(rows: number): LanceRows;
  limit(rows: number): LanceRows;
  [Symbol.asyncIterator](): AsyncIterator<ArrowRows>;
  toArrow(): Promise<ArrowRows>;
}

export interface LanceMerge {
  whenMatchedUpdateAll(): LanceMerge;
  whenNotMatchedInsertAll(): LanceMerge;
  execute(rows: object): Promise<unknown>;
}

export interface LanceIndexStats {
  numIndexedRows: number;
  numUnindexedRows: number;
  indexType: string;
  distanceType?: string;
  numIndices?: number;
}

export interface LanceQuery {
  column(name: string): LanceQuery;
  distanceType(type: DistanceType): LanceQuery;
  select(columns: string[]): LanceQuery;
  limit(k: number): LanceQuery;
  nprobes(count: number): LanceQuery;
  ef(count: number): LanceQuery;
  refineFactor(factor: number): LanceQuery;
  where(sql: string): LanceQuery;
  postfilter(): LanceQuery;
  bypassVectorIndex(): LanceQuery;
  explainPlan(verbose: boolean): Promise<string>;
  toArrow(): Promise<ArrowResult>;
}

export interface ArrowResult {
  /** Null for a result without rows, which has no columns. */
  getChild(name: string): { toArray(): ArrayLike<number | bigint | string> } | null;
}

/** A batch or table of whole rows. */
export interface ArrowRows {
  numRows: number;
  getChild(name: string): ArrowColumn | null;
}

export interface ArrowColumn {
  length: number;
  data: readonly ArrowData[];
  get(row: number): unknown;
}

export interface ArrowData {
  offset: number;
  valueOffsets: Int32Array | BigInt64Array;
  children: readonly ArrowData[];
  dictionary?: { get(index: number): unknown };
  length: number;
  nullCount: number;
  nullBitmap: object;
  values: unknown;
  getValid(row: number): boolean;
}

/** What is used of `apache-arrow`. */
export interface ArrowClient {
  Field: new (name: string, type: object, nullable: boolean) => object;
  Schema: new (fields: object[], metadata?: Map<string, string>) => object;
  Utf8: new () => object;
  Int64: new () => object;
  Float64: new () => object;
  Bool: new () => object;
  TimestampMicrosecond: new (zone: string) => object;
  List: new (item: object) => object;
  vectorFromArray(values: readonly unknown[], type: object): { data: readonly ArrowData[] };
  Float32: new () => object;
  Float16: new () => object;
  Uint32: new () => object;
  FixedSizeList: new (size: number, item: object) => object;
  Table: new (schema: object, columns: Record<string, object>) => object;
  makeData(data: object): object;
  makeVector(data: object | readonly object[]): object;
}

const READ_AHEAD = 64 * 2 ** 20;

/**
 * Bounds what the engine reads ahead of whoever takes it, which is 2 GiB by its default: a scan of millions of rows holds hundreds of
 * megabytes less, and takes as long. For places of people's, which are read whole; what is measured keeps the engine's own default.
 */
export function boundReads(): void {
  process.env['LANCE_DEFAULT_IO_BUFFER_SIZE'] ??= String(READ_AHEAD);
}

/**
 * Loads LanceDB and the very instance of Arrow that it uses. The engine reads its numbers of threads from the
 * environment when it starts its pools, and only then: the first connection of a process decides.
 */
export function loadClients(threads: number): { lance: LanceClient; arrow: ArrowClient } {
  process.env['LANCE_CPU_THREADS'] = String(threads);
  process.env['RAYON_NUM_THREADS'] = String(threads);
  // Without this the engine prints a warning about a coming change of its own whenever statistics are asked for.
  process.env['LANCE_INCLUDE_VECTOR_CENTROIDS'] ??= 'false';
  return {
    arrow: requireClient('apache-arrow') as ArrowClient,
    lance: requireClient('@lancedb/lancedb') as LanceClient,
  };
}
