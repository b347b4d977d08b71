import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness, Shared } from '../contract/collection.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { checkSpec } from '../kit/check.js';
import { abortable, requireCount } from '../kit/load.js';
import { pathOf, send } from './http.js';
import type { Json } from './json.js';
import { type Layout, layoutOf } from './layout.js';
import { loadBatch } from './load.js';
import { QdrantPoints } from './points.js';
import { untilReady } from './ready.js';
import { ALWAYS, createBody, createPayloadIndexes, createTenantIndex } from './requests.js';
import { prepareSearch } from './search.js';
import type { QdrantSession } from './session.js';

/** Throws FailureError for a name that is there. */
export async function createCollection(session: QdrantSession, spec: CollectionSpec): Promise<Collection> {
  checkSpec(session.holder, spec);
  const { endpoint, threads } = session;
  const { name } = spec;
  // The official client leaves out what it does not know, here the metadata.
  const body = createBody(spec, threads) as unknown as Json;
  await send(endpoint, `cannot create the collection ${name}`, 'PUT', pathOf(name), body);
  const collection = new QdrantCollection(session, layoutOf(spec), 0);
  try {
    if (spec.tenant === true) await createTenantIndex(endpoint, name);
    const all = spec.index['payloadIndex'] === true;
    const indexed = spec.fields.filter(({ filterable }) => all || filterable === true);
    await createPayloadIndexes(endpoint, name, indexed);
    return collection;
  } catch (error) {
    await collection.drop();
    throw error;
  }
}

export class QdrantCollection implements Collection {
  readonly name: string;
  readonly points: QdrantPoints;
  readonly #session: QdrantSession;
  readonly #layout: Layout;
  /** Points that were loaded; undefined: others were, or may have been, written beside them. */
  #loaded: number | undefined;
  #released = false;

  constructor(session: QdrantSession, layout: Layout, loaded?: number) {
    this.name = layout.name;
    this.#session = session;
    this.#layout = layout;
    this.#loaded = loaded;
    this.points = new QdrantPoints(session, layout, () => {
      this.#loaded = undefined;
    });
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    await loadBatch(this.#session, this.#layout, batch, signal);
    if (this.#loaded !== undefined) this.#loaded += batch.count;
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const { client, ask, threads } = this.#session;
    const { own, index } = this.#layout;
    const count = await this.count();
    if (this.#loaded !== undefined) requireCount('qdrant', count, this.#loaded);
    const indexed = index['type'] === 'hnsw' && this.#layout.vectors.some(({ kind }) => kind !== 'sparse');
    const vectors = indexed ? await this.#vectors(count) : 0;
    const wanted = { count: vectors, indexed, partly: this.#loaded === undefined || vectors !== count };
    const info = await ask(
      'cannot build the index',
      async () => {
        // Of others' collections nothing is changed, their thresholds neither.
        if (indexed && own && !this.#released) {
          await client.updateCollection(this.name, { optimizers_config: { indexing_threshold: ALWAYS } });
          this.#released = true;
        }
        return abortable(untilReady(client, this.name, wanted, signal), signal);
      },
      signal,
    );
    const details = { status: info.status, segments: info.segments_count };
    if (!indexed) return { count, indexed: null, details };
    const covered = info.indexed_vectors_count ?? 0;
    const detailed = { ...details, threads };
    if (this.#layout.unnamed || covered >= vectors) {
      // More than there are points is possible after points were replaced; for the reader all is all.
      return { count, indexed: Math.min(count, covered), details: detailed };
    }
    // The server tells the sum over all vectors, and not which of them are missing.
    return { count, indexed: null, details: { ...detailed, vectors, indexedVectors: covered } };
  }

  /** Vectors of all names, as the server counts what it has indexed. */
  async #vectors(count: number): Promise<number> {
    const { client, ask } = this.#session;
    const { unnamed, vectors } = this.#layout;
    if (unnamed) return count;
    const counts = vectors.map(({ name }) => {
      const body = { exact: true, filter: { must: [{ has_vector: name }] } };
      return ask('cannot count', () => client.count(this.name, body));
    });
    return (await Promise.all(counts)).reduce((sum, { count }) => sum + count, 0);
  }

  async prepare(search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    return prepareSearch(this.#session, this.#layout, search, k, vector);
  }

  async prepareExact(k: number, vector?: string): Promise<PreparedSearch> {
    const index = { ...this.#layout.index, type: 'flat' };
    return prepareSearch(this.#session, { ...this.#layout, index }, {}, k, vector);
  }

  async share(): Promise<Shared> {
    return { collection: this.#layout };
  }

  async count(): Promise<number> {
    const { client, ask } = this.#session;
    return (await ask('cannot count', () => client.count(this.name, { exact: true }))).count;
  }

  /** The server tells no sizes; a snapshot is the collection as it would be shipped. */
  async indexBytes(): Promise<number | undefined> {
    const { client, ask } = this.#session;
    return ask('cannot take a snapshot', async () => {
      const snapshot = await client.createSnapshot(this.name);
      if (snapshot === null) return undefined;
      await client.deleteSnapshot(this.name, snapshot.name);
      return snapshot.size;
    });
  }

  async drop(): Promise<void> {
    if (!this.#layout.own) {
      throw new FailureError(`collection "${this.name}" was not made by vecproof, and is not dropped`, {
        where: 'qdrant',
      });
    }
    const { client, ask } = this.#session;
    await ask('cannot drop the collection', () => client.deleteCollection(this.name));
  }
}
