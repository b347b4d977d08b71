import { FailureError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { IdKind } from '../contract/ids.js';
import type { ReadAs } from '../contract/points.js';
import { DEFAULT_VECTOR, type DenseType, type VectorField, type VectorMetric } from '../contract/vectors.js';
import type { SqliteDatabase } from './client.js';
import { PARTS, type Part } from './fields.js';

export type ColumnType = 'text' | 'integer' | 'float' | 'boolean' | 'blob';

interface Declared {
  column: string;
  /** As it was declared. */
  native: string;
}

interface ScalarColumn extends Declared {
  type: ColumnType;
  role: 'primary key' | 'partition key' | 'metadata' | 'auxiliary';
}

/** A vec0 table that others made, as its own `CREATE VIRTUAL TABLE` says. */
export interface ForeignTable {
  name: string;
  /** Its own key: the declared one, or `rowid`. */
  own: { column: string; ids: IdKind };
  /** What the ids are, where that is another column. */
  key: { column: string; ids: IdKind };
  vectors: readonly (VectorField & { column: string })[];
  fields: readonly (ScalarColumn & { type: Exclude<ColumnType, 'blob'> })[];
  parts: readonly { part: Part; column: string; type: ColumnType }[];
  omitted: readonly string[];
}

const VECTOR = /^(\w+)\s+(float|f32|int8|i8|bit)\s*\[\s*(\d+)\s*\](.*)$/is;
const PRIMARY = /^(\w+)\s+(text|integer)\s+primary\s+key$/i;
const PARTITION = /^(\w+)\s+(text|integer)\s+partition\s+key$/i;
const AUXILIARY = /^\+\s*(\w+)\s+(text|integer|int|float|double|blob)$/i;
const METADATA = /^(\w+)\s+(text|integer|int|float|double|boolean|bool)$/i;
const NUMBERS: Readonly<Record<string, DenseType>> = {
  float: 'f32',
  f32: 'f32',
  int8: 'int8',
  i8: 'int8',
  bit: 'bit',
};
const TYPES: Readonly<Record<string, ColumnType>> = { int: 'integer', double: 'float', bool: 'boolean' };
const METRICS: Readonly<Record<string, VectorMetric>> = { l2: 'l2', cosine: 'cosine', hamming: 'hamming' };

/** Names of the vec0 tables of a database. */
export function foreignTables(database: SqliteDatabase): string[] {
  // Not LIKE, for which case counts on our connections.
  const select = `select name from sqlite_master where type = 'table' and instr(lower(sql), 'using vec0') > 0 order by name`;
  return database.prepare(select).pluck().all() as string[];
}

/** @throws FailureError for a table that is none, a column that no point can hold, and names that there are not */
export function readForeignTable(database: SqliteDatabase, name: string, as: ReadAs): ForeignTable {
  const refuse = (what: string, next?: string): never => {
    throw new FailureError(`table "${name}" ${what}`, { where: 'sqlite-vec', next });
  };
  const sql = database
    .prepare("select sql from sqlite_master where type = 'table' and name = ?")
    .pluck()
    .get(name);
  const [, body] = /using\s+vec0\s*\((.*)\)\s*;?\s*$/is.exec(String(sql)) ?? [];
  if (body === undefined) {
    const there = foreignTables(database);
    const next = there.length > 0 ? `open one of ${there.join(', ')}` : 'the database has none';
    return refuse('is no vec0 table', next);
  }
  const declared = body.split(',').map((each) => each.trim());
  const vectors = declared.flatMap(vectorOf);
  const scalars = declared.flatMap(scalarOf);
  requireAllRead(database, name, [...vectors, ...scalars], refuse);
  const known = [...vectors, ...scalars].map(({ column }) => column);
  const { omit = [] } = as;
  const named = [as.key, ...PARTS.map((part) => as[part]), ...omit].filter((each) => each !== undefined);
  const missing = named.find((column) => !known.includes(column));
  if (missing !== undefined) refuse(suggest(`has no column "${missing}"`, missing, known));
  const declaredKey = scalars.find(({ role }) => role === 'primary key');
  const own = { column: declaredKey?.column ?? 'rowid', ids: kindOf(declaredKey) };
  const key = keyNamed(scalars, as.key, refuse) ?? own;
  const parts = partsNamed(scalars, as, refuse);
  const held = <T extends Declared>(columns: readonly T[]) =>
    columns.filter(({ column }) => !omit.includes(column));
  const fields = held(scalars).filter(
    (each) =>
      each !== declaredKey &&
      each.column !== key.column &&
      !parts.some(({ column }) => column === each.column),
  );
  const blobs = fields.filter(({ type }) => type === 'blob').map(({ column }) => column);
  if (blobs.length > 0) {
    refuse(
      `has columns of bytes, which no point can hold: ${blobs.join(', ')}`,
      `leave them out with ?omit=${blobs.join(',')}`,
    );
  }
  if (held(vectors).length === 0) refuse('has no vector left');
  return {
    name,
    own,
    key,
    vectors: held(vectors),
    fields: fields as ForeignTable['fields'],
    parts,
    omitted: omit,
  };
}

function vectorOf(text: string): (VectorField & Declared)[] {
  const [, column, type, size, options] = VECTOR.exec(text) ?? [];
  if (column === undefined) return [];
  const number = NUMBERS[type!.toLowerCase()]!;
  const [, given] = /distance_metric\s*=\s*(\w+)/i.exec(options ?? '') ?? [];
  const metric = METRICS[(given ?? (number === 'bit' ? 'hamming' : 'l2')).toLowerCase()] ?? null;
  const name = column === 'vector' ? DEFAULT_VECTOR : column;
  return [{ name, column, native: text, kind: 'dense', type: number, dimensions: Number(size), metric }];
}

const ROLES = [
  ['primary key', PRIMARY],
  ['partition key', PARTITION],
  ['auxiliary', AUXILIARY],
  ['metadata', METADATA],
] as const;

function scalarOf(text: string): ScalarColumn[] {
  for (const [role, form] of ROLES) {
    const [, column, given] = form.exec(text) ?? [];
    if (column === undefined) continue;
    const type = given!.toLowerCase();
    return [{ column, native: text, role, type: TYPES[type] ?? (type as ColumnType) }];
  }
  return [];
}

/** Throws FailureError for a column that the table has and that was not understood: newer versions may have others. */
function requireAllRead(
  database: SqliteDatabase,
  name: string,
  read: readonly Declared[],
  refuse: (what: string, next?: string) => never,
): void {
  const columns = database
    .prepare('select name from pragma_table_xinfo(?) where hidden = 0')
    .pluck()
    .all(name) as string[];
  const strange = columns.filter(
    (column) => column !== 'rowid' && !read.some((each) => each.column === column),
  );
  if (strange.length > 0)
    refuse(
      `has columns of a kind that is not known here: ${strange.join(', ')}`,
      'copy them into another table',
    );
}

function kindOf(column: ScalarColumn | undefined): IdKind {
  return column?.type === 'text' ? 'string' : 'u64';
}

function keyNamed(
  scalars: readonly ScalarColumn[],
  named: string | undefined,
  refuse: (what: string) => never,
): ForeignTable['key'] | undefined {
  if (named === undefined) return undefined;
  const found = scalars.find(({ column }) => column === named);
  if (found?.type === 'text' || found?.type === 'integer') return { column: named, ids: kindOf(found) };
  return refuse(`has a column "${named}", which is no key of text or integers`);
}

function partsNamed(
  scalars: readonly ScalarColumn[],
  as: ReadAs,
  refuse: (what: string) => never,
): ForeignTable['parts'] {
  return PARTS.flatMap((part) => {
    if (as[part] === undefined) return [];
    const found = scalars.find(({ column }) => column === as[part]);
    if (found?.type === 'text' || (part === 'tenant' && found?.type === 'integer'))
      return [{ part, column: found.column, type: found.type }];
    return refuse(`has a column "${as[part]}", which is no ${part}`);
  });
}
