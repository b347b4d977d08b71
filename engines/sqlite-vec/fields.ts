import { InputError } from '../../common/errors.js';
import type { FieldSchema, FieldType, MetadataValue } from '../../datasets/dataset.js';
import { integerValue } from '../kit/check.js';
import type { SqliteDatabase } from './client.js';

/** How SQLite holds each type. */
export const COLUMN_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'TEXT',
  integer: 'INTEGER',
  float: 'REAL',
  boolean: 'INTEGER 0 or 1',
  timestamp: 'INTEGER microseconds',
  'string[]': 'JSON and a table of elements',
  'integer[]': 'JSON and a table of elements',
  'float[]': 'JSON and a table of elements',
  'boolean[]': 'JSON and a table of elements',
};

/** What a point has beside its fields, in columns of the same table. */
export const PARTS = ['text', 'uri', 'tenant'] as const;
export type Part = (typeof PARTS)[number];

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

/** Fields and parts beside the vectors: vec0's own metadata columns know no null, no OR and no arrays. */
export class SideTables {
  readonly fields: readonly FieldSchema[];
  readonly #parts: readonly Part[];
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase, fields: readonly FieldSchema[], parts: readonly Part[]) {
    this.#database = database;
    this.fields = fields;
    this.#parts = parts;
  }

  /** There is a table; else there is nothing to keep. */
  get exists(): boolean {
    return this.fields.length + this.#parts.length > 0;
  }

  create(indexed: boolean): void {
    if (!this.exists) return;
    const columns = [...this.fields.map((_, i) => `, f${i}`), ...this.#parts.map((part) => `, ${part}`)];
    this.#database.exec(`create table metadata (n integer primary key${columns.join('')})`);
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

  /** Writes what a new point has, or in place of what was removed. */
  writer(): (n: bigint, source: SideSource) => void {
    if (!this.exists) return () => undefined;
    const marks = ', ?'.repeat(this.fields.length + this.#parts.length);
    const row = this.#database.prepare(`insert into metadata values (?${marks})`);
    const elements = this.fields.map(({ type }, i) =>
      type.endsWith('[]') ? this.#database.prepare(`insert into elements${i} values (?, ?)`) : undefined,
    );
    return (n, { field, part }) => {
      const values = this.fields.map((schema, i) => {
        const value = field(schema.name) ?? null;
        if (!Array.isArray(value)) return sqlValue(schema.type, value);
        const each = value.map((one) => sqlValue(schema.type.slice(0, -2) as FieldType, one));
        for (const one of each) elements[i]!.run(n, one);
        return arrayText(value);
      });
      row.run(n, ...values, ...this.#parts.map((each) => sqlValue('string', part(each))));
    };
  }

  remover(): (n: bigint) => void {
    if (!this.exists) return () => undefined;
    const tables = [
      'metadata',
      ...this.fields.flatMap(({ type }, i) => (type.endsWith('[]') ? [`elements${i}`] : [])),
    ];
    const statements = tables.map((table) => this.#database.prepare(`delete from ${table} where n = ?`));
    return (n) => {
      for (const each of statements) each.run(n);
    };
  }

  /** @returns fields by name, and parts that are there */
  reader(): (n: bigint) => { fields: Record<string, MetadataValue>; parts: Partial<Record<Part, string>> } {
    if (!this.exists) return () => ({ fields: {}, parts: {} });
    const select = this.#database.prepare('select * from metadata where n = ?').safeIntegers().raw();
    return (n) => {
      const [, ...values] = select.get(n) as SqlValue[];
      const texts = this.#parts.map((part, i) => [part, values[this.fields.length + i]] as const);
      return {
        fields: Object.fromEntries(
          this.fields.map(({ name, type }, i) => [name, fromSql(type, values[i] ?? null)]),
        ),
        parts: Object.fromEntries(texts.filter(([, text]) => typeof text === 'string')),
      };
    };
  }
}

/** Where a point's values come from. */
export interface SideSource {
  field(name: string): MetadataValue | undefined;
  part(part: Part): string | undefined;
}

/** JSON with integers as text, which are exact then, and with zeros that keep their sign. */
function arrayText(values: readonly MetadataValue[]): string {
  const each = (value: MetadataValue) => {
    if (typeof value === 'bigint') return `"${value}"`;
    return Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
  };
  return `[${values.map(each).join(',')}]`;
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
