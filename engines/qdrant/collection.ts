import { FailureError, VecproofError } from '../../common/errors.js';
import type {
  Collection,
  CollectionSpec,
  LoadBatch,
  ParameterSet,
  PreparedSearch,
  Readiness,
} from '../contract/engine.js';
import type { Endpoint } from '../contract/server.js';
import { abortable, requireCount, requireDimensions, unlessAborted } from '../kit/load.js';
import { failure, type QdrantClient } from './client.js';
import { payloadPath, payloadsOf } from './fields.js';
import { JsonText, send } from './http.js';
import { type Json, needsExactJson, toJson } from './json.js';
import { ExactFilter, type FilterPart, nativeFilter } from './native-filter.js';
import { untilReady } from './ready.js';
import {
  ALWAYS,
  createBody,
  createPayloadIndexes,
  effective,
  ownName,
  pathOf,
  pointsPerRequest,
  searchParams,
} from './requests.js';

/** Requests in flight while loading: measured to load twice as fast as one. */
const LANES = 4;
const FAILED = 'the query failed';
type QueryAnswer = Awaited<ReturnType<QdrantClient['query']>>;

export interface QdrantSession {
  client: QdrantClient;
  endpoint: Endpoint;
  threads: number;
  /** Another one with each call, unless it was given. */
  nameEnd(): string;
}

/**
 * Creates a collection under a name that no other can have, on a server that may hold other people's. Throws InputError
 * for a field that no filter could name.
 */
export async function createCollection(session: QdrantSession, spec: CollectionSpec): Promise<Collection> {
  const name = ownName(spec.name, session.nameEnd());
  for (const field of spec.fields ?? []) payloadPath(field.name);
  try {
    await session.client.createCollection(name, createBody(spec, session.threads));
  } catch (error) {
    throw failure(`cannot create the collection ${name}`, session.endpoint, error);
  }
  if (spec.index['payloadIndex'] === true) {
    await createPayloadIndexes(session.endpoint, name, spec.fields ?? []);
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

  async #upsert(batch: LoadBatch, from: number, to: number): Promise<void> {
    const { dimensions } = this.#spec;
    const ids = Array.from(batch.keys.subarray(from, to));
    const vectors = ids.map((_, row) => {
      const start = (from + row) * dimensions;
      // JSON writes a Float32Array as an object.
      return Array.from(batch.vectors.subarray(start, start + dimensions));
    });
    const status = await this.#write(ids, vectors, this.#payloads(batch, from, to));
    if (status !== 'completed')
      throw new FailureError('points were not stored', { where: 'qdrant', got: status });
  }

  #payloads({ metadata }: LoadBatch, from: number, to: number): Json[] | undefined {
    const { fields = [] } = this.#spec;
    return metadata === undefined || fields.length === 0 ? undefined : payloadsOf(fields, metadata, from, to);
  }

  async #write(ids: number[], vectors: number[][], payloads: Json[] | undefined): Promise<string> {
    const { client, endpoint } = this.#session;
    const doing = 'cannot load points';
    if (payloads === undefined || !payloads.some(needsExactJson)) {
      const batch = { ids, vectors, ...(payloads !== undefined && { payloads }) };
      return (await this.#ask(doing, () => client.upsert(this.#name, { wait: true, batch }))).status;
    }
    const text = `{"batch":{"ids":${JSON.stringify(ids)},"vectors":${JSON.stringify(vectors)},"payloads":${toJson(payloads)}}}`;
    const path = `${pathOf(this.#name)}/points?wait=true`;
    return (await send<{ status: string }>(endpoint, doing, 'PUT', path, new JsonText(text))).status;
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

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    const { client, endpoint } = this.#session;
    const { dimensions, index } = this.#spec;
    const name = this.#name;
    const path = `${pathOf(name)}/points/query`;
    const rest = { limit: k, params: searchParams(index, search), with_payload: false, with_vector: false };
    let open = true;
    return {
      effective: effective(search, k),
      translate: (filter) => nativeFilter(filter, rest),
      query: async (vector, filter, signal) => {
        signal?.throwIfAborted();
        if (!open) throw new FailureError('the search was closed', { where: 'qdrant' });
        requireDimensions('qdrant', vector, dimensions);
        const query = Array.from(vector);
        const answer =
          filter instanceof ExactFilter
            ? send<QueryAnswer>(endpoint, FAILED, 'POST', path, filter.body(query))
            : client
                .query(name, { query, ...rest, ...(filter as FilterPart | undefined) })
                .catch((error: unknown) => {
                  throw failure(FAILED, endpoint, error);
                });
        const { points } = await unlessAborted(answer, signal);
        return { keys: points.map(({ id }) => id), scores: points.map(({ score }) => score ?? Number.NaN) };
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
      if (error instanceof VecproofError) throw error;
      throw failure(doing, this.#session.endpoint, error);
    }
  }
}
