import { FailureError } from '../../../common/errors.js';
import { type Change, type Logged, type NewChange, type Position, requireSame } from '../change.js';
import type { Appended, Backlog, ChangeLog, Start } from '../log.js';
import { COLUMNS, cellsOf, changeOf, logged, markerCells, positionOf, splitPosition } from './rows.js';
import { DEFAULT_SCHEMA, dropTables, makeTables, quoted } from './schema.js';
import { type SqlClient, type SqlDatabase, type SqlSession, sqlDatabase, sqlState } from './sql.js';

/** Columns of an entry, as texts. */
const READ = `xid::text, seq::text, kind, collection, tenant, id, id_is_integer::text, embedding_version,
              idempotency_key, at::text, point`;

export interface PostgresLogOptions {
  /** Made where it is not there; refused where others made it. */
  schema?: string | undefined;
}

/**
 * A change log in tables of a PostgreSQL database (or PGlite), in a schema of its own.
 *
 * Entries are ordered by transaction, and inside one by their sequence. What is read is held back until no older
 * transaction is in progress (`pg_snapshot_xmin`), so that one which commits late is not missed: a transaction that stays
 * open holds the reader up, and loses nothing. Versions are the sequence's numbers: where the row is written before the
 * entry, in one transaction, the row's lock makes them its true order.
 *
 * Positions hold transaction ids: a database that is restored from a dump begins others.
 */
export class PostgresChangeLog implements ChangeLog {
  readonly database: SqlDatabase;
  readonly schema: string;

  private constructor(database: SqlDatabase, schema: string) {
    this.database = database;
    this.schema = schema;
  }

  /** Makes the tables where they are not there. The client stays the caller's. */
  static async open(client: SqlClient, { schema = DEFAULT_SCHEMA }: PostgresLogOptions = {}) {
    const database = sqlDatabase(client);
    await makeTables(database, schema);
    return new PostgresChangeLog(database, schema);
  }

  get place(): string {
    return `PostgreSQL, schema ${this.schema}`;
  }

  append(changes: readonly NewChange[]): Promise<readonly Appended[]> {
    if (changes.length === 0) return Promise.resolve([]);
    return this.database.transaction((session) => this.appendIn(session, changes));
  }

  /** Adds changes in a transaction of the caller's: they are durable when it is committed. */
  async appendIn(session: SqlSession, changes: readonly NewChange[]): Promise<Appended[]> {
    const appended: Appended[] = [];
    for (const change of changes) {
      const [row] = await session.query(
        `${this.insertion} VALUES (${COLUMNS.map((_, i) => `$${i + 1}`).join(', ')})
         ON CONFLICT (idempotency_key) DO NOTHING RETURNING xid::text, seq::text`,
        cellsOf(change),
      );
      appended.push(
        row === undefined
          ? { ...(await this.#first(session, change)), repeated: true }
          : { ...logged(row), repeated: false },
      );
    }
    return appended;
  }

  /** `INSERT INTO … (columns)` of one entry, for statements that write the row as well. */
  get insertion(): string {
    return `INSERT INTO ${this.#table('changes')} (${COLUMNS.join(', ')})`;
  }

  /**
   * What the log says of a mutation that it has; undefined: it has it not.
   * @throws InputError if its idempotency key is that of another one
   */
  async find(change: NewChange, session: SqlSession = this.database): Promise<Logged | undefined> {
    const sql = `SELECT ${READ} FROM ${this.#table('changes')} WHERE idempotency_key = $1`;
    const [row] = await session.query(sql, [change.idempotencyKey]);
    if (row === undefined) return undefined;
    requireSame(change, changeOf(row) as NewChange, this.place);
    return logged(row);
  }

  async #first(session: SqlSession, change: NewChange): Promise<Logged> {
    const first = await this.find(change, session);
    if (first !== undefined) return first;
    throw new FailureError(
      `the log refused the idempotency key ${change.idempotencyKey} and does not hold it`,
      {
        where: this.place,
        next: 'send the mutation again: what held the key was rolled back',
      },
    );
  }

  async mark(collection: string, name: string): Promise<Logged> {
    const values = COLUMNS.map((_, i) => `$${i + 1}`).join(', ');
    const [row] = await this.database.query(
      `${this.insertion} VALUES (${values}) RETURNING xid::text, seq::text`,
      markerCells(collection, name),
    );
    return logged(row!);
  }

  async read(after: Position | null, limit: number): Promise<readonly Change[]> {
    const { xid, seq } = splitPosition(after ?? 0n);
    const rows = await this.database.query(
      `SELECT ${READ}
       FROM ${this.#table('changes')} AS c
       WHERE (xid, seq) > ($1::text::xid8, $2::text::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
       ORDER BY c.xid, c.seq LIMIT ${limit}`,
      [xid, seq],
    );
    return rows.map(changeOf);
  }

  async watermark(): Promise<Position> {
    const [row] = await this.database.query('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid');
    return positionOf(row!['xid']!, '0') - 1n;
  }

  async begin(consumer: string, { after, floor }: Start): Promise<void> {
    await this.database.query(
      `INSERT INTO ${this.#table('cursors')} VALUES ($1, $2::text::numeric, $3::text::bigint) ON CONFLICT DO NOTHING`,
      [consumer, String(after), String(floor)],
    );
  }

  async floor(consumer: string): Promise<bigint> {
    const sql = `SELECT floor::text FROM ${this.#table('cursors')} WHERE consumer = $1`;
    const [row] = await this.database.query(sql, [consumer]);
    return BigInt(row?.['floor'] ?? 0);
  }

  async cursor(consumer: string): Promise<Position | null> {
    const sql = `SELECT position::text FROM ${this.#table('cursors')} WHERE consumer = $1`;
    const [row] = await this.database.query(sql, [consumer]);
    return row === undefined ? null : BigInt(row['position']!);
  }

  async acknowledge(consumer: string, position: Position): Promise<void> {
    await this.database.query(
      `INSERT INTO ${this.#table('cursors')} VALUES ($1, $2::text::numeric)
       ON CONFLICT (consumer) DO UPDATE SET position = greatest(cursors.position, excluded.position)`,
      [consumer, String(position)],
    );
  }

  /** The consumer begins again with the first entry: its target was made anew. */
  async rewind(consumer: string): Promise<void> {
    await this.database.query(`DELETE FROM ${this.#table('cursors')} WHERE consumer = $1`, [consumer]);
  }

  async backlog(consumer: string): Promise<Backlog> {
    const { xid, seq } = splitPosition((await this.cursor(consumer)) ?? 0n);
    const [row] = await this.database.query(
      `SELECT count(*)::text AS changes, min(at)::text AS oldest FROM ${this.#table('changes')}
       WHERE (xid, seq) > ($1::text::xid8, $2::text::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
         AND kind <> 'marker'`,
      [xid, seq],
    );
    const oldest = row!['oldest'];
    return { changes: Number(row!['changes']), oldestAt: oldest == null ? null : Number(oldest) };
  }

  /** Removes what every consumer that is named has acknowledged. @returns how many entries */
  async trim(consumers: readonly string[]): Promise<number> {
    const cursors = await Promise.all(consumers.map((consumer) => this.cursor(consumer)));
    if (cursors.length === 0 || cursors.includes(null)) return 0;
    const { xid, seq } = splitPosition((cursors as Position[]).reduce((a, b) => (a < b ? a : b)));
    const [row] = await this.database.query(
      `WITH gone AS (DELETE FROM ${this.#table('changes')} WHERE (xid, seq) <= ($1::text::xid8, $2::text::bigint) RETURNING 1)
       SELECT count(*)::text AS gone FROM gone`,
      [xid, seq],
    );
    return Number(row!['gone']);
  }

  /** Removes the schema with all that is in it, when the migration is over. */
  drop(): Promise<void> {
    return dropTables(this.database, this.schema);
  }

  /** The client stays open: it is the caller's. */
  async close(): Promise<void> {}

  #table(name: string): string {
    return `${quoted(this.schema)}.${name}`;
  }
}

/** An idempotency key that is there already. */
export function isRepeat(error: unknown): boolean {
  return (
    sqlState(error) === '23505' &&
    /idempotency_key/.test(String((error as { constraint?: unknown }).constraint ?? error))
  );
}
