import type { RowVersion, VersionStore } from '../versions.js';
import { DEFAULT_SCHEMA, makeTables, quoted } from './schema.js';
import { type SqlClient, type SqlDatabase, type SqlRow, type SqlSession, sqlDatabase } from './sql.js';

/** Locks of one target: rows share them, so that a batch of any size takes few. */
const LOCKS = 64;

/**
 * In a table of the change log's schema; workers on several machines may share it. Keys are JSON, in which a zero byte, that
 * PostgreSQL cannot hold, is escaped.
 */
export class PostgresVersions implements VersionStore {
  readonly #database: SqlDatabase;
  readonly #table: string;
  readonly #target: string;

  private constructor(database: SqlDatabase, schema: string, target: string) {
    this.#database = database;
    this.#table = `${quoted(schema)}.versions`;
    this.#target = target;
  }

  /** @param target a name of the target that stays the same as long as the migration lasts */
  static async open(client: SqlClient, target: string, { schema = DEFAULT_SCHEMA } = {}) {
    const database = sqlDatabase(client);
    await makeTables(database, schema);
    return new PostgresVersions(database, schema, target);
  }

  async change(
    keys: readonly string[],
    work: (known: ReadonlyMap<string, RowVersion>) => Promise<ReadonlyMap<string, RowVersion>>,
  ): Promise<void> {
    await this.#database.transaction(async (session) => {
      // In one order, so that two batches do not wait for each other.
      await session.query(
        `SELECT pg_advisory_xact_lock(lock) FROM (
           SELECT DISTINCT hashtextextended($1 || ' ' || (hashtextextended(k, 0) & ${LOCKS - 1}), 0) AS lock
           FROM unnest($2::text[]) AS k ORDER BY 1) AS locks`,
        [this.#target, [...keys]],
      );
      const rows = [...(await work(await this.#read(session, keys)))];
      if (rows.length > 0) await this.#store(session, rows);
    });
  }

  async #store(session: SqlSession, rows: readonly (readonly [string, RowVersion])[]): Promise<void> {
    await session.query(
      `INSERT INTO ${this.#table} SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::boolean[], $5::text[])
       ON CONFLICT (target, row_key) DO UPDATE
       SET version = excluded.version, deleted = excluded.deleted, embedding_version = excluded.embedding_version`,
      [
        this.#target,
        rows.map(([key]) => key),
        rows.map(([, { version }]) => String(version)),
        rows.map(([, { deleted }]) => deleted),
        rows.map(([, { embeddingVersion }]) => embeddingVersion ?? null),
      ],
    );
  }

  read(keys: readonly string[]): Promise<ReadonlyMap<string, RowVersion>> {
    return this.#read(this.#database, keys);
  }

  async #read(session: SqlSession, keys: readonly string[]): Promise<ReadonlyMap<string, RowVersion>> {
    const rows = await session.query(
      `SELECT row_key, version::text, deleted::text, embedding_version FROM ${this.#table}
       WHERE target = $1 AND row_key = ANY($2::text[])`,
      [this.#target, [...keys]],
    );
    return new Map(rows.map((row) => [row['row_key']!, versionOf(row)]));
  }

  /** Nothing is known of the target any more: it was made anew. */
  async forget(): Promise<void> {
    await this.#database.query(`DELETE FROM ${this.#table} WHERE target = $1`, [this.#target]);
  }

  async tombstones(after: string | null, limit: number): Promise<readonly string[]> {
    const rows = await this.#database.query(
      `SELECT row_key FROM ${this.#table}
       WHERE target = $1 AND deleted AND row_key COLLATE "C" > $2 ORDER BY row_key COLLATE "C" LIMIT ${limit}`,
      [this.#target, after ?? ''],
    );
    return rows.map((row) => row['row_key']!);
  }
}

function versionOf(row: SqlRow): RowVersion {
  const embeddingVersion = row['embedding_version'];
  return {
    version: BigInt(row['version']!),
    deleted: row['deleted'] === 'true',
    ...(embeddingVersion != null && { embeddingVersion }),
  };
}
