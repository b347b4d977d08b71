import { FailureError, VecparityError } from '../../common/errors.js';
import type {
  Collection,
  CollectionSpec,
  LoadBatch,
  Parameters,
  PreparedSearch,
  Readiness,
} from '../engine.js';
import type { Endpoint } from '../launch.js';
import { abortable, requireCount, requireDimensions } from '../load.js';
import { failure, type QdrantClient } from './client.js';
import { untilReady } from './ready.js';
import { ALWAYS, createBody, effective, ownName, pointsPerRequest, searchParams } from './requests.js';

/** Requests in flight while loading: measured to load twice as fast as one. */
const LANES = 4;
export interface QdrantSession {
  client: QdrantClient;
  endpoint: Endpoint;
  threads: number;
}

/** Creates a collection under a name that no other can have, on a server that may hold other people's. */
export async function createCollection(session: QdrantSession, spec: CollectionSpec): Promise<Collection> {
  const name = ownName(spec.name);
  try {
    await session.client.createCollection(name, createBody(spec, session.threads));
  } catch (error) {
    throw failure(`cannot create the collection ${name}`, session.endpoint, error);
  }
  return new QdrantCollection(session, spec, name);
}

class QdrantCollection implements Collection {
  readonly #session: QdrantSession;
  readonly #spec: CollectionSpec;
  readonly #name: string;
  #loaded = 0;
  #released = false;

  constructor(session: QdrantSession, spec: CollectionSpec, name: string) {
    this.#session = session;
    this.#spec = spec;
    this.#name = name;
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const size = pointsPerRequest(this.#spec.dimensions);
    let next = 0;
    const lane = async () => {
      while (next < batch.count) {
        signal.throwIfAborted();
        const from = next;
        next = Math.min(batch.count, from + size);
        await this.#upsert(batch, from, next).catch((error: unknown) => {
          next = batch.count;
          throw error;
        });
      }
    };
    await abortable(Promise.all(Array.from({ length: LANES }, lane)), signal);
    this.#loaded += batch.count;
  }

  async #upsert({ keys, vectors }: LoadBatch, from: number, to: number): Promise<void> {
    const { dimensions } = this.#spec;
    const ids = Array.from(keys.subarray(from, to));
    const rows = ids.map((_, row) => {
      const start = (from + row) * dimensions;
      // JSON writes a Float32Array as an object.
      return Array.from(vectors.subarray(start, start + dimensions));
    });
    const { status } = await this.#ask('cannot load points', () =>
      this.#session.client.upsert(this.#name, { wait: true, batch: { ids, vectors: rows } }),
    );
    if (status !== 'completed')
      throw new FailureError('points were not stored', { where: 'qdrant', got: status });
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const { client, threads } = this.#session;
    const indexed = this.#spec.index['type'] === 'hnsw';
    const count = await this.count();
    requireCount('qdrant', count, this.#loaded);
    const info = await this.#ask(
      'cannot build the index',
      async () => {
        if (indexed && !this.#released) {
          await client.updateCollection(this.#name, { optimizers_config: { indexing_threshold: ALWAYS } });
          this.#released = true;
        }
        return abortable(untilReady(client, this.#name, { count, indexed }, signal), signal);
      },
      signal,
    );
    const details = { status: info.status, segments: info.segments_count };
    if (!indexed) return { count, indexed: null, details };
    // More than there are points is possible after points were replaced; for the reader all is all.
    const covered = Math.min(count, info.indexed_vectors_count ?? 0);
    return { count, indexed: covered, details: { ...details, threads } };
  }

  async prepare(search: Parameters, k: number): Promise<PreparedSearch> {
    const { client, endpoint } = this.#session;
    const { dimensions, index } = this.#spec;
    const name = this.#name;
    const rest = { limit: k, params: searchParams(index, search), with_payload: false, with_vector: false };
    let open = true;
    return {
      effective: effective(search, k),
      query: async (vector) => {
        if (!open) throw new FailureError('the search was closed', { where: 'qdrant' });
        requireDimensions('qdrant', vector, dimensions);
        try {
          const { points } = await client.query(name, { query: Array.from(vector), ...rest });
          return { keys: points.map(({ id }) => id), scores: points.map(({ score }) => score ?? Number.NaN) };
        } catch (error) {
          throw failure('the query failed', endpoint, error);
        }
      },
      close: async () => {
        open = false;
      },
    };
  }

  async count(): Promise<number> {
    const { client } = this.#session;
    return (await this.#ask('cannot count', () => client.count(this.#name, { exact: true }))).count;
  }

  /** The server tells no sizes; a snapshot is the collection as it would be shipped. */
  async indexBytes(): Promise<number | undefined> {
    const { client } = this.#session;
    return this.#ask('cannot take a snapshot', async () => {
      const snapshot = await client.createSnapshot(this.#name);
      if (snapshot === null) return undefined;
      await client.deleteSnapshot(this.#name, snapshot.name);
      return snapshot.size;
    });
  }

  async drop(): Promise<void> {
    await this.#ask('cannot drop the collection', () => this.#session.client.deleteCollection(this.#name));
  }

  /** Errors of the client become ours; those that are ours, and an aborted signal's reason, stay as they are. */
  async #ask<T>(doing: string, request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await request();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof VecparityError) throw error;
      throw failure(doing, this.#session.endpoint, error);
    }
  }
}
