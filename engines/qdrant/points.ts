import { FailureError, shorten } from '../../common/errors.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from '../contract/ids.js';
import type { Description, Metadata, Point, PointChange, Points, Snapshot } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import { checkPoints, checkVectors, lastOfEachId } from '../kit/check.js';
import { describedAs, pointsAs } from '../kit/read-as.js';
import { describeCollection } from './describe.js';
import { emptyFields, hasPath, metadataToPayload, payloadPath, payloadToMetadata } from './fields.js';
import { translate } from './filter.js';
import { pathOf, send } from './http.js';
import { isNativeId, keptId, nativeId, ownId } from './ids.js';
import type { Json } from './json.js';
import { EMPTY_KEY, TENANT_KEY, TEXT_KEY, URI_KEY } from './keys.js';
import type { Layout } from './layout.js';
import { partKeys } from './load.js';
import { type NativePoint, putPoints } from './put.js';
import type { QdrantSession } from './session.js';
import { QdrantSnapshot, type StoredPoint } from './snapshot.js';
import { nativeVectors, requireRows, vectorsFrom } from './vectors.js';

/** Points of one request that reads. */
const READ = 1000;

/** All writes wait until they are stored. */
export class QdrantPoints implements Points {
  readonly #session: QdrantSession;
  readonly #layout: Layout;
  readonly #written: () => void;

  /** @param written told before anything is written */
  constructor(session: QdrantSession, layout: Layout, written: () => void) {
    this.#session = session;
    this.#layout = layout;
    this.#written = written;
  }

  async upsert(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    await this.#put(points, { signal });
  }

  async insertMissing(points: readonly Point[], signal?: AbortSignal): Promise<void> {
    await this.#put(points, { signal, mode: 'insert_only' });
  }

  /** Checked as a whole beforehand: of a batch that the server refuses it may have written a part. */
  async #put(points: readonly Point[], how: Parameters<typeof putPoints>[4]): Promise<void> {
    how?.signal?.throwIfAborted();
    this.#check(points);
    this.#written();
    const native = lastOfEachId(points).map((point) => this.#native(point));
    await putPoints(this.#session.endpoint, this.#layout.name, 'cannot write points', native, how);
  }

  #native(point: Point): NativePoint {
    const { ids } = this.#layout;
    return {
      id: nativeId(ids, point.id),
      vector: nativeVectors(this.#layout, point.vectors),
      payload: this.#payload(point),
    };
  }

  #payload(point: Point): { [key: string]: Json } {
    const empty = this.#layout.own ? emptyFields(point.metadata) : [];
    return {
      ...keptId(this.#layout.ids, point.id),
      ...partKeys(point),
      ...(empty.length > 0 && { [EMPTY_KEY]: empty }),
      ...metadataToPayload(this.#layout, point.metadata),
    };
  }

  #check(points: readonly Point[]): void {
    const { ids, own, readOnly, name } = this.#layout;
    if (readOnly !== undefined)
      throw new FailureError(`${name} is only read: ${readOnly}`, { where: 'qdrant' });
    if (own) checkPoints(this.#session.holder, this.#layout as CollectionSpec, points);
    for (const { id, vectors } of points) {
      requireRows(id, vectors);
      if (!own) checkVectors(this.#session.holder, this.#layout, id, vectors);
      if (ids !== null || isNativeId(id)) continue;
      throw new FailureError('id is neither an unsigned 64-bit integer nor a UUID in lower case', {
        where: 'qdrant',
        got: id,
        next: 'other ids need a collection that was created here with ids of kind string',
      });
    }
  }

  async get(ids: readonly PointId[]): Promise<Point[]> {
    const natives = ids.map((id) => nativeId(this.#layout.ids, id));
    const asked = [...new Set(natives.filter(isNativeId))];
    const found = new Map<string, Point>();
    for (let from = 0; from < asked.length; from += READ) {
      const body = { ids: asked.slice(from, from + READ), with_payload: true, with_vector: true };
      const points = await this.#send<StoredPoint[]>('cannot read points', '/points', body);
      const { as = {}, own } = this.#layout;
      const convert = own ? (point: Point) => point : pointsAs('qdrant', as);
      for (const point of points) found.set(String(point.id), convert(this.#point(point)));
    }
    return natives.flatMap((native) => found.get(String(native)) ?? []);
  }

  #point({ id, payload, vector }: StoredPoint): Point {
    const all = payload ?? {};
    const { own } = this.#layout;
    return {
      id: ownId(id, own ? all : {}),
      vectors: vectorsFrom(this.#layout, vector),
      metadata: payloadToMetadata(this.#layout, all),
      ...(own && partsOf(all)),
    };
  }

  async snapshot(): Promise<Snapshot> {
    const { as = {}, own } = this.#layout;
    const convert = own ? (point: Point) => point : pointsAs('qdrant', as);
    return new QdrantSnapshot(this.#session.endpoint, this.#layout.name, (point) =>
      convert(this.#point(point)),
    );
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    this.#written();
    const points = ids.map((id) => nativeId(this.#layout.ids, id)).filter(isNativeId);
    for (let from = 0; from < points.length; from += READ) {
      const body = { points: points.slice(from, from + READ) };
      await this.#send('cannot delete points', '/points/delete?wait=true', body);
    }
  }

  /**
   * One request of several operations, which the server does one after the other. A null is never sent alone: it would
   * remove the key.
   */
  async update(change: PointChange): Promise<void> {
    const { id, vectors = {}, set = {}, unset = [] } = change;
    const [old] = await this.get([id]);
    if (old === undefined)
      throw new FailureError(`there is no point with the id ${shorten(id)}`, { where: 'qdrant' });
    const metadata = { ...unset.reduce(without, old.metadata), ...set };
    const next: Point = {
      ...old,
      metadata,
      vectors: { ...old.vectors, ...vectors },
      ...changedParts(change),
    };
    this.#check([next]);
    this.#written();
    const points = [nativeId(this.#layout.ids, id)];
    const operations: Json[] = [];
    if (Object.keys(vectors).length > 0) {
      const vector = nativeVectors(this.#layout, vectors);
      operations.push({ update_vectors: { points: [{ id: points[0]!, vector }] } });
    }
    operations.push(...this.#payloadOperations(points, old, next, set, unset));
    if (operations.length === 0) return;
    await this.#send('cannot update the point', '/points/batch?wait=true', { operations });
  }

  #payloadOperations(
    points: Json,
    old: Point,
    next: Point,
    set: Metadata,
    unset: readonly string[],
  ): { readonly [key: string]: Json }[] {
    const payload = { ...metadataToPayload(this.#layout, set), ...partKeys(changedFrom(old, next)) };
    const isWhole = (tree: Metadata) => emptyFields(tree).length > 0;
    const whole =
      Object.values(payload).includes(null) ||
      unset.some((name) => !hasPath(name, this.#layout)) ||
      isWhole(old.metadata) ||
      isWhole(next.metadata);
    if (whole) return [{ overwrite_payload: { payload: this.#payload(next), points } }];
    const keys = unset.map((name) => payloadPath(name, this.#layout));
    return [
      ...(keys.length > 0 ? [{ delete_payload: { keys, points } }] : []),
      ...(Object.keys(payload).length > 0 ? [{ set_payload: { payload, points } }] : []),
    ];
  }

  async matching(filter: Filter): Promise<number> {
    const body = { filter: translate(filter, this.#layout) as Json, exact: true };
    return (await this.#send<{ count: number }>('cannot count', '/points/count', body)).count;
  }

  async describe(): Promise<Description> {
    const { name, as = {} } = this.#layout;
    return describedAs(as, await describeCollection(this.#session, name));
  }

  #send<T>(doing: string, path: string, body: Json): Promise<T> {
    return send(this.#session.endpoint, doing, 'POST', pathOf(this.#layout.name) + path, body);
  }
}

type Parts = Pick<Point, 'text' | 'uri' | 'tenant'>;

function partsOf(payload: Readonly<Record<string, unknown>>): Parts {
  const parts = { text: payload[TEXT_KEY], uri: payload[URI_KEY], tenant: payload[TENANT_KEY] };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Parts;
}

function changedParts({ text, uri }: PointChange): Parts {
  return { ...(text !== undefined && { text }), ...(uri !== undefined && { uri }) };
}

function changedFrom(old: Point, { text, uri }: Point): Parts {
  return { text: text === old.text ? undefined : text, uri: uri === old.uri ? undefined : uri };
}

/** A tree without the value of a dotted name. */
function without(tree: Metadata, name: string): Metadata {
  if (Object.hasOwn(tree, name)) {
    const { [name]: _, ...rest } = tree;
    return rest;
  }
  const [key, ...inner] = name.split('.') as [string, ...string[]];
  const value = Object.hasOwn(tree, key) ? tree[key] : undefined;
  if (inner.length === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return tree;
  return { ...tree, [key]: without(value as Metadata, inner.join('.')) };
}
