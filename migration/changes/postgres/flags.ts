import { DEFAULT_SCHEMA, makeTables, quoted } from './schema.js';
import { type SqlClient, type SqlDatabase, sqlDatabase } from './sql.js';

/** Switches in a table of the change log's schema. */
export class PostgresFlags {
  readonly #database: SqlDatabase;
  readonly #table: string;

  private constructor(database: SqlDatabase, schema: string) {
    this.#database = database;
    this.#table = `${quoted(schema)}.flags`;
  }

  static async open(client: SqlClient, { schema = DEFAULT_SCHEMA } = {}) {
    const database = sqlDatabase(client);
    await makeTables(database, schema);
    return new PostgresFlags(database, schema);
  }

  async get(name: string): Promise<string | null> {
    const [row] = await this.#database.query(`SELECT value FROM ${this.#table} WHERE name = $1`, [name]);
    return row?.['value'] ?? null;
  }

  async set(name: string, value: string): Promise<void> {
    await this.#database.query(
      `INSERT INTO ${this.#table} VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [name, value],
    );
  }

  async swap(name: string, was: string | null, value: string): Promise<boolean> {
    const rows = await this.#database.query(
      was === null
        ? `INSERT INTO ${this.#table} VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING name`
        : `UPDATE ${this.#table} SET value = $2 WHERE name = $1 AND value = $3 RETURNING name`,
      was === null ? [name, value] : [name, value, was],
    );
    return rows.length === 1;
  }
}
