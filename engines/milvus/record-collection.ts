import { FailureError, shorten } from '../../common/errors.js';
import type { Filter } from '../../filters/filter.js';
import { refusals } from '../../filters/support.js';
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
import { checkIds, checkRecords, checkVector, flatten, lastOfEachId, nest } from '../kit/check.js';
import { abortable, requireDimensions, requireFields } from '../kit/load.js';
import { ask, command, type MilvusClient, type Row } from './client.js';
import { columnName, decoded, flagOf, rowOf, valueIn } from './fields.js';
import { FILTERS, literal, translateFilter } from './filter.js';
import { type Described, described } from './foreign.js';
import { bytesOf } from './insert.js';
import { MAX_HITS } from './options.js';
import { LIMITS } from './support.js';

/** The next call sees what was acknowledged. */
const STRONG = { consistency_level: 'Strong' };
/** The server's messages have up to 64 MiB, and the client writes each as JSON beside sending it. */
const MESSAGE_BYTES = 8 * 2 ** 20;
const MAX_IDS = 1000;
/** The largest key of all: queries end before it (2.3.5), searches and count(*) do not. */
const LOST_ID = 2n ** 63n - 1n;

export class RecordsOfCollection implements RecordCollection {
  readonly #client: MilvusClient;
  readonly #name: string;
  readonly #made: Described;

  constructor(client: MilvusClient, name: string, made: Described) {
    this.#client = client;
    this.#name = name;
    this.#made = made;
  }

  async upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { own, fields, dimensions, ids } = this.#made;
    if (!own) {
      throw new FailureError(`collection "${this.#name}" was not made by vecproof: it is only read`, {
        where: 'milvus',
      });
    }
    // Of two rows with one key in a request the server would keep both.
    const last = lastOfEachId(records);
    checkRecords(LIMITS, { ids: ids!, fields, dimensions }, last);
    if (last.some(({ id }) => id === LOST_ID)) {
      throw new FailureError(`the server takes id ${LOST_ID} and then finds it in no query`, {
        where: 'milvus',
      });
    }
    for (let from = 0, to = 0; from < last.length; from = to) {
      let bytes = 0;
      const data = [];
      do {
        const row = this.#rowOf(last[to]!);
        bytes +=
          dimensions * 20 +
          Object.values(row).reduce((sum: number, value) => sum + bytesOf(value as never), 0);
        data.push(row);
        to++;
      } while (to < last.length && bytes < MESSAGE_BYTES);
      const work = ask('upsert', this.#client.upsert({ ...this.#about, data }));
      await (signal === undefined ? work : abortable(work, signal));
    }
  }

  #rowOf({ id, vector, metadata }: PointRecord): Record<string, unknown> {
    const flat = flatten(metadata);
    const columns = this.#made.fields.map((field) => rowOf(field, flat[field.name]));
    return Object.assign(
      { [this.#made.id]: String(id), [this.#made.vector]: Array.from(vector) },
      ...columns,
    );
  }

  async get(ids: readonly PointId[]): Promise<PointRecord[]> {
    checkIds(LIMITS, this.#made.ids!, ids);
    const found = new Map<PointId, PointRecord>();
    const asked = [...new Set(ids)];
    const size = Math.min(MAX_IDS, this.#pageSize);
    for (let from = 0; from < asked.length; from += size) {
      const part = asked.slice(from, from + size);
      for (const record of await this.#query(this.#among(part), part.length)) found.set(record.id, record);
    }
    return ids.map((id) => found.get(id)).filter((record) => record !== undefined);
  }

  #among(ids: readonly PointId[]): string {
    return `${this.#made.id} in [${ids.map((id) => literal('integer', id)).join(', ')}]`;
  }

  get #pageSize(): number {
    return Math.max(1, Math.min(MAX_HITS, Math.floor(MESSAGE_BYTES / (this.#made.dimensions * 4))));
  }

  async #query(expr: string, limit: number): Promise<PointRecord[]> {
    const { id, vector, fields, own } = this.#made;
    const columns = fields.flatMap(({ name, nullable }) =>
      !own ? [name] : nullable ? [columnName(name), flagOf(name)] : [columnName(name)],
    );
    const request = { ...this.#about, ...STRONG, expr, limit, output_fields: [id, vector, ...columns] };
    const { data } = await ask('query', this.#client.query(request));
    return data.map((row) => this.#recordOf(row));
  }

  #recordOf(row: Row): PointRecord {
    const { id, vector, fields, own } = this.#made;
    const flat: Record<string, RecordValue> = {};
    for (const field of fields) {
      const value = own ? valueIn(field, row) : decoded(field.type, row[field.name]);
      if (value !== undefined) flat[field.name] = value;
    }
    return {
      id: this.#idOf(row[id] as string),
      vector: Float32Array.from(row[vector] as number[]),
      metadata: own ? nest(flat) : flat,
    };
  }

  #idOf(id: string): PointId {
    const { ids } = this.#made;
    return ids === 'u32' || ids === 'u64' ? BigInt(id) : id;
  }

  /** Pages by key: the server answers a query with a limit in the order of the keys, which is checked. */
  async *scan({ batchSize, signal }: ScanOptions): AsyncIterable<PointRecord[]> {
    const limit = Math.min(batchSize, this.#pageSize);
    for (let expr = ''; ; ) {
      signal?.throwIfAborted();
      const page = await this.#query(expr, limit);
      signal?.throwIfAborted();
      if (page.some(({ id }, i) => i > 0 && !isBefore(page[i - 1]!.id, id))) {
        throw new FailureError('the server did not answer in the order of the keys', {
          where: 'milvus: scan',
        });
      }
      if (page.length > 0) yield page;
      signal?.throwIfAborted();
      if (page.length < limit) return;
      expr = `${this.#made.id} > ${literal('integer', page.at(-1)!.id)}`;
    }
  }

  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    const { dimensions, id, vector: anns_field } = this.#made;
    requireDimensions('milvus', vector, dimensions);
    checkVector(LIMITS, dimensions, 'of the query', vector);
    const request = {
      ...this.#about,
      ...STRONG,
      anns_field,
      data: vector,
      limit: k,
      expr: filter === undefined ? '' : this.#translate(filter),
      params: widest(this.#made.index, k),
      output_fields: [id],
    };
    const { results } = await ask('search', this.#client.search(request));
    return results.map((hit) => ({
      id: this.#idOf((hit as unknown as Row)[id] as string),
      score: hit.score,
    }));
  }

  #translate(filter: Filter): string {
    const refused = refusals(filter, FILTERS);
    if (refused.length > 0) throw new FailureError(refused.join('; '), { where: 'milvus: filter' });
    requireFields('milvus', filter, this.#made.fields);
    return translateFilter(filter, this.#made.fields);
  }

  async count(): Promise<number> {
    const { data } = await ask('count', this.#client.count({ ...this.#about, ...STRONG }));
    return data;
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(LIMITS, this.#made.ids!, ids);
    for (let from = 0; from < ids.length; from += MAX_IDS) {
      const filter = this.#among(ids.slice(from, from + MAX_IDS));
      await ask('delete', this.#client.delete({ ...this.#about, filter }));
    }
  }

  async update({ id, vector, set, unset }: RecordChange): Promise<void> {
    const [before] = await this.get([id]);
    if (before === undefined)
      throw new FailureError(`there is no point ${shorten(id)}`, { where: 'milvus: update' });
    const kept = { ...before.metadata };
    for (const name of Object.keys(set ?? {})) delete kept[name];
    const flat = { ...flatten(kept), ...flatten(set ?? {}) };
    for (const name of unset ?? []) {
      for (const each of Object.keys(flat))
        if (each === name || each.startsWith(`${name}.`)) delete flat[each];
    }
    await this.upsert([{ id, vector: vector ?? before.vector, metadata: nest(flat) as Metadata }]);
  }

  async describe(): Promise<Description> {
    const { metric, dimensions, ids, index, native } = await described(this.#client, this.#name);
    return { name: this.#name, metric, dimensions, ids, index, fields: native, count: await this.count() };
  }

  async drop(): Promise<void> {
    await command('drop the collection', this.#client.dropCollection(this.#about));
  }

  get #about(): { collection_name: string } {
    return { collection_name: this.#name };
  }
}

/** Integers by value, text by its bytes, as the server has them. */
function isBefore(a: PointId, b: PointId): boolean {
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  return a < b;
}

/** Search parameters with which an index finds what it can. */
function widest(index: Description['index'], k: number): Record<string, number> {
  const type = String(index['index_type']);
  if (type === 'HNSW') return { ef: Math.max(k, 512) };
  if (type === 'SCANN') return { nprobe: Number(index['nlist'] ?? 1), reorder_k: Math.max(k, 1000) };
  return type.startsWith('IVF') ? { nprobe: Number(index['nlist'] ?? 1) } : {};
}
