import { FailureError, shorten } from '../../common/errors.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type {
  Description,
  Metadata,
  Point,
  PointChange,
  Points,
  ReadAs,
  Snapshot,
} from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import { DEFAULT_VECTOR, type VectorField } from '../contract/vectors.js';
import { checkIds, checkPoints, lastOfEachId } from '../kit/check.js';
import { abortable, requireFields } from '../kit/load.js';
import { describedAs, pointsAs } from '../kit/read-as.js';
import { CAPABILITIES } from './capabilities.js';
import { ask, type ChromaCollection, type ChromaPage } from './client.js';
import { exactPage } from './exact-page.js';
import { requireNative, translateFilter } from './filter.js';
import { pointId, serverId } from './ids.js';
import { observedFields } from './observed.js';
import { SPACES } from './options.js';
import { asRequests, encodedPoint, tenantOf } from './rows.js';
import type { ChromaSession, KeptSchema } from './session.js';
import { ChromaSnapshot } from './snapshot.js';
import { decodeMetadata } from './values.js';

/** The server's SQLite takes some 32,000 ids in one request. */
const MAX_IDS = 10_000;

/** Points of a collection; `schema` undefined: others made it, and its keys and values are taken as they are. */
export class ChromaPoints implements Points {
  readonly #session: ChromaSession;
  /** The client's own object, which is another one after a restart of the server. */
  readonly #collection: () => ChromaCollection;
  readonly #schema: KeptSchema | undefined;
  readonly #kind: IdKind;
  readonly #onWrite: () => void;
  readonly #as: ReadAs;
  readonly #convert: (point: Point) => Point;

  constructor(
    session: ChromaSession,
    collection: () => ChromaCollection,
    schema: KeptSchema | undefined,
    onWrite: () => void,
    as: ReadAs = {},
  ) {
    this.#session = session;
    this.#collection = collection;
    this.#schema = schema;
    this.#kind = schema?.ids ?? 'string';
    this.#onWrite = onWrite;
    this.#as = as;
    this.#convert = schema === undefined ? pointsAs('chroma', as) : (point) => point;
  }

  /** The server merges what it has of a point that is there: what the new point does not have is removed with it. */
  async upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    await this.#write(points, signal, (batch) => this.#replace(batch));
  }

  /** The server leaves points alone whose id it has. */
  async insertMissing(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    await this.#write(points, signal, (batch) => this.#add(batch));
  }

  async #write(
    points: readonly Point[],
    signal: AbortSignal | undefined,
    write: (batch: readonly Point[]) => Promise<void>,
  ): Promise<void> {
    signal?.throwIfAborted();
    const last = lastOfEachId(points);
    checkPoints(this.#session.holder, this.#writable(), last);
    const size = Math.min(this.#session.batchSize, MAX_IDS);
    for (let from = 0; from < last.length; from += size) {
      const work = write(last.slice(from, from + size));
      await (signal === undefined ? work : abortable(work, signal));
      this.#onWrite();
    }
  }

  #writable(): CollectionSpec & KeptSchema {
    const name = this.#collection().name;
    if (this.#schema !== undefined)
      return { name, vectors: [this.#schema.vector], index: {}, ...this.#schema };
    throw new FailureError(`collection "${name}" was not made by vecproof: it is only read`, {
      where: 'chroma',
      next: 'create a collection: without a schema, types such as floats and 64-bit integers would be lost',
    });
  }

  async #replace(points: readonly Point[]): Promise<void> {
    const ids = points.map(({ id }) => serverId(id));
    const schema = this.#writable();
    const include = ['metadatas', 'documents', 'uris'];
    const there = await ask('upsert', this.#collection().get({ ids, include }));
    const before = new Map(there.ids.map((id, i) => [id, i]));
    const stuck = points.filter(({ id, text, uri }) => {
      const at = before.get(serverId(id));
      if (at === undefined) return false;
      const [hadText, hadUri] = [there.documents[at] ?? null, there.uris[at] ?? null];
      return (hadText !== null && text === undefined) || (hadUri !== null && uri === undefined);
    });
    if (stuck.length > 0) {
      const gone = stuck.map(({ id }) => serverId(id));
      await ask('upsert', this.#collection().delete({ ids: gone }));
      for (const id of gone) before.delete(id);
    }
    const rows = points.map((point) => {
      const row = encodedPoint(schema, point);
      const at = before.get(row.id);
      const known = at === undefined ? {} : (there.metadatas[at] ?? {});
      const stale = Object.keys(known).filter((key) => !(key in row.metadata));
      // The client leaves out null, which is how the server is told to remove a key; NaN becomes null in its JSON.
      return {
        ...row,
        metadata: { ...row.metadata, ...Object.fromEntries(stale.map((key) => [key, Number.NaN])) },
      };
    });
    for (const request of asRequests(rows)) await ask('upsert', this.#collection().upsert(request));
  }

  async #add(points: readonly Point[]): Promise<void> {
    const schema = this.#writable();
    for (const request of asRequests(points.map((point) => encodedPoint(schema, point))))
      await ask('insert', this.#collection().add(request));
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    checkIds(this.#session.holder, this.#kind, ids);
    const asked = [...new Set(ids.map(serverId))];
    const found = new Map<string, Point>();
    for (let from = 0; from < asked.length; from += MAX_IDS) {
      for (const point of await this.#read(asked.slice(from, from + MAX_IDS)))
        found.set(serverId(point.id), point);
    }
    return ids.map((id) => found.get(serverId(id))).filter((point) => point !== undefined);
  }

  /** Others' integers may be beyond 2^53, which the client would round. */
  async #read(ids: readonly string[]): Promise<Point[]> {
    const include = ['metadatas', 'embeddings', 'documents', 'uris'];
    const page =
      this.#schema === undefined
        ? await exactPage(this.#session.endpoint, this.#collection().id, { ids, include })
        : await ask('get', this.#collection().get({ ids, include }));
    return this.#pointsOf(page).map(this.#convert);
  }

  #pointsOf({ ids, embeddings, metadatas, documents, uris }: ChromaPage): Point[] {
    const name = this.#schema?.vector.name ?? DEFAULT_VECTOR;
    return ids.map((id, i) => {
      const metadata = metadatas[i] ?? {};
      const [text, uri] = [documents[i] ?? undefined, uris[i] ?? undefined];
      const tenant = this.#schema === undefined ? undefined : tenantOf(metadata);
      return {
        id: pointId(this.#kind, id),
        vectors: { [name]: Float32Array.from(embeddings[i]!) },
        metadata: decodeMetadata(this.#schema?.fields ?? null, metadata),
        ...(text !== undefined && { text }),
        ...(uri !== undefined && { uri }),
        ...(tenant !== undefined && { tenant }),
      };
    });
  }

  async snapshot(): Promise<Snapshot> {
    return new ChromaSnapshot({
      ids: async () => (await ask('scan', this.#collection().get({ include: [] }))).ids,
      read: (ids) => this.#read(ids),
      most: MAX_IDS,
    });
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(this.#session.holder, this.#kind, ids);
    for (let from = 0; from < ids.length; from += MAX_IDS) {
      const batch = [...new Set(ids.slice(from, from + MAX_IDS).map(serverId))];
      await ask('delete', this.#collection().delete({ ids: batch }));
    }
    this.#onWrite();
  }

  async update({ id, vectors, set, unset, text, uri }: PointChange): Promise<void> {
    const [before] = await this.get([id]);
    if (before === undefined)
      throw new FailureError(`there is no point ${shorten(id)}`, { where: 'chroma: update' });
    const metadata: Record<string, unknown> = { ...before.metadata, ...set };
    for (const name of unset ?? []) remove(metadata, name);
    await this.upsert([
      {
        ...before,
        vectors: { ...before.vectors, ...vectors },
        metadata: metadata as Metadata,
        text: text ?? before.text,
        uri: uri ?? before.uri,
      },
    ]);
  }

  /** The vector as the server knows it; undefined: the collection is empty and others made it. */
  async vectorField(): Promise<VectorField | undefined> {
    if (this.#schema !== undefined) return this.#schema.vector;
    const request = { limit: 1, include: ['embeddings'] };
    const { embeddings } = await ask('describe', this.#collection().get(request));
    const dimensions = embeddings[0]?.length;
    if (dimensions === undefined) return undefined;
    return { name: DEFAULT_VECTOR, kind: 'dense', type: 'f32', dimensions, metric: this.#metric() };
  }

  #metric(): NumberMetric | null {
    const space = this.#collection().configuration.hnsw?.space;
    return (Object.keys(SPACES) as NumberMetric[]).find((each) => SPACES[each] === space) ?? null;
  }

  /** The server counts whole collections alone: it is asked for the ids. */
  async matching(filter: Filter): Promise<number> {
    if (this.#schema === undefined) requireNative(filter);
    else requireFields('chroma', filter, this.#schema.fields);
    const where = translateFilter(filter);
    return (await ask('count', this.#collection().get({ where, include: [] }))).ids.length;
  }

  async describe(): Promise<Description> {
    const { name, configuration } = this.#collection();
    const { embeddingFunction } = configuration;
    const { space: _, ...hnsw } = configuration.hnsw ?? {};
    const { text, uri, tenant } = this.#schema ?? {};
    const vector = await this.vectorField();
    const fields = this.#schema?.fields.map((field) => ({
      ...field,
      native: CAPABILITIES.metadata!.types[field.type]!,
    }));
    const described: Description = {
      spec: {
        name,
        vectors: vector === undefined ? [] : [{ ...vector, metric: this.#metric() }],
        text: this.#schema === undefined ? true : text,
        uri: this.#schema === undefined ? true : uri,
        tenant,
      },
      ids: this.#kind,
      index: { type: 'hnsw', ...(hnsw as Record<string, number>) },
      fields: fields ?? (await observedFields((await this.snapshot()).scan({ batchSize: 1000 }))),
      count: await ask('count', this.#collection().count()),
      mark: this.#schema === undefined ? null : { by: this.#schema.madeBy ?? null },
      indexes: vector === undefined ? {} : { [vector.name]: { parameters: parametersOf(configuration) } },
      limits: { max_batch_size: this.#session.batchSize },
      ...(embeddingFunction?.name !== undefined && {
        notes: [`its texts are embedded by the function "${embeddingFunction.name}"`],
      }),
    };
    return describedAs(this.#as, described);
  }
}

/** HNSW on a server, SPANN in the cloud, in the server's own words. */
function parametersOf({
  hnsw,
  spann,
}: ChromaCollection['configuration']): Record<string, string | number | boolean> {
  const [type, settings] = hnsw == null && spann != null ? ['spann', spann] : ['hnsw', { ...hnsw }];
  const single = Object.entries(settings).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return { type, ...(Object.fromEntries(single) as Record<string, string | number | boolean>) };
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
