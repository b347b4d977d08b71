import type { FieldSchema, FieldType, MetadataValue, Metric } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdKind, ParameterSet } from './engine.js';

/**
 * Operations on whole records (real ids, typed metadata), on which migrations stand. Unlike a `Collection`, which is
 * built to be measured, nothing here is timed.
 */

/** An id as its owner wrote it: text (also UUIDs), or a 64-bit integer. `'7'` and `7n` are two ids. */
export type PointId = string | bigint;

/** A metadata value, also nested. Integers of 64 bits come as bigint beyond ±(2^53 - 1), timestamps by `FieldSchema`. */
export type RecordValue = MetadataValue | { readonly [key: string]: RecordValue };

/** Keys that are absent are missing, which some engines cannot tell from null (`MetadataSupport.absence`). */
export type Metadata = Readonly<Record<string, RecordValue>>;

export interface PointRecord {
  id: PointId;
  vector: Float32Array;
  metadata: Metadata;
}

/** What a collection is created with. */
export interface RecordSchema {
  dimensions: number;
  metric: Metric;
  /** One kind of ids for a collection; the original is kept and returned where the engine has to map it. */
  ids: IdKind;
  /** Dotted names (`maker.name`) are fields of nested objects. */
  fields: readonly FieldSchema[];
  /** As `parseOptions` completed them. */
  index: ParameterSet;
}

/** What an engine says of a collection that is there; null where it does not tell. */
export interface Description {
  name: string;
  metric: Metric | null;
  dimensions: number | null;
  ids: IdKind | null;
  /** The engine's own words for its index (type, m, …). */
  index: Readonly<Record<string, string | number | boolean>>;
  /** Fields with the portable type where one fits; `native` is the engine's own name of its type. */
  fields: readonly { name: string; type: FieldType | null; native: string; nullable: boolean | null }[];
  count: number;
}

/** A change of one point. Keys of `set` replace, keys of `unset` go; what is not named stays. */
export interface RecordChange {
  id: PointId;
  vector?: Float32Array | undefined;
  set?: Metadata | undefined;
  unset?: readonly string[] | undefined;
}

export interface ScanOptions {
  batchSize: number;
  signal?: AbortSignal | undefined;
}

/** Every promise resolves when the engine has acknowledged and the next call sees the change. */
export interface RecordCollection {
  /** Inserts points and replaces those whose id is there. The last of two with one id in a call wins. */
  upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void>;
  /** Those that are there, in the order asked for; missing ids are left out. */
  get(ids: readonly PointId[]): Promise<PointRecord[]>;
  /** Every point once with vector and metadata, in batches. */
  scan(options: ScanOptions): AsyncIterable<PointRecord[]>;
  /** Exact where the engine can be exact; nearest first, with the engine's own scores. */
  search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]>;
  count(): Promise<number>;
  /** Ids that are not there are no error. */
  delete(ids: readonly PointId[]): Promise<void>;
  /** Throws FailureError naming the id if a point is not there; nothing is changed then. */
  update(change: RecordChange): Promise<void>;
  describe(): Promise<Description>;
  drop(): Promise<void>;
}

export interface RecordStore {
  /** Creates exactly this name; throws FailureError if it is there already: nothing is ever overwritten. */
  create(name: string, schema: RecordSchema): Promise<RecordCollection>;
  /** Uses what is there without changing it; throws FailureError naming the collections that are there. */
  attach(name: string): Promise<RecordCollection>;
  list(): Promise<string[]>;
}

/** How an engine keeps metadata; held by the conformance suite, part of the docs. */
export interface MetadataSupport {
  /** `native`, or how a type is encoded (it still comes back as it was); an absent type is refused with its name. */
  types: Readonly<Partial<Record<FieldType, string>>>;
  /** `kept`: null and missing come back as they were; `null`: missing comes back as null; `missing`: the reverse. */
  absence: 'kept' | 'null' | 'missing';
  /** Nested objects: kept `natively`, `flattened` into dotted fields and put together again, or `refused`. */
  nested: 'native' | 'flattened' | 'refused';
  /** Empty arrays: kept, or why not. */
  emptyArrays: 'kept' | 'missing' | 'refused';
  /** Fields that the schema does not name: kept or refused. */
  undeclared: 'kept' | 'refused';
}
