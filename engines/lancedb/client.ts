import { requireClient } from '../packages.js';

/** What is used of `@lancedb/lancedb`. Declared here and not imported: the package is optional. */
export interface LanceClient {
  connect(folder: string): Promise<LanceConnection>;
  Index: Record<
    'ivfFlat' | 'ivfPq' | 'ivfRq' | 'hnswSq' | 'hnswPq',
    (options: LanceIndexOptions) => LanceIndex
  >;
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
  dropTable(name: string): Promise<void>;
  close(): void;
}

export interface LanceTable {
  add(rows: object): Promise<unknown>;
  countRows(): Promise<number>;
  createIndex(column: string, options: { config: LanceIndex; replace: boolean; name: string }): Promise<void>;
  indexStats(name: string): Promise<LanceIndexStats | undefined>;
  vectorSearch(vector: Float32Array): LanceQuery;
  close(): void;
}

export interface LanceIndexStats {
  numIndexedRows: number;
  numUnindexedRows: number;
  indexType: string;
  distanceType?: string;
  numIndices?: number;
}

export interface LanceQuery {
  distanceType(type: DistanceType): LanceQuery;
  select(columns: string[]): LanceQuery;
  limit(k: number): LanceQuery;
  nprobes(count: number): LanceQuery;
  ef(count: number): LanceQuery;
  refineFactor(factor: number): LanceQuery;
  explainPlan(verbose: boolean): Promise<string>;
  toArrow(): Promise<ArrowResult>;
}

export interface ArrowResult {
  /** Null for a result without rows, which has no columns. */
  getChild(name: string): { toArray(): ArrayLike<number> } | null;
}

/** What is used of `apache-arrow`. */
export interface ArrowClient {
  Field: new (name: string, type: object, nullable: boolean) => object;
  Schema: new (fields: object[]) => object;
  Float32: new () => object;
  Uint32: new () => object;
  FixedSizeList: new (size: number, item: object) => object;
  Table: new (columns: Record<string, object>) => object;
  makeData(data: object): object;
  makeVector(data: object): object;
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
