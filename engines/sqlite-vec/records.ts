import { rmSync } from 'node:fs';
import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, MetadataValue, Metric } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type {
  Description,
  PointRecord,
  RecordChange,
  RecordCollection,
  ScanOptions,
} from '../contract/points.js';
import {
  checkChange,
  checkIds,
  checkRecords,
  checkVector,
  flatten,
  nest,
  type RecordLimits,
} from '../kit/check.js';
import type { SqliteDatabase } from './client.js';
import { sqlFilter } from './filter.js';
import { METADATA, SideTables } from './metadata.js';

export const LIMITS: RecordLimits = {
  engine: 'sqlite-vec',
  metadata: METADATA,
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
};
/** Kept with the collection as JSON. */
export interface Info {
  ids: IdKind;
  metric: Metric;
  dimensions: number;
  fields: readonly FieldSchema[];
}

export class SqliteRecords implements RecordCollection {
  readonly #database: SqliteDatabase;
  readonly #name: string;
  readonly #file: string;
  readonly #info: Info;
  readonly #side: SideTables;

  constructor(database: SqliteDatabase, name: string, file: string) {
    this.#database = database;
    this.#name = name;
    this.#file = file;
    this.#info = JSON.parse(String(database.prepare('select json from info').pluck().get())) as Info;
    this.#side = new SideTables(database, this.#info.fields);
  }

  async upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    checkRecords(LIMITS, this.#info, records);
    const add = this.#database.prepare('insert into ids (id) values (?) on conflict do nothing');
    const remove = this.#database.prepare('delete from points where n = ?');
    const insert = this.#database.prepare('insert into points (n, vector) values (?, ?)');
    const [forget, write] = [this.#side.remover(), this.#side.writer()];
    // One after the other, so that of two with one id the last one stays; all or none.
    this.#database.transaction(() => {
      for (const { id, vector, metadata } of records) {
        const flat = flatten(metadata);
        add.run(id);
        const n = this.#number(id)!;
        remove.run(n);
        forget(n);
        insert.run(n, vector);
        write(n, (name) => flat[name]);
      }
    })();
  }

  async get(ids: readonly PointId[]): Promise<PointRecord[]> {
    checkIds(LIMITS, this.#info.ids, ids);
    return ids.flatMap((id) => {
      const n = this.#number(id);
      return n === undefined ? [] : [this.#record(n, id)];
    });
  }

  async *scan({ batchSize, signal }: ScanOptions): AsyncIterable<PointRecord[]> {
    const page = this.#database
      .prepare('select n, id from ids where n > ? order by n limit ?')
      .safeIntegers()
      .raw();
    for (let last = -1n; ; ) {
      signal?.throwIfAborted();
      const rows = page.all(last, BigInt(batchSize)) as [bigint, PointId][];
      if (rows.length === 0) return;
      last = rows.at(-1)![0];
      yield rows.map(([n, id]) => this.#record(n, id));
    }
  }

  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    checkVector(LIMITS, this.#info.dimensions, 'of the search', vector);
    const where = filter && sqlFilter(filter, this.#info.fields);
    const passing = where === undefined ? '' : `and n in (select n from metadata where ${where.sql})`;
    const rows = this.#database
      .prepare(`select n, distance from points where vector match ? and k = ? ${passing} order by distance`)
      .safeIntegers()
      .raw()
      .all(vector, BigInt(k), ...(where?.parameters ?? [])) as [bigint, number | null][];
    const id = this.#database.prepare('select id from ids where n = ?').safeIntegers().pluck();
    return rows.map(([n, score]) => ({ id: id.get(n) as PointId, score: score ?? Number.NaN }));
  }

  async count(): Promise<number> {
    return Number(this.#database.prepare('select count(*) from points').pluck().get());
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(LIMITS, this.#info.ids, ids);
    const statements = ['points', 'ids'].map((table) =>
      this.#database.prepare(`delete from ${table} where n = ?`),
    );
    const forget = this.#side.remover();
    this.#database.transaction(() => {
      for (const id of ids) {
        const n = this.#number(id);
        if (n === undefined) continue;
        forget(n);
        for (const each of statements) each.run(n);
      }
    })();
  }

  async update(change: RecordChange): Promise<void> {
    const changes = checkChange(LIMITS, this.#info, change);
    const [found] = await this.get([change.id]);
    if (found === undefined) {
      throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'sqlite-vec' });
    }
    const metadata: Record<string, MetadataValue> = { ...flatten(found.metadata), ...changes };
    await this.upsert([{ id: change.id, vector: change.vector ?? found.vector, metadata }]);
  }

  async describe(): Promise<Description> {
    const { fields, ...info } = this.#info;
    const described = fields.map((each) => ({ ...each, native: METADATA.types[each.type]! }));
    return {
      name: this.#name,
      ...info,
      index: { type: 'flat' },
      fields: described,
      count: await this.count(),
    };
  }

  async drop(): Promise<void> {
    this.#database.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.#file + suffix, { force: true });
  }

  #number(id: PointId): bigint | undefined {
    const select = this.#database.prepare('select n from ids where id = ?').safeIntegers().pluck();
    return select.get(id) as bigint | undefined;
  }

  #record(n: bigint, id: PointId): PointRecord {
    const bytes = this.#database.prepare('select vector from points where n = ?').pluck().get(n) as Buffer;
    const vector = new Float32Array(Uint8Array.from(bytes).buffer);
    return { id, vector, metadata: nest(this.#side.read(n)) };
  }
}
