import type { ParameterSet } from '../../common/parameters.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from './ids.js';
import type { VectorValue } from './vectors.js';

/** One answer, nearest first, as the client library returned it: no conversion inside the timed call. */
export interface Hits {
  /** Ids as the client gives them: row numbers where a dataset's rows were loaded. */
  keys: ArrayLike<number | bigint | string>;
  /** The engine's own scores, in its own form (`Capabilities.scores`). */
  scores: ArrayLike<number>;
}

declare const native: unique symbol;
/** A filter in the engine's own form; opaque to all but its adapter. */
export type NativeFilter = { readonly [native]?: never } & object;

declare const encoded: unique symbol;
/** A query in the form in which it is sent; opaque to all but its adapter. */
export type EncodedQuery = { readonly [encoded]?: never } & object;

/**
 * A search translated once, outside the timed region. `Vector`: what it is asked with, by the vector that was named when it
 * was prepared: a Float32Array for numbers of f32, f16 and bf16, and a value of the vector's own kind for bit, int8,
 * sparse and multi vectors (`PointSupport.vectors.searchable`).
 */
export interface PreparedSearch<Vector extends VectorValue = Float32Array> {
  /** ParameterSet that the engine raises or lowers by itself (`ef` below k, `nprobe` above nlist), as they really are. */
  readonly effective?: ParameterSet | undefined;
  /**
   * The timed call. Synchronous engines return a value, others a promise; errors are thrown, never retried.
   *
   * @param signal gives this query up: the call of a concurrent engine then rejects with the signal's reason, although
   *   the engine may go on with it. A blocking engine ignores it. A listener on it is part of the timed call; without a
   *   signal the call costs nothing more.
   */
  query(vector: Vector, filter?: NativeFilter, signal?: AbortSignal): Hits | Promise<Hits>;
  /**
   * A query as `queryEncoded` takes it, made outside the timed region; good for every search of the collection with the same
   * settings. Throws what `query` throws of the vector. Absent, like `queryEncoded`: the client takes vectors alone.
   */
  encode?(vector: Vector, filter?: NativeFilter): EncodedQuery;
  /** The timed call, as `query`. `filter`: that of the query, as this search has translated it. */
  queryEncoded?(query: EncodedQuery, filter?: NativeFilter, signal?: AbortSignal): Hits | Promise<Hits>;
  /**
   * How queries reach a server: `official`, the client that its makers publish, or what stands in its place because that is
   * what limits (`raw-http`, `grpc`, …). Absent: no server is asked.
   */
  readonly client?: string | undefined;
  /**
   * Translates a filter that `refusals` lets through, once, outside the timed region (statements are prepared here).
   * Absent: the engine has no filters.
   */
  translate?(filter: Filter): NativeFilter | Promise<NativeFilter>;
  /**
   * The id of a key, asked outside the timed call. Absent: keys are ids as they are, and a number stands for its bigint.
   */
  idOf?(key: number | bigint | string): PointId;
  close(): Promise<void>;
}
