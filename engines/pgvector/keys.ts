import { FailureError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import type { IdKind } from '../contract/ids.js';
import type { Session } from './client.js';
import type { Described } from './columns.js';
import { quoted } from './fields.js';
import type { KeyColumn } from './layout.js';
import { WIRE_KEYS } from './values.js';

/** A relation with rows, as the key of its points is looked for. */
export interface Keyed {
  name: string;
  /** In SQL. */
  table: string;
  /** Its own rows and those of the tables that inherit from it, over which no index of its own is unique. */
  inherited: boolean;
  columns: readonly Described[];
}

const KINDS: Readonly<Record<string, IdKind>> = {
  bigint: 'u64',
  integer: 'u64',
  smallint: 'u64',
  uuid: 'uuid',
};
const WANTED = 'a point needs a key of one column of a type such as bigint, text or uuid';

/** The column that was named, else the primary key, else the first unique column that is never null. */
export async function keyOf(session: Pick<Session, 'ask'>, from: Keyed, named?: string): Promise<KeyColumn> {
  const { table, name, inherited, columns } = from;
  const rows = await session.ask(
    "SELECT i.indisprimary, array_length(i.indkey::int2[], 1), (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])), a.attname, a.attidentity = 'a' FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = $1::text::regclass AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND a.attnotnull ORDER BY i.indisprimary DESC, a.attnum",
    [table],
  );
  const unique = rows.filter(([, count]) => count === '1');
  const usable = (column: string) => keyColumn(columns.find((each) => each.column === column));
  if (named !== undefined) {
    const found = usable(named);
    if (found === undefined) throw wrongKey(from, named);
    const index = unique.find(([, , , column]) => column === named);
    return { ...found, identity: index?.[4] === 't', unique: index !== undefined && !inherited };
  }
  for (const [, , , column, identity] of unique) {
    const found = usable(column!);
    if (found !== undefined) return { ...found, identity: identity === 't', unique: !inherited };
  }
  throw missingKey(name, rows.find(([is]) => is === 't')?.[2] ?? undefined, columns);
}

function keyColumn(found: Described | undefined): Omit<KeyColumn, 'identity' | 'unique'> | undefined {
  if (found === undefined || found.vector !== undefined) return undefined;
  const { column, base, carried } = found;
  const ids = KINDS[base];
  if (ids !== undefined) return { column, ids, wire: WIRE_KEYS[ids] };
  if (carried?.as === 'field' && carried.type === 'string')
    return { column, ids: 'string', wire: WIRE_KEYS.string };
  // Written as text and compared in the column's own type and order; `character` alone would be one of length 1.
  const type = base === 'character' ? 'bpchar' : base;
  return carried?.as === 'text' ? { column, ids: 'string', wire: `text::${type}` } : undefined;
}

function wrongKey({ name, columns }: Keyed, named: string): FailureError {
  const found = columns.find(({ column }) => column === named);
  if (found === undefined) {
    const known = columns.map(({ column }) => column);
    return new FailureError(suggest(`table "${name}" has no column "${named}"`, named, known), {
      where: 'pgvector',
    });
  }
  return new FailureError(`column "${named}" of type ${found.native} is no key: ${WANTED}`, {
    where: 'pgvector',
  });
}

/** @param primary columns of the primary key */
function missingKey(name: string, primary: string | undefined, columns: readonly Described[]): FailureError {
  const native = columns.find(({ column }) => column === primary)?.native;
  const what =
    primary === undefined
      ? 'has no primary key'
      : native === undefined
        ? `has a primary key of several columns (${primary})`
        : `has a primary key of type ${native} ("${primary}")`;
  const possible = columns.filter((each) => keyColumn(each) !== undefined).map(({ column }) => column);
  return new FailureError(`table "${name}" ${what}: ${WANTED}`, {
    where: 'pgvector',
    next: `name a column whose values differ, such as ?key=${encodeURIComponent(possible[0] ?? 'column')}, or a view that joins several into one`,
  });
}

/**
 * Throws FailureError for a value that stands in several rows, or for rows without one: a scan in the order of the key
 * would leave points out. Where no index sees to it, every row is looked at.
 */
export async function requireUnique(
  session: Pick<Session, 'query'>,
  table: string,
  { column, unique }: KeyColumn,
): Promise<void> {
  if (unique) return;
  const name = quoted(column);
  const [row] = await session.query(
    `SELECT ${name}::text, count(*) FROM ${table} GROUP BY ${name} HAVING count(*) > 1 OR ${name} IS NULL LIMIT 1`,
  );
  if (row === undefined) return;
  const [value, count] = row;
  throw new FailureError(
    value === null
      ? `column "${column}" is no key: ${count === '1' ? 'a row has' : `${count} rows have`} none`
      : `column "${column}" is no key: its value stands in ${count} rows`,
    {
      where: 'pgvector',
      got: value,
      next: 'name another column as ?key=, or read a view without these rows',
    },
  );
}
