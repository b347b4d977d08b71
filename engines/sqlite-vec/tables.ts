import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type { Point } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import {
  type DenseType,
  type DenseValues,
  elementsOf,
  type VectorField,
  type VectorValue,
} from '../contract/vectors.js';
import { nest } from '../kit/check.js';
import { denseArray } from '../kit/vectors.js';
import type { SqliteDatabase, SqliteStatement } from './client.js';
import { PARTS, type SideSource, SideTables } from './fields.js';

/** Kept with the collection as JSON. */
export interface Info
  extends Pick<CollectionSpec, 'vectors' | 'ids' | 'fields' | 'text' | 'uri' | 'tenant' | 'madeBy'> {
  index: ParameterSet;
}

const TYPES: Readonly<Partial<Record<DenseType, { column: string; bound: string }>>> = {
  f32: { column: 'float', bound: '?' },
  int8: { column: 'int8', bound: 'vec_int8(?)' },
  bit: { column: 'bit', bound: 'vec_bit(?)' },
};

/**
 * The tables of a collection. Each vector is a vec0 table of its own, `points`, `points1`, …, so that a point may lack
 * one; `bare` has the points that lack the first, so that a point is in one of the two. Its number `n` is its id
 * where that is an integer, else the table `ids` gives it one.
 */
export class Tables {
  readonly info: Info;
  readonly side: SideTables;
  readonly database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  /** @param info of a new collection; one that is there tells its own */
  constructor(database: SqliteDatabase, info?: Info) {
    this.database = database;
    this.info = info ?? (JSON.parse(String(database.prepare('select json from info').pluck().get())) as Info);
    const parts = PARTS.filter((part) => this.info[part] === true);
    this.side = new SideTables(database, this.info.fields, parts);
  }

  /** Throws FailureError for a vector that vec0 has no table for. */
  create(): void {
    const { vectors, index } = this.info;
    this.database.transaction(() => {
      for (const [i, vector] of vectors.entries()) {
        this.database.exec(`create virtual table ${vectorTable(i)} using vec0(${columnsOf(vector)})`);
      }
      this.database.exec('create table bare (n integer primary key)');
      this.database.exec('create table info (json, changes integer)');
      this.database.prepare('insert into info values (?, 0)').run(JSON.stringify(this.info));
      if (!this.hasIntegerIds) {
        this.database.exec('create table ids (n integer primary key autoincrement, id text not null unique)');
      }
      this.side.create(index['payloadIndex'] === true);
    })();
  }

  get hasIntegerIds(): boolean {
    return hasIntegers(this.info.ids);
  }

  /** A statement that is prepared once; integers are bigint. */
  #prepared(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare<unknown[]>(sql);
      if (statement.reader) statement.safeIntegers().pluck();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All of `work` or nothing, counted as one change. */
  change(work: () => void): void {
    this.database
      .transaction(() => {
        work();
        this.#prepared('update info set changes = changes + 1').run();
      })
      .immediate();
  }

  /** Transactions that have changed the collection. */
  changes(): bigint {
    return this.#prepared('select changes from info').get() as bigint;
  }

  count(): number {
    const of = (table: string) => Number(this.#prepared(`select count(*) from ${table}`).get());
    return of('points') + of('bare');
  }

  /** Undefined: the point is not there. */
  numberOf(id: PointId): bigint | undefined {
    if (!this.hasIntegerIds)
      return this.#prepared('select n from ids where id = ?').get(id) as bigint | undefined;
    const there = (sql: string) => this.#prepared(sql).get(id) as bigint | undefined;
    return there('select id from points where id = ?') ?? there('select n from bare where n = ?');
  }

  /** The number of a point that is not there yet. */
  #newNumber(id: PointId): bigint {
    if (this.hasIntegerIds) return id as bigint;
    return BigInt(this.#prepared('insert into ids (id) values (?)').run(id).lastInsertRowid);
  }

  /**
   * Writes points, each in place of the one with its id, or `fresh`: of which none is there. A vector is asked for by its
   * place among those of the collection.
   */
  writer(
    fresh = false,
  ): (id: PointId, vector: (i: number) => VectorValue | undefined, rest: SideSource) => void {
    const { vectors } = this.info;
    const inserts = vectors.map(({ type }, i) =>
      this.#prepared(`insert into ${vectorTable(i)} (id, vector) values (?, ${TYPES[type]!.bound})`),
    );
    const bare = this.#prepared('insert into bare values (?)');
    const [first, ...more] = inserts;
    if (fresh && more.length === 0 && this.hasIntegerIds && !this.side.exists) {
      // What is measured without fields: nothing is looked up for a row.
      return (id, vector) => {
        const value = vector(0);
        if (value === undefined) bare.run(id);
        else first!.run(id, value);
      };
    }
    const write = this.side.writer();
    const forget = fresh ? undefined : this.remover(false);
    return (id, vector, rest) => {
      const found = forget === undefined ? undefined : this.numberOf(id);
      if (found !== undefined) forget!(found);
      const n = found ?? this.#newNumber(id);
      for (let i = 0; i < inserts.length; i++) {
        const value = vector(i);
        if (value !== undefined) inserts[i]!.run(n, value);
        else if (i === 0) bare.run(n);
      }
      write(n, rest);
    };
  }

  /** @param forIds the id goes, too, not only what belongs to it */
  remover(forIds: boolean): (n: bigint) => void {
    const vectors = this.info.vectors.map((_, i) => `delete from ${vectorTable(i)} where id = ?`);
    const ids = forIds && !this.hasIntegerIds ? ['delete from ids where n = ?'] : [];
    const statements = [...vectors, 'delete from bare where n = ?', ...ids].map((sql) => this.#prepared(sql));
    const forget = this.side.remover();
    return (n) => {
      for (const each of statements) each.run(n);
      forget(n);
    };
  }

  reader(): (n: bigint, id: PointId) => Point {
    const { vectors } = this.info;
    const selects = vectors.map((_, i) =>
      this.#prepared(`select vector from ${vectorTable(i)} where id = ?`),
    );
    const read = this.side.reader();
    return (n, id) => {
      const found = vectors.flatMap((vector, i) => {
        const bytes = selects[i]!.get(n) as Buffer | undefined;
        return bytes === undefined ? [] : [[vector.name, valuesOf(vector, bytes)] as const];
      });
      const { fields, parts } = read(n);
      return { id, vectors: Object.fromEntries(found), metadata: nest(fields), ...parts };
    };
  }
}

export function hasIntegers(ids: IdKind): boolean {
  return ids === 'u32' || ids === 'u64';
}

export function vectorTable(i: number): string {
  return i === 0 ? 'points' : `points${i}`;
}

function columnsOf({ name, type, dimensions, metric }: VectorField): string {
  const refuse = (why: string): never => {
    throw new FailureError(`vector "${name}" ${why}`, { where: 'sqlite-vec' });
  };
  if (type === 'bit' && metric !== null && metric !== 'hamming')
    refuse('is of bits, which are compared by hamming');
  if (type === 'bit' && dimensions % 8 !== 0) refuse(`has ${dimensions} bits, which must be a multiple of 8`);
  const by = type === 'bit' || metric === null ? '' : ` distance_metric=${metric}`;
  return `id integer primary key, vector ${TYPES[type]!.column}[${dimensions}]${by}`;
}

/** A copy of its own: the buffer may be a part of a larger one, at any offset. */
export function valuesOf(vector: VectorField, bytes: Buffer): DenseValues {
  const values = denseArray(vector.type, elementsOf(vector));
  new Uint8Array(values.buffer).set(bytes);
  return values;
}
