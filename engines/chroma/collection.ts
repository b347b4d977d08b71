import { FailureError, shorten } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { Collection, Readiness, Shared, SharedCollection } from '../contract/collection.js';
import type { ReadAs } from '../contract/points.js';
import type { EncodedQuery, Hits, NativeFilter, PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { compactVectorJson } from '../kit/json-vector.js';
import { abortable, requireCount, requireDimensions, requireFields, unlessAborted } from '../kit/load.js';
import { firstVector, vectorNamed } from '../kit/vectors.js';
import { ask, type ChromaCollection, openClient } from './client.js';
import { requireNative, translateFilter, type Where } from './filter.js';
import { pointId } from './ids.js';
import { DEFAULT_EF, SPACES } from './options.js';
import { ChromaPoints } from './points.js';
import { openPool, type QueryAnswer, RawQueries } from './raw.js';
import { asRequests, batchRows } from './rows.js';
import { type ChromaSession, type KeptSchema, keptSchema, SCHEMA_KEY } from './session.js';

/** Points after which the graph is written: it is after each batch that has as many. */
const ALWAYS = 2;
/** Above this, asking for all points at once would take longer than it is worth. */
const MAX_ASKED = 50_000;

export async function createCollection(session: ChromaSession, spec: CollectionSpec): Promise<Collection> {
  const vector = firstVector(spec);
  const hnsw = {
    ...hnswConfiguration(spec.index, vector.metric as NumberMetric),
    // Default 1000: of what came after the last thousand a restart would build the graph again, and differently.
    ...(spec.capacity !== undefined && { sync_threshold: ALWAYS }),
  };
  const { name, ids, fields, text, uri, tenant, madeBy } = spec;
  const kept: KeptSchema = { ids, vector, fields, text, uri, tenant, madeBy };
  const metadata = { [SCHEMA_KEY]: JSON.stringify(kept) };
  const options = { name, embeddingFunction: null, metadata, configuration: { hnsw } };
  const collection = await session.client.createCollection(options).catch((error: unknown) => {
    if (!isNamed(error, 'ChromaUniqueError')) return ask('create the collection', Promise.reject(error));
    throw new FailureError(`collection "${name}" is there already`, {
      where: 'chroma',
      next: 'choose another name, or open it',
    });
  });
  requireConfiguration(collection as ChromaCollection, hnsw);
  const loaded = spec.capacity === undefined ? undefined : 0;
  return new HnswCollection(session, collection as ChromaCollection, kept, hnsw.ef_search, loaded);
}

export async function openCollection(session: ChromaSession, name: string, as?: ReadAs): Promise<Collection> {
  const found = await session.client.getCollection({ name }).catch(async (error: unknown) => {
    if (!isNamed(error, 'ChromaNotFoundError')) return ask(`find ${shorten(name)}`, Promise.reject(error));
    const there = (await listCollections(session)).join(', ') || 'none';
    throw new FailureError(`there is no collection "${name}" (there are: ${there})`, { where: 'chroma' });
  });
  const collection = found as ChromaCollection;
  const ef = collection.configuration.hnsw?.ef_search ?? DEFAULT_EF;
  return new HnswCollection(session, collection, keptSchema(collection), ef, undefined, as);
}

/** What a connection is told of a collection of another one: what the server says of `ef` may wait for its next start. */
interface Elsewhere {
  name: string;
  ef: number;
}

export async function attachCollection(session: ChromaSession, shared: Shared): Promise<SharedCollection> {
  const { name, ef } = shared.collection as Elsewhere;
  const collection = await ask(`find ${shorten(name)}`, session.client.getCollection({ name }));
  return new HnswCollection(session, collection, keptSchema(collection), ef, undefined);
}

const PAGE = 100;

/** Ends at an empty page. */
export async function listCollections({ client }: Pick<ChromaSession, 'client'>): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const page = await ask('list', client.listCollections({ limit: PAGE, offset: names.length }));
    if (page.length === 0) return names;
    names.push(...page.map(({ name }) => name));
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** What the server is asked for. */
function hnswConfiguration(index: ParameterSet, metric: NumberMetric) {
  return {
    space: SPACES[metric]!,
    max_neighbors: Number(index['m']),
    ef_construction: Number(index['efConstruction']),
    ef_search: Number(index['ef'] ?? DEFAULT_EF),
  };
}

/** The server drops some settings without a word. */
function requireConfiguration({ configuration }: ChromaCollection, wanted: Record<string, unknown>): void {
  const got = configuration.hnsw as Record<string, unknown> | null | undefined;
  if (Object.entries(wanted).every(([key, value]) => got?.[key] === value)) return;
  throw new FailureError(`the collection is not the one asked for (${JSON.stringify(wanted)})`, {
    where: 'chroma',
    got,
  });
}

class HnswCollection implements Collection {
  readonly name: string;
  readonly points: ChromaPoints;
  readonly #session: ChromaSession;
  /** Undefined: others made it. */
  readonly #schema: KeptSchema | undefined;
  #collection: ChromaCollection;
  /** With which the server has opened the index. */
  #ef: number;
  /** Undefined where points came one by one, or from others. */
  #loaded: number | undefined;

  constructor(
    session: ChromaSession,
    collection: ChromaCollection,
    schema: KeptSchema | undefined,
    ef: number,
    loaded: number | undefined,
    as: ReadAs = {},
  ) {
    this.name = collection.name;
    this.#session = session;
    this.#collection = collection;
    this.#schema = schema;
    this.#ef = ef;
    this.#loaded = loaded;
    this.points = new ChromaPoints(
      session,
      () => this.#collection,
      schema,
      () => {
        this.#loaded = undefined;
      },
      as,
    );
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    if (this.#schema === undefined)
      throw new FailureError(`collection "${this.name}" was not made by vecproof`, { where: 'chroma' });
    for (let from = 0; from < batch.count; from += this.#session.batchSize) {
      signal.throwIfAborted();
      const to = Math.min(batch.count, from + this.#session.batchSize);
      for (const request of asRequests(batchRows(this.#schema, batch, from, to)))
        await abortable(ask('add', this.#collection.add(request)), signal);
      if (this.#loaded !== undefined) this.#loaded += to - from;
    }
    signal.throwIfAborted();
  }

  /**
   * The server does not tell how many points its graph holds; a search for all of them does. Before it answers, the
   * server puts into the graph whatever waits in its log.
   */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await abortable(this.count(), signal);
    if (this.#loaded !== undefined) requireCount('chroma', count, this.#loaded);
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
    const dimensions = (await this.points.vectorField())?.dimensions ?? 1;
    const vector = new Float32Array(dimensions).fill(1);
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

  async prepare(search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    // Nothing said: as the index is.
    const ef = search['ef'] === undefined ? this.#ef : Number(search['ef']);
    const field = await this.points.vectorField();
    if (field !== undefined) vectorNamed({ vectors: [field] }, vector);
    if (ef !== this.#ef) await this.#reopen(ef);
    const dimensions = field?.dimensions;
    const kind = this.#schema?.ids ?? 'string';
    let open = true;
    const requireOpen = () => {
      if (!open) throw new FailureError('the search was closed', { where: 'chroma' });
    };
    const check = (vector: Float32Array) => {
      if (dimensions !== undefined) requireDimensions('chroma', vector, dimensions);
    };
    const hitsOf = ({ ids: [keys = []], distances: [scores = []] }: QueryAnswer): Hits => ({
      keys: kind === 'u32' ? keys.map(Number) : keys,
      scores: scores.map((score) => score ?? Number.NaN),
    });
    const common = {
      idOf: (key) => (typeof key === 'number' ? BigInt(key) : pointId(kind, String(key))),
      // The graph is searched with at least as many candidates as hits.
      effective: { ef: Math.max(ef, k) },
      translate: (filter) => {
        if (this.#schema === undefined) requireNative(filter);
        else requireFields('chroma', filter, this.#schema.fields);
        return translateFilter(filter) as NativeFilter;
      },
      close: async () => {
        open = false;
      },
    } satisfies Partial<PreparedSearch>;
    if (search['client'] === 'official') {
      return {
        ...common,
        client: 'official',
        query: async (vector, filter, signal) => {
          signal?.throwIfAborted();
          requireOpen();
          check(vector);
          return hitsOf(await unlessAborted(this.#query(vector, k, filter as Where | undefined), signal));
        },
      };
    }
    const raw = new RawQueries(this.#session, this.#collection.id, k);
    const send = async (body: Buffer, signal: AbortSignal | undefined) => {
      signal?.throwIfAborted();
      requireOpen();
      return hitsOf(await raw.send(body, signal));
    };
    return {
      ...common,
      client: 'raw-http',
      query: async (vector, filter, signal) => {
        check(vector);
        return send(raw.body(JSON.stringify(Array.from(vector)), filter as Where | undefined), signal);
      },
      encode: (vector, filter) => {
        check(vector);
        return raw.body(compactVectorJson(vector), filter as Where | undefined) as EncodedQuery;
      },
      queryEncoded: (body, _filter, signal) => send(body as Buffer, signal),
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
    this.#session.endpoint = await restartServer('kill');
    this.#session.client = openClient(this.#session.endpoint);
    await this.#session.pool.close();
    this.#session.pool = await openPool(this.#session.endpoint);
    this.#collection = await ask(
      'find the collection again',
      this.#session.client.getCollection({ name: this.name }),
    );
    requireConfiguration(this.#collection, { ef_search: ef });
    if (this.#loaded !== undefined) requireCount('chroma', await this.count(), this.#loaded);
    this.#ef = ef;
  }

  /** The server may have been restarted at another address. */
  async share(): Promise<Shared> {
    return {
      endpoint: this.#session.endpoint,
      collection: { name: this.name, ef: this.#ef } satisfies Elsewhere,
    };
  }

  count(): Promise<number> {
    return ask('count', this.#collection.count());
  }

  /** The server does not tell a client how large an index is; see the size of its data volume. */
  async indexBytes(): Promise<undefined> {
    return undefined;
  }

  async drop(): Promise<void> {
    if (this.#schema === undefined) {
      throw new FailureError(`collection "${this.name}" was not made by vecproof, and is not dropped`, {
        where: 'chroma',
      });
    }
    await ask('drop the collection', this.#session.client.deleteCollection({ name: this.name }));
  }
}
