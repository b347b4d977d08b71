import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { PointId } from '../contract/ids.js';
import type { Description, Point, Points, ReadAs, Snapshot } from '../contract/points.js';
import type { PreparedSearch } from '../contract/search.js';
import { requireDimensions } from '../kit/load.js';
import { vectorNamed } from '../kit/vectors.js';
import { openDatabase, type SqliteDatabase } from './client.js';
import type { SqlValue } from './fields.js';
import { ForeignSnapshot, foreignReader, quoted } from './foreign-reader.js';
import { type ForeignTable, readForeignTable } from './foreign-table.js';

const TYPES = { text: 'string', integer: 'integer', float: 'float', boolean: 'boolean' } as const;

/** A vec0 table in a database of others: it is only read. */
export class ForeignCollection implements Collection {
  readonly name: string;
  readonly points: Points;
  readonly #table: ForeignTable;
  readonly #database: SqliteDatabase;

  constructor(file: string, name: string, as: ReadAs, snapshots: Set<Snapshot>) {
    this.name = name;
    this.#database = openDatabase(file, { readonly: true });
    try {
      this.#table = readForeignTable(this.#database, name, as);
    } catch (error) {
      this.#database.close();
      throw error;
    }
    const onlyRead = () => Promise.reject(this.#onlyRead());
    this.points = {
      upsert: onlyRead,
      insertMissing: onlyRead,
      update: onlyRead,
      delete: onlyRead,
      get: async (ids) => this.#get(ids),
      snapshot: async () => {
        const snapshot: ForeignSnapshot = new ForeignSnapshot(file, this.#table, () =>
          snapshots.delete(snapshot),
        );
        snapshots.add(snapshot);
        return snapshot;
      },
      describe: async () => this.#describe(),
    };
  }

  #get(ids: readonly PointId[]): Point[] {
    const { name, own, key } = this.#table;
    const find = this.#database
      .prepare(`select ${quoted(own.column)} from ${quoted(name)} where ${quoted(key.column)} = ?`)
      .safeIntegers()
      .pluck();
    const read = foreignReader(this.#database, this.#table);
    return ids.flatMap((id) => {
      const n = (key === own ? id : find.get(id)) as SqlValue | undefined;
      return n === undefined ? [] : (read(n, id) ?? []);
    });
  }

  #describe(): Description {
    const { name, key, vectors, fields, parts, omitted } = this.#table;
    return {
      spec: {
        name,
        vectors: vectors.map(({ name: vector, kind, type, dimensions, metric }) => ({
          name: vector,
          kind,
          type,
          dimensions,
          metric,
        })),
        ...Object.fromEntries(parts.map(({ part }) => [part, true])),
      },
      ids: key.ids,
      index: { type: 'flat' },
      fields: fields.map(({ column, type, native, role }) => ({
        name: column,
        type: TYPES[type],
        native,
        nullable: role === 'auxiliary',
      })),
      count: this.#count(),
      mark: null,
      indexes: {},
      ...(omitted.length > 0 && { omitted }),
    };
  }

  #count(): number {
    return Number(
      this.#database
        .prepare(`select count(*) from ${quoted(this.name)}`)
        .pluck()
        .get(),
    );
  }

  async count(): Promise<number> {
    return this.#count();
  }

  async load(): Promise<void> {
    throw this.#onlyRead();
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    return { count: this.#count(), indexed: null, details: { threads: 1 } };
  }

  /** Every vector is compared, as vec0 does. Filters would be in the terms of tables that were made here. */
  async prepare(_search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    const { own, key, vectors } = this.#table;
    const field = vectors.find((each) => each.name === vectorNamed({ vectors }, vector).name)!;
    if (field.type !== 'f32')
      throw new FailureError(
        `vector "${field.name}" is of type ${field.type}: a search compares vectors of float32`,
        {
          where: 'sqlite-vec',
        },
      );
    if (key !== own)
      throw new FailureError(`a search finds rows by "${own.column}", not by "${key.column}"`, {
        where: 'sqlite-vec',
      });
    const select = this.#database
      .prepare(
        `select ${quoted(own.column)}, distance from ${quoted(this.name)} where ${quoted(field.column)} match ? and k = ? order by distance`,
      )
      .safeIntegers()
      .raw();
    return {
      query: (query) => {
        requireDimensions('sqlite-vec', query, field.dimensions);
        const rows = select.all(query, BigInt(k)) as [bigint | string, number | null][];
        return {
          keys: rows.map(([id]) => id) as bigint[] | string[],
          scores: rows.map(([, distance]) => distance ?? Number.NaN),
        };
      },
      close: async () => {},
    };
  }

  async indexBytes(): Promise<undefined> {
    return undefined;
  }

  async drop(): Promise<void> {
    throw this.#onlyRead();
  }

  close(): void {
    this.#database.close();
  }

  #onlyRead(): FailureError {
    return new FailureError(`table "${this.name}" was not made by vecproof: it is only read`, {
      where: 'sqlite-vec',
    });
  }
}
