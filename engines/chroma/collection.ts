import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, Metric } from '../../datasets/dataset.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { ConnectOptions } from '../contract/engine.js';
import type { NativeFilter, PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { abortable, columnOf, requireCount, requireDimensions, requireFields } from '../kit/load.js';
import { ask, type ChromaClient, type ChromaCollection, openClient } from './client.js';
import { type ChromaMetadata, encodeField } from './fields.js';
import { translateFilter, type Where } from './filter.js';
import { DEFAULT_EF } from './options.js';

export const SPACES: Readonly<Record<Metric, string>> = { cosine: 'cosine', dot: 'ip', l2: 'l2' };
/** Points after which the graph is written: it is after each batch that has as many. */
const ALWAYS = 2;
/** Above this, asking for all points at once would take longer than it is worth. */
const MAX_ASKED = 50_000;

/** The server of a build. */
export interface ChromaSession {
  client: ChromaClient;
  /** Points the server takes at once. */
  batchSize: number;
  /** Undefined for a server that was not started here. */
  restartServer: ConnectOptions['restartServer'];
}

export async function createCollection(
  session: ChromaSession,
  name: string,
  spec: CollectionSpec,
): Promise<Collection> {
  const hnsw = {
    ...hnswConfiguration(spec),
    // Default 1000: of what came after the last thousand a restart would build the graph again, and differently.
    sync_threshold: ALWAYS,
  };
  const options = { name, embeddingFunction: null, configuration: { hnsw } };
  const collection = await ask('create the collection', session.client.createCollection(options));
  requireConfiguration(collection, hnsw);
  return new HnswCollection(session, collection, name, spec, hnsw.ef_search);
}

/** What the server is asked for. */
export function hnswConfiguration({ index, metric }: { index: ParameterSet; metric: Metric }) {
  return {
    space: SPACES[metric]!,
    max_neighbors: Number(index['m']),
    ef_construction: Number(index['efConstruction']),
    ef_search: Number(index['ef'] ?? DEFAULT_EF),
  };
}

/** The server drops some settings without a word. */
export function requireConfiguration(
  { configuration }: ChromaCollection,
  wanted: Record<string, unknown>,
): void {
  const got = configuration.hnsw as Record<string, unknown> | null | undefined;
  if (Object.entries(wanted).every(([key, value]) => got?.[key] === value)) return;
  throw new FailureError(`the collection is not the one asked for (${JSON.stringify(wanted)})`, {
    where: 'chroma',
    got,
  });
}

class HnswCollection implements Collection {
  readonly #session: ChromaSession;
  readonly #name: string;
  readonly #dimensions: number;
  readonly #fields: readonly FieldSchema[];
  #collection: ChromaCollection;
  /** With which the server has opened the index. */
  #ef: number;
  #loaded = 0;

  constructor(
    session: ChromaSession,
    collection: ChromaCollection,
    name: string,
    { dimensions, fields }: CollectionSpec,
    ef: number,
  ) {
    this.#session = session;
    this.#collection = collection;
    this.#name = name;
    this.#dimensions = dimensions;
    this.#fields = fields ?? [];
    this.#ef = ef;
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    for (let from = 0; from < batch.count; from += this.#session.batchSize) {
      signal.throwIfAborted();
      const to = Math.min(batch.count, from + this.#session.batchSize);
      await abortable(ask('add', this.#collection.add(this.#records(batch, from, to))), signal);
      this.#loaded += to - from;
    }
    signal.throwIfAborted();
  }

  #records(batch: LoadBatch, from: number, to: number) {
    const size = this.#dimensions;
    const ids: string[] = [];
    const embeddings: number[][] = [];
    for (let row = from; row < to; row++) {
      ids.push(String(batch.keys[row]));
      embeddings.push(Array.from(batch.vectors.subarray(row * size, (row + 1) * size)));
    }
    return this.#fields.length === 0
      ? { ids, embeddings }
      : { ids, embeddings, metadatas: this.#metadata(batch, from, to) };
  }

  #metadata(batch: LoadBatch, from: number, to: number): (ChromaMetadata | null)[] {
    const columns = this.#fields.map((field) => ({ field, values: batchColumn('chroma', batch, field) }));
    const all = [];
    for (let row = from; row < to; row++) {
      const encoded: ChromaMetadata = {};
      for (const { field, values } of columns)
        Object.assign(encoded, encodeField(field, values[row] ?? null));
      // The server takes no metadata without keys, which an empty array has.
      all.push(Object.keys(encoded).length === 0 ? null : encoded);
    }
    return all;
  }

  /**
   * The server does not tell how many points its graph holds; a search for all of them does. Before it answers, the
   * server puts into the graph whatever waits in its log.
   */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await abortable(this.count(), signal);
    requireCount('chroma', count, this.#loaded);
    const wanted = Math.min(count, MAX_ASKED);
    const found = wanted === 0 ? 0 : await abortable(this.#reach(wanted), signal);
    if (found < wanted / 2) {
      throw new FailureError(`a search for ${wanted} of ${count} points finds ${found}`, {
        where: 'chroma: index',
        next: 'raise m or efConstruction: points without a path to them are never found',
      });
    }
    return { count, indexed: null, details: { [wanted === count ? 'reachable' : 'reachableAsked']: found } };
  }

  async #reach(k: number): Promise<number> {
    const vector = new Float32Array(this.#dimensions).fill(1);
    const { ids } = await this.#query(vector, k);
    return new Set(ids[0]).size;
  }

  #query(vector: Float32Array, k: number, filter?: Where) {
    // The client writes JSON, in which a typed array would become an object.
    const request = { queryEmbeddings: [Array.from(vector)], nResults: k, include: ['distances'] };
    return ask(
      'query',
      this.#collection.query(filter === undefined ? request : { ...request, where: filter }),
    );
  }

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    const ef = Number(search['ef']);
    if (ef !== this.#ef) await this.#reopen(ef);
    let open = true;
    return {
      // The graph is searched with at least as many candidates as hits.
      effective: { ef: Math.max(ef, k) },
      translate: (filter) => {
        requireFields('chroma', filter, this.#fields);
        return translateFilter(filter) as NativeFilter;
      },
      query: async (vector, filter, signal) => {
        signal?.throwIfAborted();
        if (!open) throw new FailureError('the search was closed', { where: 'chroma' });
        requireDimensions('chroma', vector, this.#dimensions);
        const answer = this.#query(vector, k, filter as Where | undefined);
        const { ids, distances } = await unlessAborted(answer, signal);
        const scores = distances[0] ?? [];
        return { keys: (ids[0] ?? []).map(Number), scores: scores.map((score) => score ?? Number.NaN) };
      },
      close: async () => {
        open = false;
      },
    };
  }

  /**
   * A new ef is stored at once and used from the next start on. Killed, not asked to end: the server would first
   * wait for connections that clients keep open; what it has acknowledged is in its log on disk.
   */
  async #reopen(ef: number): Promise<void> {
    const { restartServer } = this.#session;
    if (restartServer === undefined) {
      throw new FailureError(`the server uses ef = ${this.#ef} for this index until it is restarted`, {
        where: 'chroma: search.ef',
        got: ef,
        next: 'on a server that was not started for the build, give ef under index: each value is then a build of its own',
      });
    }
    await ask('set ef', this.#collection.modify({ configuration: { hnsw: { ef_search: ef } } }));
    this.#session.client = openClient(await restartServer('kill'));
    this.#collection = await ask(
      'find the collection again',
      this.#session.client.getCollection({ name: this.#name }),
    );
    requireConfiguration(this.#collection, { ef_search: ef });
    requireCount('chroma', await this.count(), this.#loaded);
    this.#ef = ef;
  }

  count(): Promise<number> {
    return ask('count', this.#collection.count());
  }

  /** The server does not tell a client how large an index is; see the size of its data volume. */
  async indexBytes(): Promise<undefined> {
    return undefined;
  }

  async drop(): Promise<void> {
    await ask('drop the collection', this.#session.client.deleteCollection({ name: this.#name }));
  }
}
