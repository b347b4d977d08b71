import { FailureError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { ReadAs } from '../contract/points.js';
import type { DenseType, VectorField, VectorMetric } from '../contract/vectors.js';
import { parseOptions } from '../kit/options.js';
import type { Row, Session } from './client.js';
import { columnsOf, type Described, firstDimensions, isVector, requireCarried } from './columns.js';
import { quoted } from './fields.js';
import { type VectorIndex, vectorIndexes } from './indexes.js';
import { keyOf } from './keys.js';
import {
  type FieldColumn,
  type Layout,
  PARTS,
  readComment,
  SPARSE_DIMENSIONS,
  type TableComment,
  type VectorColumn,
  type VectorType,
} from './layout.js';
import { rules } from './options.js';

type Asked = Pick<Session, 'query' | 'ask'>;

const TYPES: Readonly<Record<VectorType, DenseType>> = {
  vector: 'f32',
  halfvec: 'f16',
  bit: 'bit',
  sparsevec: 'f32',
};
/** Tables with a vector column: by their name where that finds them, else as `schema.table`. */
export async function tablesWithVectors(session: Asked): Promise<string[]> {
  const rows = await session.query(
    `SELECT DISTINCT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE ${isVector('a.atttypmod')} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(([name]) => name!);
}

/** A table, view, … by its name. */
interface Relation {
  /** In SQL. */
  table: string;
  /** Of `pg_class`: r, p (partitioned), v (view), m (materialized view), f (foreign). */
  kind: string;
  comment: string | null;
  /** Other tables' rows are its rows, too. */
  inherited: boolean;
}

/** By the name alone where that finds it, or as `schema.table`, both also as PostgreSQL would quote them. */
async function relationOf(session: Asked, name: string): Promise<Relation> {
  const rows = await session.ask(
    "SELECT n.nspname, c.relname, c.relkind, obj_description(c.oid, 'pg_class'), c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid), pg_table_is_visible(c.oid) AND (c.relname = $1::text OR quote_ident(c.relname) = $1::text) AS visible FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (((c.relname = $1::text OR quote_ident(c.relname) = $1::text) AND pg_table_is_visible(c.oid)) OR n.nspname || '.' || c.relname = $1::text OR quote_ident(n.nspname) || '.' || quote_ident(c.relname) = $1::text) ORDER BY visible DESC LIMIT 2",
    [name],
  );
  const [found, other] = rows;
  if (found === undefined) {
    const there = await tablesWithVectors(session);
    throw new FailureError(`there is no table "${name}"`, {
      where: 'pgvector',
      next: there.length > 0 ? `open one of ${there.join(', ')}` : 'no table has a vector column',
    });
  }
  const quotedName = ([schema, table]: Row) => `${quoted(schema!)}.${quoted(table!)}`;
  if (other !== undefined && found[5] !== 't') {
    throw new FailureError(`two tables have the name "${name}"`, {
      where: 'pgvector',
      next: `quote its parts: ${quotedName(found)} or ${quotedName(other)}`,
    });
  }
  return { table: quotedName(found), kind: found[2]!, comment: found[3]!, inherited: found[4] === 't' };
}

/**
 * The table or view as it is. Throws FailureError naming what is missing, a column that no point can hold, or the tables
 * that are there.
 */
export async function describeTable(
  session: Asked,
  name: string,
  as: ReadAs = {},
): Promise<{ layout: Layout; indexes: readonly VectorIndex[] }> {
  const { table, comment, inherited } = await relationOf(session, name);
  const told = readComment<TableComment>(comment);
  const all = await columnsOf(session, table);
  requireKnown(name, all, as);
  const columns = all.filter(({ column }) => as.omit?.includes(column) !== true);
  const key = await keyOf(session, { table, name, inherited, columns }, as.key);
  const fault = (what: string) => new FailureError(`table "${name}" ${what}`, { where: 'pgvector' });
  const vectors: VectorColumn[] = [];
  for (const each of columns) {
    if (each.vector !== undefined && each.column !== key.column)
      vectors.push(await vectorOf(session, table, each, each.vector, fault));
  }
  if (vectors.length === 0) throw fault('has no column of type vector, halfvec, bit or sparsevec');
  const indexes = await vectorIndexes(session, table, vectors);
  const part = (role: (typeof PARTS)[number]) =>
    as[role] ?? columns.find(({ comment: said }) => said?.role === role)?.column;
  const [text, uri, tenant] = [part('text'), part('uri'), part('tenant')];
  const fields = columns.filter(
    ({ column, vector }) => vector === undefined && ![key.column, text, uri, tenant].includes(column),
  );
  requireCarried(name, fields);
  const ours = told?.index === undefined ? undefined : parseOptions(rules, { index: told.index, search: {} });
  const layout: Layout = {
    name,
    table,
    key: told?.ids === 'u32' && key.ids === 'u64' ? { ...key, ids: 'u32' } : key,
    vectors: vectors.map((each) => ({ ...each, field: { ...each.field, metric: metricOf(each, indexes) } })),
    text,
    uri,
    tenant,
    fields: requireApart(name, fields.map(fieldOf)),
    index: ours?.state === 'ok' ? ours.index : undefined,
    as,
    madeBy: told?.madeBy,
  };
  return { layout, indexes };
}

/** Throws FailureError for a column that was named and is not there, or cannot be what it was named for. */
function requireKnown(name: string, columns: readonly Described[], { omit = [], ...as }: ReadAs): void {
  const known = columns.map(({ column }) => column);
  const named = [...omit, ...PARTS.flatMap((part) => as[part] ?? [])];
  const missing = named.find((column) => !known.includes(column));
  if (missing !== undefined)
    throw new FailureError(suggest(`table "${name}" has no column "${missing}"`, missing, known), {
      where: 'pgvector',
    });
  for (const part of PARTS) {
    const found = columns.find(({ column }) => column === as[part]);
    const type = found?.carried;
    const fits =
      type?.as === 'text' || type?.type === 'string' || (part === 'tenant' && type?.type === 'integer');
    if (found === undefined || (fits && found.vector === undefined)) continue;
    throw new FailureError(`column "${found.column}" of type ${found.native} is no ${part}`, {
      where: 'pgvector',
      next: part === 'tenant' ? 'name a column of text or integers' : 'name a column of text',
    });
  }
}

/** Throws FailureError for a field within the JSON of another one: both would be in one place. */
function requireApart(table: string, fields: readonly FieldColumn[]): readonly FieldColumn[] {
  const inside = fields.find(({ name }) =>
    fields.some(({ name: other, carried }) => carried.as === 'json' && name.startsWith(`${other}.`)),
  );
  if (inside === undefined) return fields;
  throw new FailureError(
    `column "${inside.name}" of table "${table}" would be within the JSON of another one`,
    {
      where: 'pgvector',
      next: `leave one out with ?omit=${encodeURIComponent(inside.name)}, or read a view that renames it`,
    },
  );
}

/** As its comment says, else as the first index over it. */
function metricOf({ field, column }: VectorColumn, indexes: readonly VectorIndex[]): VectorMetric | null {
  const over = indexes.filter((index) => index.column === column && index.valid && index.metric !== null);
  return field.metric ?? over[0]?.metric ?? null;
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

function fieldOf({ column, native, notNull, generated, comment, carried }: Described): FieldColumn {
  return {
    name: comment?.name ?? column,
    column,
    native,
    type: carried!.type,
    carried: carried!,
    nullable: !notNull,
    generated,
  };
}
