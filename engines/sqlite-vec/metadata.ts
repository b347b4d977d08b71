import { InputError } from '../../common/errors.js';
import type { FieldSchema, FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { MetadataSupport } from '../contract/points.js';
import { integerValue } from '../kit/check.js';
import type { SqliteDatabase } from './client.js';

export const METADATA: MetadataSupport = {
  types: {
    string: 'TEXT',
    integer: 'INTEGER',
    float: 'REAL',
    boolean: 'INTEGER 0 or 1',
    timestamp: 'INTEGER microseconds',
    'string[]': 'JSON and a table of elements',
    'integer[]': 'JSON and a table of elements',
    'float[]': 'JSON and a table of elements',
    'boolean[]': 'JSON and a table of elements',
  },
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};

export type SqlValue = string | number | bigint | null;

/** A single value as SQLite holds it. A number would be bound as REAL, which whole numbers are not. */
export function sqlValue(type: FieldType, value: MetadataValue | undefined): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' && /\0|\p{Surrogate}/u.test(value)) {
    throw new InputError('SQLite compares text up to U+0000, and has no half of a surrogate pair', {
      where: 'sqlite-vec',
      got: value,
    });
  }
  if (type === 'float') return Number(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'number' ? BigInt(value) : (value as string | bigint);
}

/** Fields beside the vectors: vec0's own metadata columns know no null, no OR and no arrays. */
export class SideTables {
  readonly fields: readonly FieldSchema[];
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase, fields: readonly FieldSchema[]) {
    this.#database = database;
    this.fields = fields;
  }

  create(indexed: boolean): void {
    const columns = this.fields.map((_, i) => `, f${i}`).join('');
    this.#database.exec(`create table metadata (n integer primary key${columns})`);
    for (const [i, { type }] of this.fields.entries()) {
      if (type.endsWith('[]')) {
        this.#database.exec(`create table elements${i} (n integer, value)`);
        this.#database.exec(`create index of_point${i} on elements${i} (n)`);
      }
      if (!indexed) continue;
      const of = type.endsWith('[]') ? `elements${i} (value, n)` : `metadata (f${i})`;
      this.#database.exec(`create index field${i} on ${of}`);
    }
  }

  /** Writes the fields of new points, or in place of what was removed. */
  writer(): (n: bigint, valueIn: (name: string) => MetadataValue | undefined) => void {
    const row = this.#database.prepare(
      `insert into metadata values (?${this.fields.map(() => ', ?').join('')})`,
    );
    const elements = this.fields.map(({ type }, i) =>
      type.endsWith('[]') ? this.#database.prepare(`insert into elements${i} values (?, ?)`) : undefined,
    );
    return (n, valueIn) => {
      const values = this.fields.map(({ name, type }, i) => {
        const value = valueIn(name) ?? null;
        if (!Array.isArray(value)) return sqlValue(type, value);
        const each = value.map((one) => sqlValue(type.slice(0, -2) as FieldType, one));
        for (const one of each) elements[i]!.run(n, one);
        return JSON.stringify(value.map((one) => (typeof one === 'bigint' ? String(one) : one)));
      });
      row.run(n, ...values);
    };
  }

  remover(): (n: bigint) => void {
    const tables = [
      'metadata',
      ...this.fields.flatMap(({ type }, i) => (type.endsWith('[]') ? [`elements${i}`] : [])),
    ];
    const statements = tables.map((table) => this.#database.prepare(`delete from ${table} where n = ?`));
    return (n) => {
      for (const each of statements) each.run(n);
    };
  }

  /** Values of a point, by field. */
  read(n: bigint): Record<string, MetadataValue> {
    const select = this.#database.prepare('select * from metadata where n = ?').safeIntegers().raw();
    const [, ...values] = select.get(n) as SqlValue[];
    return Object.fromEntries(
      this.fields.map(({ name, type }, i) => [name, fromSql(type, values[i] ?? null)]),
    );
  }
}

function fromSql(type: FieldType, value: SqlValue): MetadataValue {
  if (value === null) return null;
  switch (type) {
    case 'integer':
      return integerValue(value as bigint);
    case 'boolean':
      return value === 1n;
    case 'integer[]':
      return (JSON.parse(value as string) as (string | number)[]).map(integerValue);
    default:
      return type.endsWith('[]') ? (JSON.parse(value as string) as MetadataValue) : value;
  }
}
