import { createHash, randomUUID } from 'node:crypto';
import { FailureError } from '../../../common/errors.js';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Points } from '../../../engines/contract/points.js';
import { keyText, type NewChange } from '../change.js';
import { encodePoint } from '../encode.js';
import { quoted } from '../postgres/schema.js';
import { type SqlClient, type SqlDatabase, sqlDatabase } from '../postgres/sql.js';
import type { Feed, FeedPage } from './feed.js';
import { type Cells, type Column, type Message, readMessage } from './pgoutput.js';

export interface LogicalFeedOptions {
  /** Of the source; its role needs REPLICATION. */
  client: SqlClient;
  /** Schema and name of the table, and the column with each point's id: part of its replica identity. */
  table: { schema: string; name: string; key: string };
  collection: string;
  /** The same table, as points: rows are read again by their ids. */
  points: Points;
  /** Of slot and publication, which this makes: `vecproof_` and small letters, digits, underscores. */
  name: string;
}

/** Changes of one peek; it ends with a whole transaction, however long. */
const MOST = 1000;
const PREFIX = 'vecproof';

/**
 * Logical decoding as a feed, for sources that are written to by others than the application. It asks a slot with the
 * plugin that every PostgreSQL has (`pgoutput`) what has changed, by SQL (`pg_logical_slot_peek_binary_changes`), and moves
 * the slot on when that is durable in the log: no connection has to stay open, and nothing is lost between the two.
 *
 * Only the keys of changed rows are taken from the stream. Rows are read again by them: a vector above 2 kB is TOASTed, and an
 * UPDATE that leaves it alone does not bring it along. What is read may be newer than the change, whose successor then
 * follows. Keys have no tenant: the table's key is one of all tenants.
 */
export class LogicalFeed implements Feed {
  readonly place: string;
  readonly #options: LogicalFeedOptions;
  readonly #database: SqlDatabase;
  readonly #seen = new Set<string>();
  #isNumber = false;

  constructor(options: LogicalFeedOptions) {
    const { schema, name } = options.table;
    this.place = `logical decoding of ${schema}.${name}`;
    this.#options = options;
    this.#database = sqlDatabase(options.client);
  }

  /**
   * Makes publication and slot where they are not there. From now on the server keeps what has not been read: drop them
   * when the migration is over.
   * @throws FailureError if the server does not decode
   */
  async open(): Promise<void> {
    const { schema, name } = this.#options.table;
    const [setting] = await this.#database.query(`SELECT current_setting('wal_level') AS level`);
    if (setting!['level'] !== 'logical') {
      throw new FailureError('the server does not write what logical decoding needs', {
        where: this.place,
        got: `wal_level = ${setting!['level']}`,
        next: 'set wal_level = logical and restart it, or capture changes by the application (DualWriter)',
      });
    }
    const there = await this.#database.query(
      `SELECT (SELECT 1 FROM pg_publication WHERE pubname = $1::text)::text AS publication,
              (SELECT 1 FROM pg_replication_slots WHERE slot_name = $1::text)::text AS slot`,
      [this.#name],
    );
    if (there[0]!['publication'] === null)
      await this.#database.query(
        `CREATE PUBLICATION ${quoted(this.#name)} FOR TABLE ${quoted(schema)}.${quoted(name)}`,
      );
    if (there[0]!['slot'] === null)
      await this.#database.query(`SELECT pg_create_logical_replication_slot($1::text::name, 'pgoutput')`, [
        this.#name,
      ]);
  }

  get #name(): string {
    return `vecproof_${this.#options.name}`;
  }

  async *pages(after: string | null, signal?: AbortSignal): AsyncGenerator<FeedPage> {
    const { points } = this.#options;
    const { ids } = await points.describe();
    this.#isNumber = ids === 'u32' || ids === 'u64';
    let last = after === null ? 0n : BigInt(after);
    await this.#requireSlot(after);
    for (;;) {
      signal?.throwIfAborted();
      const [now] = await this.#database.query(`SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::text AS lsn`);
      const rows = await this.#database.query(
        `SELECT encode(data, 'hex') AS data
         FROM pg_logical_slot_peek_binary_changes($1::text::name, NULL, ${MOST}, 'proto_version', '1', 'publication_names', $1::text, 'messages', 'true')`,
        [this.#name],
      );
      const messages = rows.map((row) => readMessage(Buffer.from(row['data']!, 'hex')));
      const end = messages.reduce(
        (most, each) => (each.type === 'commit' && each.end > most ? each.end : most),
        0n,
      );
      if (end <= last) {
        // Nothing of this table: without this, the server would keep all that others have written.
        if (rows.length === 0 && BigInt(now!['lsn']!) > last) yield { changes: [], cursor: now!['lsn']! };
        return;
      }
      last = end;
      yield { changes: await this.#changes(messages, end), cursor: String(end) };
    }
  }

  /**
   * What the slot has given up is nowhere else.
   * @throws FailureError if the slot is gone, has lost what it kept, or is further than the log
   */
  async #requireSlot(after: string | null): Promise<void> {
    const [slot] = await this.#database.query(
      `SELECT wal_status AS status, (confirmed_flush_lsn - '0/0'::pg_lsn)::text AS confirmed
       FROM pg_replication_slots WHERE slot_name = $1::text`,
      [this.#name],
    );
    const next = `remove it (drop()), begin the migration anew with a new snapshot, and compare with "vecproof verify"`;
    if (slot === undefined) {
      throw new FailureError(`the replication slot ${this.#name} is not there: nothing keeps its changes`, {
        where: this.place,
        next:
          after === null
            ? 'make it with open() before the snapshot is taken'
            : `somebody has dropped it: ${next}`,
      });
    }
    if (slot['status'] === 'lost') {
      throw new FailureError(`the server has removed changes that the slot ${this.#name} had not read`, {
        where: this.place,
        got: 'wal_status = lost',
        next: `raise max_slot_wal_keep_size or capture more often; ${next}`,
      });
    }
    // A slot moves on once the log has the changes: one that is ahead of the log was made anew, or others read it.
    if (after !== null && slot['confirmed'] != null && BigInt(slot['confirmed']) > BigInt(after)) {
      throw new FailureError(`the slot ${this.#name} is further than the log: changes in between are lost`, {
        where: this.place,
        got: { slot: slot['confirmed'], log: after },
        next: `nothing else may read this slot, nor make it anew; ${next}`,
      });
    }
  }

  async #changes(messages: readonly Message[], end: bigint): Promise<NewChange[]> {
    const { points, collection } = this.#options;
    const touched = this.#touched(messages);
    const changed = [...touched].filter(([, kind]) => kind === 'upsert').map(([id]) => id);
    const found = new Map((await points.get(changed)).map((point) => [point.id, point]));
    const at = Date.now();
    return [...touched].flatMap(([id, kind]): NewChange[] => {
      const key = { collection, id };
      const common = { ...key, idempotencyKey: `lsn ${end} ${keyText(key)}`, at };
      if (kind === 'delete') return [{ kind, ...common }];
      const point = found.get(id);
      // It is gone by now: its deletion follows.
      if (point === undefined) return [];
      // After a crash it may have been changed since it was read before: that is another mutation.
      const hash = createHash('sha256').update(encodePoint(point)).digest('base64url').slice(0, 22);
      return [{ kind, point, ...common, idempotencyKey: `${common.idempotencyKey} ${hash}` }];
    });
  }

  /** The last that happened to each row. */
  #touched(messages: readonly Message[]): Map<PointId, 'upsert' | 'delete'> {
    const touched = new Map<PointId, 'upsert' | 'delete'>();
    const relations = new Map<number, readonly Column[]>();
    const touch = (relation: number, cells: Cells | undefined, kind: 'upsert' | 'delete') => {
      if (cells !== undefined) touched.set(this.#idIn(relations.get(relation)!, cells), kind);
    };
    for (const message of messages) {
      if (message.type === 'relation') relations.set(message.relation, message.columns);
      else if (message.type === 'truncate') throw this.#truncated();
      else if (message.type === 'message') {
        if (message.prefix === PREFIX) this.#seen.add(message.content);
      } else if ('relation' in message) {
        // The old row is there where the key has changed, or where the whole row is the replica identity.
        touch(message.relation, message.old, 'delete');
        touch(message.relation, message.new, 'upsert');
      }
    }
    return touched;
  }

  #idIn(columns: readonly Column[], cells: Cells): PointId {
    const { key } = this.#options.table;
    const value = cells[columns.findIndex(({ name }) => name === key)];
    if (value != null) return this.#isNumber ? BigInt(value) : value;
    throw new FailureError(`a changed row does not say its ${key}`, {
      where: this.place,
      next: `make ${key} part of the table's replica identity (ALTER TABLE … REPLICA IDENTITY), and begin anew`,
    });
  }

  #truncated(): FailureError {
    return new FailureError('the table was truncated, which says no rows', {
      where: this.place,
      next: 'begin the migration anew, or compare with "vecproof verify"',
    });
  }

  /** The slot goes on to there; the server forgets what is before. */
  async confirm(cursor: string): Promise<void> {
    const lsn = BigInt(cursor);
    const text = `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`;
    await this.#database.query('SELECT pg_replication_slot_advance($1::text::name, $2::text::pg_lsn)', [
      this.#name,
      text,
    ]);
  }

  /**
   * Proves that changes are captured: writes a message into the server's log and runs `captureOnce` until it has come by.
   * What is committed before this call is in the change log then, or in every snapshot that is opened afterwards.
   */
  async prove(captureOnce: () => Promise<unknown>, signal?: AbortSignal): Promise<void> {
    const content = randomUUID();
    await this.#database.query('SELECT pg_logical_emit_message(true, $1::text, $2::text)', [PREFIX, content]);
    while (!this.#seen.delete(content)) {
      signal?.throwIfAborted();
      await captureOnce();
    }
  }

  /** Removes slot and publication. */
  async drop(): Promise<void> {
    await this.#database.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1::text',
      [this.#name],
    );
    await this.#database.query(`DROP PUBLICATION IF EXISTS ${quoted(this.#name)}`);
  }
}
