import { InputError } from '../../common/errors.js';
import type { Logged, NewChange } from '../changes/change.js';
import { isRepeat, type PostgresChangeLog } from '../changes/postgres/log.js';
import { COLUMNS, cellsOf, logged as placeOf } from '../changes/postgres/rows.js';
import { type SqlSession, sqlState } from '../changes/postgres/sql.js';
import type { EmbeddingVersions } from './embedding.js';
import { UnknownOutcomeError } from './errors.js';
import type { Committed, Outbox } from './outbox.js';

export interface Statement {
  /** One INSERT, UPDATE or DELETE without RETURNING; parameters are $1, $2, … */
  text: string;
  values: readonly unknown[];
}

export interface TransactionalOptions {
  /** In the database of the application's own rows. */
  log: PostgresChangeLog;
  /** The application's own write, as one statement: row and log entry are then one round trip. */
  statement?: ((change: NewChange) => Statement) | undefined;
  /** Or as any statements; the log entry follows in the same transaction. False: no row was changed. */
  write?: ((session: SqlSession, change: NewChange) => Promise<boolean>) | undefined;
  embeddings?: EmbeddingVersions | undefined;
}

const MOST_TEXTS = 100;

/**
 * For applications that keep their rows in PostgreSQL: the row and its log entry are one transaction, so that there is
 * nothing to repair after a crash. The row is written first: its lock makes versions the true order of its changes. What
 * changes no row has no lock and no place in that order, and is not logged.
 * A mutation whose embedding version is not taken by both sides is refused, as the row could not be held back alone.
 */
export class TransactionalOutbox implements Outbox {
  readonly #options: TransactionalOptions;
  /** With the log's entry, by the application's own. */
  readonly #texts = new Map<string, { text: string; count: number }>();

  /** @throws InputError unless there is exactly one of `statement` and `write` */
  constructor(options: TransactionalOptions) {
    if ((options.statement === undefined) === (options.write === undefined)) {
      throw new InputError('takes either a statement or a write', { where: 'TransactionalOutbox' });
    }
    this.#options = options;
  }

  async commit(change: NewChange): Promise<Committed> {
    const { embeddings, statement } = this.#options;
    if (embeddings?.isTaken(change) === false) {
      throw new InputError('the embedding version is not taken by both sides; nothing was written', {
        where: `mutation ${change.idempotencyKey}`,
        got: change.embeddingVersion,
        next: 'send it again once both sides take that version, or in the version that they take',
      });
    }
    try {
      const row = await (statement === undefined
        ? this.#inTransaction(change)
        : this.#atOnce(change, statement(change)));
      return row === undefined ? { state: 'unchanged' } : { ...row, state: 'applied' };
    } catch (error) {
      return this.#after(error, change);
    }
  }

  /** The number in the sequence is drawn behind the row's lock: the entry is made of what the write has returned. */
  async #atOnce(change: NewChange, { text, values }: Statement): Promise<Logged | undefined> {
    const { log } = this.#options;
    const [row] = await log.database.prepared(this.#withEntry(text, values.length), [
      ...values,
      ...cellsOf(change),
    ]);
    return row === undefined ? undefined : placeOf(row);
  }

  /** Made once for each text of the application: a long text that is made anew costs more than what it says. */
  #withEntry(text: string, count: number): string {
    const there = this.#texts.get(text);
    if (there?.count === count) return there.text;
    const [kind, collection, tenant, id, isInteger, embedding, key, at, point] = COLUMNS.map(
      (_, i) => `$${count + i + 1}`,
    );
    const whole = `WITH written AS (${text} RETURNING 1), done AS (SELECT count(*) AS rows FROM written)
       ${this.#options.log.insertion}
       SELECT ${kind}::text, ${collection}::text, ${tenant}::text, ${id}::text, ${isInteger}::boolean,
              ${embedding}::text, ${key}::text, ${at}::bigint, ${point}::text
       FROM done WHERE rows > 0 RETURNING xid::text, seq::text`;
    // Of an application that writes values into its texts there would be no end.
    if (this.#texts.size < MOST_TEXTS) this.#texts.set(text, { text: whole, count });
    return whole;
  }

  #inTransaction(change: NewChange): Promise<Logged | undefined> {
    const { log, write } = this.#options;
    return log.database.transaction(async (session) => {
      // Of a mutation that is there already, the row is not written again.
      const known = await log.find(change, session);
      if (known !== undefined) throw new Repeated(known);
      if (!(await write!(session, change))) return undefined;
      const [appended] = await log.appendIn(session, [change]);
      const { repeated, ...logged } = appended!;
      if (repeated) throw new Repeated(logged);
      return logged;
    });
  }

  async #after(error: unknown, change: NewChange): Promise<Committed> {
    if (error instanceof Repeated) return { ...error.first, state: 'repeated' };
    if (isRepeat(error)) {
      const first = await this.#options.log.find(change);
      if (first !== undefined) return { ...first, state: 'repeated' };
    }
    // What the database itself refused is undone; a connection that broke says nothing.
    if (sqlState(error) !== undefined || error instanceof InputError) throw error;
    throw new UnknownOutcomeError('the database gave no answer', {
      where: this.#options.log.place,
      idempotencyKey: change.idempotencyKey,
      durable: false,
      cause: error,
    });
  }

  mark(collection: string, name: string): Promise<Logged> {
    return this.#options.log.mark(collection, name);
  }
}

/** Ends a transaction without a trace. */
class Repeated extends Error {
  readonly first: Logged;

  constructor({ position, version }: Logged) {
    super('the mutation is in the log already');
    this.first = { position, version };
  }
}
