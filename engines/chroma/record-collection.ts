import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, Metric } from '../../datasets/dataset.js';
import { conditionsOf, type Filter, withoutNot } from '../../filters/filter.js';
import { refusals } from '../../filters/support.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type {
  Description,
  Metadata,
  PointRecord,
  RecordChange,
  RecordCollection,
  ScanOptions,
} from '../contract/points.js';
import { checkIds, checkRecords, checkVector, lastOfEachId, type RecordLimits } from '../kit/check.js';
import { abortable, requireDimensions, requireFields } from '../kit/load.js';
import { ask, type ChromaCollection, type ChromaPage } from './client.js';
import { type ChromaSession, SPACES } from './collection.js';
import { FILTERS, translateFilter, type Where } from './filter.js';
import { observedFields } from './foreign.js';
import { pointId, serverId } from './record-ids.js';
import { METADATA } from './support.js';
import { decodeMetadata, encodeMetadata } from './values.js';

/** What a collection was created with and the server does not keep. */
export interface KeptSchema {
  ids: IdKind;
  dimensions: number;
  fields: readonly FieldSchema[];
}

export const LIMITS: RecordLimits = {
  engine: 'chroma',
  metadata: METADATA,
  idKinds: ['u32', 'u64', 'string', 'uuid'],
};
/** The server's SQLite takes some 32,000 ids in one request. */
const MAX_IDS = 10_000;
const DOCUMENT = 'chroma:document';

/** Records of a collection; `schema` undefined: others made it, and its keys and values are taken as they are. */
export class RecordsOfCollection implements RecordCollection {
  readonly #session: ChromaSession;
  readonly #collection: ChromaCollection;
  readonly #schema: KeptSchema | undefined;
  readonly #kind: IdKind;

  constructor(session: ChromaSession, collection: ChromaCollection, schema: KeptSchema | undefined) {
    this.#session = session;
    this.#collection = collection;
    this.#schema = schema;
    this.#kind = schema?.ids ?? 'string';
  }

  /** The server merges metadata of a point that is there: keys that the new record does not have are removed with it. */
  async upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const last = lastOfEachId(records);
    checkRecords(LIMITS, await this.#writable(), last);
    const size = Math.min(this.#session.batchSize, MAX_IDS);
    for (let from = 0; from < last.length; from += size) {
      const work = this.#replace(last.slice(from, from + size));
      await (signal === undefined ? work : abortable(work, signal));
    }
  }

  async #writable(): Promise<KeptSchema> {
    if (this.#schema !== undefined) return this.#schema;
    throw new FailureError(
      `collection "${this.#collection.name}" was not made by vecproof: it is only read`,
      {
        where: 'chroma',
        next: 'create a collection: without a schema, types such as floats and 64-bit integers would be lost',
      },
    );
  }

  async #replace(records: readonly PointRecord[]): Promise<void> {
    const ids = records.map(({ id }) => serverId(id));
    const { fields } = await this.#writable();
    const there = await ask('upsert', this.#collection.get({ ids, include: ['metadatas'] }));
    const before = new Map(there.ids.map((id, i) => [id, there.metadatas[i] ?? {}]));
    const metadatas = records.map(({ metadata }, i) => {
      const encoded = encodeMetadata(fields, metadata);
      const stale = Object.keys(before.get(ids[i]!) ?? {}).filter((key) => !(key in encoded));
      // The client leaves out null, which is how the server is told to remove a key; NaN becomes null in its JSON.
      const all = { ...encoded, ...Object.fromEntries(stale.map((key) => [key, Number.NaN])) };
      return Object.keys(all).length === 0 ? null : all;
    });
    const embeddings = records.map(({ vector }) => Array.from(vector));
    await ask('upsert', this.#collection.upsert({ ids, embeddings, metadatas }));
  }

  async get(ids: readonly PointId[]): Promise<PointRecord[]> {
    checkIds(LIMITS, this.#kind, ids);
    const asked = [...new Set(ids.map(serverId))];
    const found = new Map<string, PointRecord>();
    for (let from = 0; from < asked.length; from += MAX_IDS) {
      for (const record of await this.#read(asked.slice(from, from + MAX_IDS))) {
        found.set(serverId(record.id), record);
      }
    }
    return ids.map((id) => found.get(serverId(id))).filter((record) => record !== undefined);
  }

  async #read(ids: readonly string[]): Promise<PointRecord[]> {
    const documents = this.#schema === undefined ? ['documents'] : [];
    const include = ['metadatas', 'embeddings', ...documents];
    return this.#recordsOf(await ask('get', this.#collection.get({ ids, include })));
  }

  /** The text that others keep beside a point is metadata under the server's own name for it. */
  #recordsOf({ ids, embeddings, metadatas, documents }: ChromaPage): PointRecord[] {
    return ids.map((id, i) => {
      const text = documents[i] ?? null;
      const decoded = decodeMetadata(this.#schema?.fields ?? null, metadatas[i] ?? {});
      return {
        id: pointId(this.#kind, id),
        vector: Float32Array.from(embeddings[i]!),
        metadata: text === null ? decoded : { ...decoded, [DOCUMENT]: text },
      };
    });
  }

  /** All ids first: pages by position would skip points that move when others are written meanwhile. */
  async *scan({ batchSize, signal }: ScanOptions): AsyncIterable<PointRecord[]> {
    signal?.throwIfAborted();
    const { ids } = await ask('scan', this.#collection.get({ include: [] }));
    const size = Math.min(batchSize, MAX_IDS);
    for (let from = 0; from < ids.length; from += size) {
      signal?.throwIfAborted();
      const batch = await this.#read(ids.slice(from, from + size));
      if (batch.length > 0) yield batch;
    }
    signal?.throwIfAborted();
  }

  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    const dimensions = await this.#dimensions();
    if (dimensions === null) return [];
    requireDimensions('chroma', vector, dimensions);
    checkVector(LIMITS, dimensions, 'of the query', vector);
    const where = filter === undefined ? {} : { where: this.#translate(filter) };
    const request = { queryEmbeddings: [Array.from(vector)], nResults: k, include: ['distances'], ...where };
    const { ids, distances } = await ask('search', this.#collection.query(request));
    return (ids[0] ?? []).map((id, i) => ({
      id: pointId(this.#kind, id),
      score: distances[0]?.[i] ?? Number.NaN,
    }));
  }

  #translate(filter: Filter): Where {
    const refused = refusals(filter, FILTERS);
    if (refused.length > 0) throw new FailureError(refused.join('; '), { where: 'chroma: filter' });
    if (this.#schema === undefined) requireNative(filter);
    else requireFields('chroma', filter, this.#schema.fields);
    return translateFilter(filter);
  }

  async #dimensions(): Promise<number | null> {
    if (this.#schema !== undefined) return this.#schema.dimensions;
    const { embeddings } = await ask('describe', this.#collection.get({ limit: 1, include: ['embeddings'] }));
    return embeddings[0]?.length ?? null;
  }

  count(): Promise<number> {
    return ask('count', this.#collection.count());
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(LIMITS, this.#kind, ids);
    for (let from = 0; from < ids.length; from += MAX_IDS) {
      const batch = [...new Set(ids.slice(from, from + MAX_IDS).map(serverId))];
      await ask('delete', this.#collection.delete({ ids: batch }));
    }
  }

  async update({ id, vector, set, unset }: RecordChange): Promise<void> {
    const [before] = await this.get([id]);
    if (before === undefined)
      throw new FailureError(`there is no point ${shorten(id)}`, { where: 'chroma: update' });
    const metadata: Record<string, unknown> = { ...before.metadata, ...set };
    for (const name of unset ?? []) remove(metadata, name);
    await this.upsert([{ id, vector: vector ?? before.vector, metadata: metadata as Metadata }]);
  }

  async describe(): Promise<Description> {
    const { name, configuration } = this.#collection;
    const { space = null, ...hnsw } = configuration.hnsw ?? {};
    const metric = (Object.keys(SPACES) as Metric[]).find((each) => SPACES[each] === space) ?? null;
    const fields = this.#schema?.fields.map(({ name, type, nullable }) => ({
      name,
      type,
      native: METADATA.types[type]!,
      nullable,
    }));
    return {
      name,
      metric,
      dimensions: await this.#dimensions(),
      ids: this.#kind,
      index: { type: 'hnsw', ...(hnsw as Record<string, number>) },
      fields: fields ?? (await observedFields(this)),
      count: await this.count(),
    };
  }

  async drop(): Promise<void> {
    const { name } = this.#collection;
    await ask('drop the collection', this.#session.client.deleteCollection({ name }));
  }
}

/** Removes a key, or the nested one that a dotted name means. */
function remove(metadata: Record<string, unknown>, name: string): void {
  if (name in metadata) {
    delete metadata[name];
    return;
  }
  const [first, ...rest] = name.split('.');
  const inner = metadata[first!];
  if (rest.length === 0 || typeof inner !== 'object' || inner === null || Array.isArray(inner)) return;
  const copy = { ...(inner as Record<string, unknown>) };
  remove(copy, rest.join('.'));
  metadata[first!] = copy;
}

/** Of points that others wrote, some things cannot be told: whether text is missing, and floats from integers. */
function requireNative(filter: Filter): void {
  const inexact = conditionsOf(withoutNot(filter)).find(
    ({ op, field }) => op === 'exists' || !['string', 'integer', 'boolean'].includes(field.type),
  );
  if (inexact === undefined) return;
  const what = `$${inexact.op} of a field of type ${inexact.field.type}`;
  throw new FailureError(`${what} is not exact in a collection that others made`, {
    where: 'chroma: filter',
  });
}
