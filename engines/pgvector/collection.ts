import { ConnectionLostError, FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { requireCount } from '../kit/load.js';
import { IndexNotes, maintenanceMemoryMiB } from './build-settings.js';
import type { Session } from './client.js';
import { copyStream } from './copy.js';
import { quoted } from './fields.js';
import { prepareSearch, type SearchPlace } from './search.js';
import { type Statements, statements } from './sql.js';

/** What a collection works with. */
export interface Workplace {
  session: Session;
  threads: number;
  /** A connection for a search. */
  searchPlace(): Promise<Pick<SearchPlace, 'session' | 'close' | 'statement'>>;
}

export async function createCollection(
  place: Workplace,
  spec: CollectionSpec,
  table: string,
): Promise<Collection> {
  const all = statements(table, `${table}_v`, spec);
  await place.session.query(all.createTable);
  return new PgCollection(place, spec, table, all);
}

class PgCollection implements Collection {
  readonly #place: Workplace;
  readonly #spec: CollectionSpec;
  readonly #table: string;
  readonly #statements: Statements;
  readonly #notes = new IndexNotes();
  #loaded = 0;
  #built = false;

  constructor(place: Workplace, spec: CollectionSpec, table: string, all: Statements) {
    this.#place = place;
    this.#spec = spec;
    this.#table = table;
    this.#statements = all;
    place.session.onNotice(this.#notes.take);
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stream = copyStream(batch, this.#spec.dimensions, this.#spec.fields);
    await this.#place.session.copy(this.#statements.copy, stream, signal);
    this.#loaded += batch.count;
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    if (!this.#built) {
      await this.#build(signal);
      this.#built = true;
    }
    const count = await this.count();
    requireCount('pgvector', count, this.#loaded);
    const [[sharedBuffers] = []] = await this.#place.session.query('SHOW shared_buffers');
    const fieldIndexes = this.#statements.createFieldIndexes.length;
    const details = {
      sharedBuffers: sharedBuffers ?? 'unknown',
      ...(this.#spec.fields !== undefined && { fieldIndexes }),
    };
    if (this.#statements.createIndex === undefined) return { count, indexed: null, details };
    const indexed = await this.#indexed();
    const { spilledAfter, workers } = this.#notes;
    const memory = `${maintenanceMemoryMiB(this.#spec)}MB`;
    return {
      count,
      indexed,
      details: {
        ...details,
        maintenanceWorkMem: memory,
        // The connection's own process builds, too.
        threads: workers + 1,
        ...(spilledAfter !== undefined && { graphLeftMemoryAfter: spilledAfter }),
      },
    };
  }

  async #build(signal: AbortSignal): Promise<void> {
    const { session, threads } = this.#place;
    const { createIndex, createFieldIndexes } = this.#statements;
    const table = quoted(this.#table);
    if (createIndex !== undefined) {
      const workers = threads - 1;
      await session.query(`SET maintenance_work_mem = '${maintenanceMemoryMiB(this.#spec)}MB'`);
      await session.query(`SET max_parallel_maintenance_workers = ${workers}`);
      // Otherwise the number of workers follows the size of the table.
      await session.query(`ALTER TABLE ${table} SET (parallel_workers = ${workers})`);
      // The number of workers that the server really had to spare is told at this level only.
      await session.query('SET client_min_messages = debug1');
      await this.#cancellable(session.query(createIndex), signal);
      await session.query('RESET client_min_messages');
      await session.query(`ALTER TABLE ${table} RESET (parallel_workers)`);
    }
    for (const each of createFieldIndexes) await this.#cancellable(session.query(each), signal);
    // Statistics and visibility, which autovacuum would see to at some moment of the measurement.
    await this.#cancellable(session.query(`VACUUM (ANALYZE) ${table}`), signal);
  }

  /** A raised signal stops the statement on the server; rejects with the signal's reason then. */
  async #cancellable(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const cancel = () => void this.#place.session.cancel().catch(() => undefined);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      await work;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
    signal.throwIfAborted();
  }

  /** Asks whether the index is valid, and how many rows it took in; rows without a direction are left out of cosine. */
  async #indexed(): Promise<number> {
    const [row] = await this.#place.session.query(
      `SELECT i.indisvalid AND i.indisready, c.reltuples::bigint FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indexrelid = '${quoted(`${this.#table}_v`)}'::regclass`,
    );
    if (row?.[0] !== 't') {
      throw new FailureError('the index is not valid', { where: 'pgvector', got: row });
    }
    return Math.min(Number(row[1]), this.#loaded);
  }

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    const place = await this.#place.searchPlace();
    const index = this.#statements.createIndex === undefined ? undefined : `${this.#table}_v`;
    try {
      return await prepareSearch({ ...place, index }, this.#statements, this.#spec, search, k);
    } catch (error) {
      await place.close([]);
      throw error;
    }
  }

  async count(): Promise<number> {
    const [row] = await this.#place.session.query(`SELECT count(*) FROM ${quoted(this.#table)}`);
    return Number(row![0]);
  }

  /** The index alone; for flat, which has none, the table. */
  async indexBytes(): Promise<number | undefined> {
    const flat = this.#statements.createIndex === undefined;
    const size = flat
      ? `pg_table_size('${quoted(this.#table)}')`
      : `pg_relation_size('${quoted(`${this.#table}_v`)}')`;
    const [row] = await this.#place.session.query(`SELECT ${size}`);
    return Number(row![0]);
  }

  /** A connection that broke is no reason to leave the table on somebody's server: it is dropped on another one. */
  async drop(): Promise<void> {
    const { session } = this.#place;
    const drop = `DROP TABLE IF EXISTS ${quoted(this.#table)}`;
    try {
      await session.query(drop);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      // The server may still be at work for the connection that broke, and hold the table.
      await session.cancel();
      const other = await this.#place.searchPlace();
      await other.session.query(drop).finally(() => other.close([]));
    }
  }
}
