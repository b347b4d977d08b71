import { FailureError } from '../../common/errors.js';
import type { IdKind } from '../contract/ids.js';
import type { DenseType, VectorField, VectorMetric } from '../contract/vectors.js';
import { parseOptions } from '../kit/options.js';
import type { Session } from './client.js';
import { portableType, quoted } from './fields.js';
import { type VectorIndex, vectorIndexes } from './indexes.js';
import {
  type ColumnComment,
  type FieldColumn,
  type KeyColumn,
  type Layout,
  readComment,
  SPARSE_DIMENSIONS,
  type TableComment,
  type VectorColumn,
  type VectorType,
} from './layout.js';
import { rules } from './options.js';

type Asked = Pick<Session, 'query' | 'ask'>;

const KEYS: Readonly<Record<string, IdKind>> = {
  bigint: 'u64',
  integer: 'u64',
  smallint: 'u64',
  text: 'string',
  'character varying': 'string',
  uuid: 'uuid',
};
const TYPES: Readonly<Record<VectorType, DenseType>> = {
  vector: 'f32',
  halfvec: 'f16',
  bit: 'bit',
  sparsevec: 'f32',
};
/** Fewer bits are flags, not a vector. */
const LEAST_BITS = 8;

/** A condition on `pg_attribute a` and its type `t`. */
const IS_VECTOR = `(t.typname IN ('vector', 'halfvec', 'sparsevec') OR (t.oid = 'bit'::regtype AND a.atttypmod >= ${LEAST_BITS}))`;

/** Tables with a vector column: by their name where that finds them, else as `schema.table`. */
export async function tablesWithVectors(session: Asked): Promise<string[]> {
  const rows = await session.query(
    `SELECT DISTINCT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE ${IS_VECTOR} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(([name]) => name!);
}

/** The table as it is. Throws FailureError naming what is missing, or the tables that are there. */
export async function describeTable(
  session: Asked,
  name: string,
): Promise<{ layout: Layout; indexes: readonly VectorIndex[] }> {
  const [found] = await session.ask(
    "SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND ((c.relname = $1::text AND pg_table_is_visible(c.oid)) OR n.nspname || '.' || c.relname = $1::text) ORDER BY pg_table_is_visible(c.oid) DESC LIMIT 1",
    [name],
  );
  if (found === undefined) {
    const there = await tablesWithVectors(session);
    throw new FailureError(`there is no table "${name}"`, {
      where: 'pgvector',
      next: there.length > 0 ? `open one of ${there.join(', ')}` : 'no table has a vector column',
    });
  }
  const table = `${quoted(found[0]!)}.${quoted(found[1]!)}`;
  const told = readComment<TableComment>(found[2]!);
  const columns = await columnsOf(session, table);
  const fault = (what: string) => new FailureError(`table "${name}" ${what}`, { where: 'pgvector' });
  const key = await keyOf(session, table, fault);
  const vectors: VectorColumn[] = [];
  for (const each of columns) {
    if (each.vector !== undefined && each.column !== key.column)
      vectors.push(await vectorOf(session, table, each, each.vector, fault));
  }
  if (vectors.length === 0) throw fault('has no column of type vector, halfvec, bit or sparsevec');
  const indexes = await vectorIndexes(session, table, vectors);
  const part = (role: ColumnComment['role']) => columns.find(({ comment }) => comment?.role === role)?.column;
  const ours = told?.index === undefined ? undefined : parseOptions(rules, { index: told.index, search: {} });
  const layout: Layout = {
    name,
    table,
    key: told?.ids === 'u32' && key.ids === 'u64' ? { ...key, ids: 'u32' } : key,
    vectors: vectors.map((each) => ({ ...each, field: { ...each.field, metric: metricOf(each, indexes) } })),
    text: part('text'),
    uri: part('uri'),
    tenant: part('tenant'),
    fields: columns
      .filter(
        ({ column, vector, comment }) => column !== key.column && vector === undefined && !isPart(comment),
      )
      .map(fieldOf),
    index: ours?.state === 'ok' ? ours.index : undefined,
    madeBy: told?.madeBy,
  };
  return { layout, indexes };
}

function isPart(comment: Partial<ColumnComment> | undefined): boolean {
  return comment?.role === 'text' || comment?.role === 'uri' || comment?.role === 'tenant';
}

/** As its comment says, else as the first index over it. */
function metricOf({ field, column }: VectorColumn, indexes: readonly VectorIndex[]): VectorMetric | null {
  const over = indexes.filter((index) => index.column === column && index.valid && index.metric !== null);
  return field.metric ?? over[0]?.metric ?? null;
}

interface Described {
  column: string;
  native: string;
  notNull: boolean;
  generated: boolean;
  vector: VectorType | undefined;
  /** Of a vector type; null: it says no number of dimensions. */
  dimensions: number | null;
  comment: Partial<ColumnComment> | undefined;
}

async function columnsOf(session: Asked, table: string): Promise<Described[]> {
  const rows = await session.ask(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '', CASE WHEN ${IS_VECTOR} THEN t.typname END, a.atttypmod, col_description(a.attrelid, a.attnum) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
  return rows.map(([column, native, notNull, generated, vector, modifier, comment]) => ({
    column: column!,
    native: native!,
    notNull: notNull === 't',
    generated: generated === 't',
    vector: (vector ?? undefined) as VectorType | undefined,
    dimensions: Number(modifier) > 0 ? Number(modifier) : null,
    comment: readComment<ColumnComment>(comment!),
  }));
}

/** The primary key, else the first unique column that is never null. */
async function keyOf(session: Asked, table: string, fault: (what: string) => Error): Promise<KeyColumn> {
  const rows = await session.ask(
    "SELECT i.indisprimary, array_length(i.indkey::int2[], 1), (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])), a.attname, format_type(a.atttypid, NULL), a.attidentity = 'a' FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = $1::text::regclass AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND a.attnotnull ORDER BY i.indisprimary DESC, a.attnum",
    [table],
  );
  const key = rows.find(([, count, , , type]) => count === '1' && KEYS[type!] !== undefined);
  if (key !== undefined) {
    const [, , , column, type, identity] = key;
    return { column: column!, ids: KEYS[type!]!, identity: identity === 't' };
  }
  const [primary] = rows.filter(([is]) => is === 't');
  const wanted = 'a point needs a key of one column of type bigint, integer, smallint, text, varchar or uuid';
  if (primary === undefined) throw fault(`has no primary key: ${wanted}`);
  const [, count, all, , type] = primary;
  throw fault(
    count === '1'
      ? `has a primary key of type ${type} ("${all}"): ${wanted}`
      : `has a primary key of several columns (${all}): ${wanted}`,
  );
}

/** Where the type does not say the number of dimensions, the first row does; other rows are refused when read. */
async function vectorOf(
  session: Asked,
  table: string,
  { column, native: type, notNull, dimensions, comment }: Described,
  native: VectorType,
  fault: (what: string) => Error,
): Promise<VectorColumn> {
  const base = { column, native, sized: dimensions !== null, nullable: !notNull };
  const dense = { name: comment?.name ?? column, type: TYPES[native], metric: comment?.metric ?? null };
  if (native === 'sparsevec') {
    const field: VectorField = { ...dense, kind: 'sparse', dimensions: 0 };
    return { ...base, field, sparse: dimensions ?? SPARSE_DIMENSIONS };
  }
  const seen = dimensions ?? (await firstDimensions(session, table, column));
  if (seen === undefined) {
    throw fault(
      `has a column "${column}" of type ${type} without a number of dimensions, and no row to see it by`,
    );
  }
  return { ...base, field: { ...dense, kind: 'dense', dimensions: seen }, sparse: 0 };
}

async function firstDimensions(session: Asked, table: string, column: string): Promise<number | undefined> {
  const name = quoted(column);
  const [row] = await session.ask(
    `SELECT vector_dims(${name}) FROM ${table} WHERE ${name} IS NOT NULL LIMIT 1`,
    [],
  );
  return row === undefined ? undefined : Number(row[0]);
}

function fieldOf({ column, native, notNull, generated, comment }: Described): FieldColumn {
  return {
    name: comment?.name ?? column,
    column,
    native,
    type: portableType(native),
    nullable: !notNull,
    generated,
  };
}
