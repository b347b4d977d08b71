import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { PointId } from '../contract/ids.js';
import type {
  Description,
  MetadataSupport,
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
  lastOfEachId,
  nest,
  type RecordLimits,
} from '../kit/check.js';
import { describeTable, type Table, type TableColumn } from './catalog.js';
import type { Row, Session } from './client.js';
import { vectorParameter } from './copy.js';
import { arrayText, COLUMN_TYPES, quoted, readExpression, textOf, valueFromText } from './fields.js';
import { sqlFilter } from './filter.js';
import { OPERATORS } from './sql.js';

export const METADATA: MetadataSupport = {
  types: COLUMN_TYPES,
  absence: 'null',
  nested: 'flattened',
  emptyArrays: 'kept',
  undeclared: 'refused',
};
export const LIMITS: RecordLimits = {
  engine: 'pgvector',
  metadata: METADATA,
  idKinds: ['u32', 'u64', 'string', 'uuid'],
  integerIds: 'signed',
};
type Asked = Pick<Session, 'query' | 'ask'>;

/** Rows of one statement. */
const CHUNK = 500;

/** A table with one key, one vector and a column for each field. */
export class PgRecords implements RecordCollection {
  readonly #session: Asked;
  readonly #table: Table;
  readonly #name: string;
  readonly #fields: readonly FieldSchema[];
  /** Key, vector, columns, as they are read. */
  readonly #read: string;

  constructor(session: Asked, table: Table) {
    this.#session = session;
    this.#table = table;
    this.#name = quoted(table.name);
    this.#fields = table.columns.filter((each): each is TableColumn & FieldSchema => each.type !== null);
    this.#read = [
      `t.${quoted(table.key)}::text`,
      `t.${quoted(table.vector)}::text`,
      ...table.columns.map(({ column, type }) => readExpression(`t.${quoted(column)}`, type)),
    ].join(', ');
  }

  async upsert(records: readonly PointRecord[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { key, keyType, vector, columns } = this.#table;
    checkRecords(LIMITS, this.#schema, records);
    requireText(records);
    const written = columns.filter(({ type }) => type !== null);
    const names = [key, vector, ...written.map(({ column }) => column)];
    const types = [keyType, 'vector', ...written.map(({ native }) => native)];
    const values = types.map((type, i) => `c${i}::${type}`).join(', ');
    const unnested = `unnest(${types.map((_, i) => `$${i + 1}::text[]`).join(', ')})`;
    const replaced = names.slice(1).map((name) => `${quoted(name)} = EXCLUDED.${quoted(name)}`);
    const sql = `INSERT INTO ${this.#name} (${names.map(quoted).join(', ')}) SELECT ${values} FROM ${unnested} AS u(${types.map((_, i) => `c${i}`).join(', ')}) ON CONFLICT (${quoted(key)}) DO UPDATE SET ${replaced.join(', ')}`;
    const last = lastOfEachId(records);
    for (let from = 0; from < last.length; from += CHUNK) {
      signal?.throwIfAborted();
      const rows = last
        .slice(from, from + CHUNK)
        .map((each) => ({ ...each, metadata: flatten(each.metadata) }));
      await this.#session.ask(sql, [
        arrayText(rows.map(({ id }) => String(id))),
        arrayText(rows.map((each) => vectorText(each.vector))),
        ...written.map(({ name, type }) =>
          arrayText(rows.map(({ metadata }) => nullable(type!, metadata[name]))),
        ),
      ]);
    }
  }

  async get(ids: readonly PointId[]): Promise<PointRecord[]> {
    checkIds(LIMITS, this.#table.ids, ids);
    const { key, keyType } = this.#table;
    const rows = await this.#session.ask(
      `SELECT ${this.#read} FROM unnest($1::text[]) WITH ORDINALITY AS u(id, n) JOIN ${this.#name} t ON t.${quoted(key)} = u.id::${keyType} ORDER BY u.n`,
      [arrayText(ids.filter((id) => !String(id).includes('\0')).map(String))],
    );
    return rows.map((row) => this.#record(row));
  }

  /** By pages in the key's order: a point that stays is met once, whatever else is written meanwhile. */
  async *scan({ batchSize, signal }: ScanOptions): AsyncIterable<PointRecord[]> {
    const { key, keyType } = this.#table;
    const page = `ORDER BY t.${quoted(key)} LIMIT ${Math.floor(batchSize)}`;
    let last: string | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const from = `SELECT ${this.#read} FROM ${this.#name} t`;
      const rows: Row[] = await (last === undefined
        ? this.#session.ask(`${from} ${page}`, [])
        : this.#session.ask(`${from} WHERE t.${quoted(key)} > $1::${keyType} ${page}`, [last]));
      if (rows.length === 0) return;
      last = rows.at(-1)![0]!;
      yield rows.map((row) => this.#record(row));
    }
  }

  /** Compares all that pass: an ordering that is not quite the index's cannot be taken from it. */
  async search(vector: Float32Array, k: number, filter?: Filter): Promise<{ id: PointId; score: number }[]> {
    const { key, vector: column, metric, dimensions, name } = this.#table;
    checkVector(LIMITS, dimensions, 'of the search', vector);
    if (metric === null) {
      throw new FailureError(`table "${name}" does not tell by which metric it is searched`, {
        where: 'pgvector',
        next: 'give it an index, or the comment "vecproof cosine" (or dot, l2)',
      });
    }
    const where = filter === undefined ? undefined : sqlFilter(filter, 2);
    const distance = `${quoted(column)} ${OPERATORS[metric].operator} $1::vector`;
    const rows = await this.#session.ask(
      `SELECT ${quoted(key)}::text, ${distance} FROM ${this.#name} ${where === undefined ? '' : `WHERE ${where.sql}`} ORDER BY (${distance}) + 0, ${quoted(key)} LIMIT ${Math.floor(k)}`,
      [vectorParameter(vector), ...(where?.parameters ?? [])],
    );
    return rows.map(([id, score]) => ({ id: this.#id(id!), score: Number(score) }));
  }

  async count(): Promise<number> {
    const [row] = await this.#session.query(`SELECT count(*) FROM ${this.#name}`);
    return Number(row![0]);
  }

  async delete(ids: readonly PointId[]): Promise<void> {
    checkIds(LIMITS, this.#table.ids, ids);
    const { key, keyType } = this.#table;
    await this.#session.ask(
      `DELETE FROM ${this.#name} t USING unnest($1::text[]) AS u(id) WHERE t.${quoted(key)} = u.id::${keyType}`,
      [arrayText(ids.filter((id) => !String(id).includes('\0')).map(String))],
    );
  }

  async update(change: RecordChange): Promise<void> {
    const { key, keyType, vector, columns } = this.#table;
    const changes = checkChange(LIMITS, this.#schema, change);
    requireText([{ id: change.id, metadata: changes }]);
    const parameters: (string | null)[] = [String(change.id)];
    const sets: string[] = [];
    const set = (column: string, type: string, text: string | null) =>
      sets.push(`${quoted(column)} = $${parameters.push(text)}::text::${type}`);
    if (change.vector !== undefined) set(vector, 'vector', vectorText(change.vector));
    for (const { name, column, native, type } of columns) {
      if (type !== null && name in changes) set(column, native, nullable(type, changes[name]));
    }
    const where = `WHERE ${quoted(key)} = $1::${keyType}`;
    const sql =
      sets.length === 0
        ? `SELECT 1 FROM ${this.#name} ${where}`
        : `UPDATE ${this.#name} SET ${sets.join(', ')} ${where} RETURNING 1`;
    const rows = await this.#session.ask(sql, parameters);
    if (rows.length === 0) {
      throw new FailureError(`there is no point with id ${shorten(change.id)}`, { where: 'pgvector' });
    }
  }

  async describe(): Promise<Description> {
    const { name, metric, dimensions, ids, index, columns } = await describeTable(
      this.#session,
      this.#table.name,
    );
    const fields = columns.map(({ name, type, native, nullable }) => ({ name, type, native, nullable }));
    return { name, metric, dimensions, ids, index, fields, count: await this.count() };
  }

  async drop(): Promise<void> {
    await this.#session.query(`DROP TABLE IF EXISTS ${this.#name}`);
  }

  get #schema() {
    return { ids: this.#table.ids, dimensions: this.#table.dimensions, fields: this.#fields };
  }

  #id(text: string): PointId {
    return this.#table.ids === 'u64' ? BigInt(text) : text;
  }

  #record([id, vector, ...values]: Row): PointRecord {
    const flat: Record<string, MetadataValue> = {};
    for (const [i, { name, type }] of this.#table.columns.entries()) {
      flat[name] = valueFromText(type, values[i] ?? null);
    }
    return {
      id: this.#id(id!),
      vector: Float32Array.from(JSON.parse(vector!) as number[]),
      metadata: nest(flat),
    };
  }
}

function nullable(type: FieldSchema['type'], value: MetadataValue | undefined): string | null {
  return value === null || value === undefined ? null : textOf(type, value);
}

function vectorText(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}

/** PostgreSQL has no text with U+0000. */
function requireText(records: readonly Pick<PointRecord, 'id' | 'metadata'>[]): void {
  for (const { id, metadata } of records) {
    const bad = Object.entries(flatten(metadata)).find(([, value]) => hasNul(value))?.[0];
    if (bad === undefined && !hasNul(id)) continue;
    const what = bad === undefined ? 'the id' : `field "${bad}"`;
    throw new FailureError(`${what} of id ${shorten(id)} holds U+0000, which PostgreSQL cannot`, {
      where: 'pgvector',
    });
  }
}

function hasNul(value: unknown): boolean {
  return Array.isArray(value) ? value.some(hasNul) : typeof value === 'string' && value.includes('\0');
}
