import { FailureError } from '../../../common/errors.js';
import type { SqlDatabase } from './sql.js';

/** Everything that this project keeps in the database is in one schema, which is marked as its own. */
export const DEFAULT_SCHEMA = 'vecproof_changes';
const MARK = 'made by vecproof: change log of a migration; drop it when the migration is over';

/** Any number that is ours: two that make the tables at a time would be in each other's way. */
const LOCK = 'SELECT pg_advisory_xact_lock(7863215408)';

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Makes schema and tables as far as they are not there.
 * @throws FailureError if there is a schema of that name that this project has not made; it stays as it is
 */
export async function makeTables(database: SqlDatabase, schema: string): Promise<void> {
  const own = quoted(schema);
  await database.transaction(async (session) => {
    await session.query(LOCK);
    const [there] = await session.query(
      `SELECT obj_description(oid, 'pg_namespace') AS mark FROM pg_namespace WHERE nspname = $1`,
      [schema],
    );
    if (there !== undefined && there['mark'] !== MARK) {
      throw new FailureError(`the schema "${schema}" is there and was not made by vecproof`, {
        where: 'PostgreSQL',
        next: 'give the change log another schema; this one stays as it is',
      });
    }
    const made = there === undefined ? [...statements(own), ...storage(own)] : statements(own);
    for (const statement of made) await session.query(statement);
  });
}

/** @throws FailureError if this project has not made it */
export async function dropTables(database: SqlDatabase, schema: string): Promise<void> {
  await makeTables(database, schema);
  await database.query(`DROP SCHEMA ${quoted(schema)} CASCADE`);
}

/**
 * Points are vectors in base64, which do not get smaller: they are not packed, and stay in the row as long as it fits its page. In a
 * table of their own each write would be two more.
 */
function storage(schema: string): string[] {
  return [
    `ALTER TABLE ${schema}.changes ALTER COLUMN point SET STORAGE EXTERNAL`,
    `ALTER TABLE ${schema}.changes SET (toast_tuple_target = 8160)`,
  ];
}

function statements(schema: string): string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `COMMENT ON SCHEMA ${schema} IS '${MARK}'`,
    `CREATE TABLE IF NOT EXISTS ${schema}.changes (
       xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
       seq bigserial NOT NULL,
       kind text NOT NULL,
       collection text NOT NULL,
       tenant text,
       id text NOT NULL,
       id_is_integer boolean NOT NULL,
       embedding_version text,
       idempotency_key text NOT NULL UNIQUE,
       at bigint NOT NULL,
       point text,
       PRIMARY KEY (xid, seq)
     )`,
    `CREATE TABLE IF NOT EXISTS ${schema}.cursors (consumer text PRIMARY KEY, position numeric NOT NULL, floor bigint NOT NULL DEFAULT 0)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.flags (name text PRIMARY KEY, value text NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${schema}.versions (
       target text NOT NULL,
       row_key text NOT NULL,
       version bigint NOT NULL,
       deleted boolean NOT NULL,
       embedding_version text,
       PRIMARY KEY (target, row_key)
     )`,
  ];
}
