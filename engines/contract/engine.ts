import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, MetadataColumns, Metric } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { FilterSupport } from '../../filters/support.js';
import type { MetadataSupport, RecordStore } from './points.js';
import type { Endpoint, ServerSupport } from './server.js';

export type Operation =
  | 'count'
  | 'get'
  | 'scan'
  | 'upsert'
  | 'delete'
  | 'update'
  | 'describe'
  | 'attach'
  | 'list';
export type IdKind = 'u32' | 'u64' | 'string' | 'uuid';

/**
 * What the engine's own score means, by metric. `1-cos`, `1-dot`, `-dot`, `squared` (L2 squared) and `root`
 * (Euclidean) are distances, smaller is nearer; `cos` and `dot` are similarities, larger is nearer.
 */
export type ScoreForm = '1-cos' | '1-dot' | '-dot' | 'squared' | 'root' | 'cos' | 'dot';

export type { Fault, ParameterSet };

/**
 * Search parameters with which a query visits every point of an index, beside those of the trial: `points` stands for
 * the number of points, `lists` for the index's nlist. `scan`: every point is compared; `graph`: every point that the
 * graph leads to.
 */
export interface ExhaustiveSearch {
  kind: 'scan' | 'graph';
  search: Readonly<Record<string, number | 'points' | 'lists'>>;
}

/** What an engine can do, declared as data; the conformance suite holds every line of it. */
export interface Capabilities {
  metrics: readonly Metric[];
  /** Index types (`flat`, `hnsw`, `ivf`) with the quantizations each allows. */
  indexTypes: Readonly<Record<string, readonly string[]>>;
  /** `NO_FILTERS`: the engine has none. */
  filters: FilterSupport;
  /** How records keep their metadata; null: the engine keeps vectors and keys alone. */
  metadata: MetadataSupport | null;
  operations: readonly Operation[];
  idKinds: readonly IdKind[];
  /** Range of integer ids in records: int64, or 0 to 2^64 - 1; absent: both. */
  integerIds?: 'signed' | 'unsigned' | undefined;
  /** Largest vector accepted; null: no documented limit. */
  maxDimensions: number | null;
  /** When an acknowledged write can be found. */
  visibility: 'immediate' | 'after-ready';
  scores: Readonly<Partial<Record<Metric, ScoreForm>>>;
  /** Whether building twice from the same batches gives the same graph, and so the same answers. */
  deterministicBuild: 'always' | 'one-thread' | 'never';
  /**
   * `concurrent`: the event loop turns while a query is on its way, so that one process can have several in flight.
   * `blocking`: a query holds the process until it is answered.
   */
  execution: 'blocking' | 'concurrent';
  /**
   * Prepared searches of one collection that may be open at a time. `one`: preparing the next setting changes what
   * earlier searches answer.
   */
  preparedSearches: 'one' | 'several';
  /** What differs in a mode of the server, e.g. one that runs inside the process. */
  modes?: Readonly<Record<string, Partial<Pick<Capabilities, 'execution' | 'preparedSearches'>>>> | undefined;
  /** By index type; one that is absent has no exhaustive search. Disagreements are explained with it. */
  exhaustive?: Readonly<Record<string, ExhaustiveSearch>>;
  /** Facts a user must know, one sentence each; they go into `docs/engines.md` and the report. */
  remarks: readonly string[];
}

export interface OptionsInput {
  index: Readonly<Record<string, unknown>>;
  search: Readonly<Record<string, unknown>>;
}

export type ParsedOptions =
  | {
      state: 'ok';
      /** Complete: defaults filled in, so that what ran is what is recorded. */
      index: ParameterSet;
      search: ParameterSet;
      /** Short name of the contender without the engine, e.g. `hnsw`, `ivf-pq`, `hnsw-f16`. */
      variant: string;
    }
  | {
      state: 'invalid';
      /** Paths begin inside the engine's entry of the suite: `['index', 'm']`. */
      issues: readonly Fault[];
    };

/** What an index is asked to hold and answer: known once suite and dataset are. */
export interface DataShape {
  metric: Metric;
  dimensions: number;
  count: number;
  /** Hits that each search asks for. */
  k: number;
}

/** Where an engine may keep files and how it is reached. */
export interface ConnectOptions {
  /** Where the server is, for engines that have one. */
  endpoint?: Endpoint | undefined;
  /**
   * Ends the server and starts it on the same data, for settings that take effect only then; resolves with its new
   * address. Undefined for a server that was not started for this build.
   */
  restartServer?: ((how: 'stop' | 'kill') => Promise<Endpoint>) | undefined;
  /** How the server is had (`docker`, `url`, or a mode of the engine's own such as `pglite`). */
  mode?: string | undefined;
  /** An empty folder of this build's own, removed by the harness afterwards. */
  folder: string;
  /** Random end of the names of what is made on a server, by which it is found again; the engine's own if absent. */
  nameEnd?: string | undefined;
  threads: number;
  seed: number;
}

export interface CollectionSpec {
  name: string;
  dimensions: number;
  metric: Metric;
  /** Points that will be loaded. */
  capacity: number;
  index: ParameterSet;
  /** Metadata that every point brings, for filters; absent: vectors alone. Only types that `Capabilities.metadata` has. */
  fields?: readonly FieldSchema[] | undefined;
}

/** Columnar points. Keys are the dataset's row numbers. */
export interface LoadBatch {
  start: number;
  count: number;
  /** `count` row numbers. */
  keys: Uint32Array;
  /** Row-major, `count * dimensions`; the engine must not keep it. */
  vectors: Float32Array;
  /** One column for each of `CollectionSpec.fields`, `count` values each; null where a point has no value. */
  metadata?: MetadataColumns | undefined;
}

/** What the engine answered when asked whether everything is searchable and indexed. */
export interface Readiness {
  /** Points the engine counts. */
  count: number;
  /** Points covered by the index; null where the engine has no index (flat) or cannot tell. */
  indexed: number | null;
  /** What the engine says of its index (partitions, levels, plan, …), recorded with the build. */
  details: Readonly<Record<string, string | number | boolean>>;
}

/** One answer, nearest first, as the client library returned it: no conversion inside the timed call. */
export interface Hits {
  keys: ArrayLike<number | bigint>;
  /** The engine's own scores, in its own form (`Capabilities.scores`). */
  scores: ArrayLike<number>;
}

declare const native: unique symbol;
/** A filter in the engine's own form; opaque to all but its adapter. */
export type NativeFilter = { readonly [native]?: never } & object;

/** A search translated once, outside the timed region. */
export interface PreparedSearch {
  /** Parameters that the engine raises or lowers by itself (`ef` below k, `nprobe` above nlist), as they really are. */
  readonly effective?: ParameterSet | undefined;
  /**
   * The timed call. Synchronous engines return a value, others a promise; errors are thrown, never retried.
   *
   * @param signal gives this query up: the call of a concurrent engine then rejects with the signal's reason, although
   *   the engine may go on with it. A blocking engine ignores it. A listener on it is part of the timed call; without a
   *   signal the call costs nothing more.
   */
  query(vector: Float32Array, filter?: NativeFilter, signal?: AbortSignal): Hits | Promise<Hits>;
  /**
   * Translates a filter that `refusals` lets through, once, outside the timed region (statements are prepared here).
   * Absent: the engine has no filters.
   */
  translate?(filter: Filter): NativeFilter | Promise<NativeFilter>;
  close(): Promise<void>;
}

export interface Collection {
  load(batch: LoadBatch, signal: AbortSignal): Promise<void>;
  /** Builds what is still to build, then asks the engine until everything is searchable and indexed. */
  ready(signal: AbortSignal): Promise<Readiness>;
  /** May be called again for another setting after the previous one was closed. */
  prepare(search: ParameterSet, k: number): Promise<PreparedSearch>;
  count(): Promise<number>;
  /** Bytes of the index on disk (as the engine would ship it); undefined where there is none. */
  indexBytes(): Promise<number | undefined>;
  drop(): Promise<void>;
}

export interface ConnectedEngine {
  /** Version of the engine itself (not of this project). */
  version(): Promise<string>;
  create(spec: CollectionSpec): Promise<Collection>;
  /** Operations on whole records; absent where the engine has none (`Capabilities.operations`). */
  records?: RecordStore | undefined;
  close(): Promise<void>;
}

/** An engine is data plus a few functions. Importing its definition must not import its client package. */
export interface EngineDefinition {
  name: string;
  /** As people write it, e.g. `LanceDB`. */
  title: string;
  /** npm packages the adapter needs; their versions are recorded. */
  packages: readonly string[];
  /** Those of `packages` that are compiled on this machine when they are installed; none if absent. */
  compiled?: readonly string[] | undefined;
  /** Oldest Node that npm installs `packages` on, e.g. `20.20.2`, where it is newer than vecproof's own. */
  node?: string | undefined;
  /**
   * Loads what the import of `packages` leaves for later: native parts that a client opens at its first use. Called in a
   * process of its own, to see whether the engine works here. Throws what the client throws.
   */
  load?(): void | Promise<void>;
  capabilities: Capabilities;
  /** JSON Schemas of `index` and `search` (one value per key; the suite adds lists), for editors. */
  optionSchemas(): { index: Record<string, unknown>; search: Record<string, unknown> };
  /** Pure. Checks one combination; every message names the key. */
  parseOptions(input: OptionsInput): ParsedOptions;
  /** Pure. Why parsed options cannot work on such data; empty: they can. Asked while planning, before anything starts. */
  checkData(data: DataShape, index: ParameterSet, search: ParameterSet): readonly Fault[];
  /** How its server is had; absent for embedded engines. */
  server?: ServerSupport | undefined;
  connect(options: ConnectOptions, signal: AbortSignal): Promise<ConnectedEngine>;
}

/** How queries run in a mode of the engine's server. */
export function executionOf(
  { execution, preparedSearches, modes }: Capabilities,
  mode: string | undefined,
): Pick<Capabilities, 'execution' | 'preparedSearches'> {
  return { execution, preparedSearches, ...(mode === undefined ? undefined : modes?.[mode]) };
}
