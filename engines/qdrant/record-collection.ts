import { FailureError } from '../../common/errors.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from '../contract/ids.js';
import type {
  Description,
  Metadata,
  PointRecord,
  RecordChange,
  RecordCollection,
  RecordValue,
  ScanOptions,
} from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
import { checkRecords, checkVector, lastOfEachId } from '../kit/check.js';
import { hasPath, metadataToPayload, payloadPath, payloadToMetadata } from './fields.js';
import { asksForArrays, translate } from './filter.js';
import { send } from './http.js';
import { ID_KEY, isNativeId, keptId, nativeId, ownId } from './ids.js';
import type { Json } from './json.js';
import { type CollectionState, type KnownSchema, LIMITS, stateOf } from './record-schema.js';
import { pathOf, pointsPerRequest } from './requests.js';

interface StoredPoint {
  id: number | bigint | string;
  payload?: { readonly [key: string]: RecordValue } | null;
  vector?: readonly number[];
}

/** Points with payload and vector of one collection. All writes wait until they are stored. */
export class QdrantRecords implements RecordCollection {
  readonly #endpoint: Endpoint;
  readonly #name: string;
  readonly #known: KnownSchema;
  readonly #types: ReadonlyMap<string, FieldType>;

  constructor(endpoint: Endpoint, name: string, known: KnownSchema) {
    this.#endpoint = endpoint;
    this.#name = name;
    this.#known = known;
    this.#types = new Map(known.fields.map((field) => [field.name, field.type]));
  }

  /** Checked as a whole beforehand: of a batch that the server refuses it may have written a part. */
  async upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#check(records);
    const points = lastOfEachId(records).map(({ id, vector, metadata }) => ({
      id: nativeId(this.#known.ids, id),
      vector: Array.from(vector),
      payload: { ...metadataToPayload(this.#types, metadata), ...keptId(this.#known.ids, id) },
    }));
    const size = pointsPerRequest(this.#known.dimensions);
    for (let from = 0; from < points.length; from += size) {
      signal?.throwIfAborted();
      const part = points.slice(from, from + size);
      await this.#send('cannot write points', 'PUT', '/points?wait=true', { points: part });
    }
  }

  #check(records: readonly PointRecord[]): void {
    const { ids, dimensions, fields, own } = this.#known;
    for (const { id, metadata } of records) requireOwnKeys(id, metadata);
    if (ids !== null) {
      // Only what was created here is held to its fields: an index of others says nothing of values without it.
      checkRecords(LIMITS, { ids, dimensions, fields: own ? fields : [] }, records);
      return;
    }
    for (const { id, vector } of records) {
      if (!isNativeId(id)) {
        throw new FailureError('id is neither an unsigned 64-bit integer nor a UUID in lower case', {
          where: 'qdrant',
          got: id,
          next: 'other ids need a collection that was created here with ids of kind string',
        });
      }
      checkVector(LIMITS, dimensions, id, vector);
    }
  }

  async get(ids: readonly PointId[]): Promise<PointRecord[]> {
    const natives = ids.map((id) => nativeId(this.#known.ids, id));
    const asked = [...new Set(natives.filter(isNativeId))];
    if (asked.length === 0) return [];
    const body = { ids: asked, with_payload: true, with_vector: true };
    const points = await this.#send<StoredPoint[]>('cannot read points', 'POST', '/points', body);
    const found = new Map(points.map((point) => [String(point.id), this.#record(point)]));
    return natives.flatMap((native) => found.get(String(native)) ?? []);
  }

  #record({ id, payload, vector }: StoredPoint): PointRecord {
    const { [ID_KEY]: _, ...rest } = payload ?? {};
    const metadata = payloadToMetadata(this.#types, rest);
    return { id: ownId(id, payload ?? {}), vector: Float32Array.from(vector ?? []), metadata };
  }

  async *scan({ batchSize, signal }: ScanOptions): AsyncIterable<PointRecord[]> {
    let offset: Json = null;
    do {
      signal?.throwIfAborted();
      const body = { limit: batchSize, offset, with_payload: true, with_vector: true };
      const page: { points: StoredPoint[]; next_page_offset?: number | bigint | string | null } =
        await this.#send('cannot scan', 'POST', '/points/scroll', body);
      signal?.throwIfAborted();
      if (page.points.length > 0) yield page.points.map((point) => this.#record(point));
      offset = page.next_page_offset ?? null;
    } while (offset !== null);
    signal?.throwIfAborted();
  }

  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    checkVector(LIMITS, this.#known.dimensions, 'of the query', vector);
    if (filter !== undefined && asksForArrays(filter)) {
      throw new FailureError(
        'whether a record has an array cannot be asked: Qdrant takes a missing one for empty',
        {
          where: 'qdrant',
        },
      );
    }
    const body = {
      query: Array.from(vector),
      limit: k,
      params: { exact: true },
      with_payload: [ID_KEY],
      with_vector: false,
      filter: filter === undefined ? undefined : translate(filter),
    };
    const { points } = await this.#send<{ points: (StoredPoint & { score: number | null })[] }>(
      'the query failed',
      'POST',
      '/points/query',
      body,
    );
    return points.map(({ id, payload, score }) => ({
      id: ownId(id, payload ?? {}),
      score: score ?? Number.NaN,
    }));
  }

  async count(): Promise<number> {
    const answer = await this.#send<{ count: number }>('cannot count', 'POST', '/points/count', {
      exact: true,
    });
    return answer.count;
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    const points = ids.map((id) => nativeId(this.#known.ids, id)).filter(isNativeId);
    if (points.length === 0) return;
    await this.#send('cannot delete points', 'POST', '/points/delete?wait=true', { points });
  }

  /** Setting merges on the server, where a null would remove its key: a change with nulls writes the whole payload. */
  async update({ id, vector, set = {}, unset = [] }: RecordChange): Promise<void> {
    const [old] = await this.get([id]);
    if (old === undefined) {
      throw new FailureError(`there is no point with the id ${String(id)}`, { where: 'qdrant' });
    }
    const metadata = { ...unset.reduce(without, old.metadata), ...set };
    this.#check([{ id, vector: vector ?? old.vector, metadata }]);
    const native = nativeId(this.#known.ids, id);
    const points = [native];
    const operations: Json[] = [];
    if (vector !== undefined) {
      operations.push({ update_vectors: { points: [{ id: native, vector: Array.from(vector) }] } });
    }
    const payload = metadataToPayload(this.#types, set);
    if (Object.values(payload).includes(null) || unset.some((name) => !hasPath(name))) {
      const whole = { ...metadataToPayload(this.#types, metadata), ...keptId(this.#known.ids, id) };
      operations.push({ overwrite_payload: { payload: whole, points } });
    } else {
      if (unset.length > 0) operations.push({ delete_payload: { keys: unset.map(payloadPath), points } });
      if (Object.keys(payload).length > 0) operations.push({ set_payload: { payload, points } });
    }
    if (operations.length === 0) return;
    await this.#send('cannot update the point', 'POST', '/points/batch?wait=true', { operations });
  }

  async describe(): Promise<Description> {
    const state = await stateOf(this.#endpoint, this.#name);
    const { metric, dimensions } = this.#known;
    return {
      name: this.#name,
      metric,
      dimensions,
      ids: this.#known.ids ?? (await this.#idsFound()),
      index: indexOf(state),
      fields: this.#describedFields(state),
      count: await this.count(),
    };
  }

  /** Kind of ids of a collection of others: integers come before UUIDs in a scan. */
  async #idsFound(): Promise<Description['ids']> {
    const body = { limit: 1, with_payload: false, with_vector: false };
    const { points } = await this.#send<{ points: StoredPoint[] }>(
      'cannot scan',
      'POST',
      '/points/scroll',
      body,
    );
    const first = points[0]?.id;
    if (typeof first === 'string') return 'uuid';
    if (first === undefined) return null;
    const after = { ...body, offset: '00000000-0000-0000-0000-000000000000' };
    const rest = await this.#send<{ points: StoredPoint[] }>('cannot scan', 'POST', '/points/scroll', after);
    return rest.points.length === 0 ? 'u64' : null;
  }

  #describedFields({ payload_schema }: CollectionState): Description['fields'] {
    const { fields, own } = this.#known;
    return fields.map(({ name, type, nullable }) => {
      const index = hasPath(name) ? payload_schema[payloadPath(name)] : undefined;
      const native = index === undefined ? 'JSON without an index' : `JSON with a ${index.data_type} index`;
      return { name, type, native, nullable: own ? nullable : null };
    });
  }

  async drop(): Promise<void> {
    await send(this.#endpoint, 'cannot drop the collection', 'DELETE', pathOf(this.#name));
  }

  #send<T>(doing: string, method: 'POST' | 'PUT', path: string, body: Json): Promise<T> {
    return send(this.#endpoint, doing, method, pathOf(this.#name) + path, body);
  }
}

/** Throws FailureError for a key that is used here. */
function requireOwnKeys(id: PointId, metadata: Metadata): void {
  if (!(ID_KEY in metadata)) return;
  throw new FailureError(`field "${ID_KEY}" of id ${String(id)} is used to keep ids`, {
    where: 'qdrant',
    next: 'give the field another name',
  });
}

/** A tree without the value of a dotted name. */
function without(tree: Metadata, name: string): Metadata {
  const { [name]: whole, ...rest } = tree;
  if (whole !== undefined) return rest;
  const [key, ...inner] = name.split('.') as [string, ...string[]];
  const value = tree[key];
  if (inner.length === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return tree;
  return { ...tree, [key]: without(value as Metadata, inner.join('.')) };
}

/** The index in the server's own words. */
function indexOf({ config }: CollectionState): Description['index'] {
  const { hnsw_config: hnsw, quantization_config: quantization } = config;
  const plain = Object.entries(hnsw).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'boolean',
  );
  return {
    type: hnsw['m'] === 0 ? 'flat' : 'hnsw',
    ...(Object.fromEntries(plain) as Record<string, number | boolean>),
    ...(quantization != null && { quantization: JSON.stringify(quantization) }),
  };
}
