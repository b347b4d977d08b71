import { FailureError } from '../../common/errors.js';
import { IndexNotes, maintenanceMemoryMiB } from './build-settings.js';
import type { Session } from './client.js';
import { fieldMethod, quoted } from './fields.js';
import { createIndex, type VectorIndex, vectorIndexes } from './indexes.js';
import { type Layout, writtenFields } from './layout.js';
import type { Workplace } from './workplace.js';

type Details = Readonly<Record<string, string | number | boolean>>;

/** Builds the indexes that `create` asked for, as far as they are not there, and keeps the planner's statistics. */
export class IndexBuild {
  /** Rows were written since the last `run`. */
  written = true;
  readonly #place: Workplace;
  readonly #layout: Layout;
  readonly #capacity: number | undefined;
  #details: Details = {};
  /** Built by the last `run`, so that the server's count of its rows is exact. */
  #fresh = false;

  constructor(place: Workplace, layout: Layout, capacity: number | undefined) {
    this.#place = place;
    this.#layout = layout;
    this.#capacity = capacity;
  }

  /** @param loaded rows in the table, where that is known */
  async run(loaded: number | undefined, signal: AbortSignal): Promise<{ details: Details }> {
    const { index, table } = this.#layout;
    // Other people's tables are left as they are.
    if (index === undefined) return { details: {} };
    if (!this.written) return { details: this.#details };
    const { session } = this.#place;
    const fieldIndexes = await this.#buildFieldIndexes(signal);
    const vectorIndex = await this.#buildVectorIndex(loaded, signal);
    // Statistics and visibility, which autovacuum would see to at some moment of the measurement.
    await this.#cancellable(session.query(`VACUUM (ANALYZE) ${table}`), signal);
    this.#details = { fieldIndexes, ...vectorIndex };
    this.written = false;
    return { details: this.#details };
  }

  async #buildVectorIndex(loaded: number | undefined, signal: AbortSignal): Promise<Details> {
    const { table, vectors, index } = this.#layout;
    const { session, threads } = this.#place;
    const statement = createIndex(table, vectors[0]!, index!);
    this.#fresh = false;
    if (statement === undefined || (await this.#found()) !== undefined) return this.#details;
    const count = this.#capacity ?? loaded ?? (await countOf(session, table));
    const memory = `${maintenanceMemoryMiB(vectors[0]!.field.dimensions, count, index!)}MB`;
    const workers = threads - 1;
    const notes = new IndexNotes();
    const forget = session.onNotice(notes.take);
    try {
      await session.query(`SET maintenance_work_mem = '${memory}'`);
      await session.query(`SET max_parallel_maintenance_workers = ${workers}`);
      // Otherwise the number of workers follows the size of the table.
      await session.query(`ALTER TABLE ${table} SET (parallel_workers = ${workers})`);
      // The number of workers that the server really had to spare is told at this level only.
      await session.query('SET client_min_messages = debug1');
      await this.#cancellable(session.query(statement), signal);
    } finally {
      forget();
    }
    await session.query('RESET client_min_messages');
    await session.query(`ALTER TABLE ${table} RESET (parallel_workers)`);
    this.#fresh = true;
    return {
      maintenanceWorkMem: memory,
      // The connection's own process builds, too.
      threads: notes.workers + 1,
      ...(notes.spilledAfter !== undefined && { graphLeftMemoryAfter: notes.spilledAfter }),
    };
  }

  /** @returns how many there are */
  async #buildFieldIndexes(signal: AbortSignal): Promise<number> {
    const { table, index } = this.#layout;
    const { session } = this.#place;
    if (index!['payloadIndex'] !== true) return 0;
    const rows = await session.ask(
      "SELECT a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = $1::text::regclass AND am.amname IN ('btree', 'gin') AND i.indnkeyatts = 1 AND i.indisvalid",
      [table],
    );
    const there = new Set(rows.map(([column]) => column));
    const fields = writtenFields(this.#layout);
    for (const { type, column } of fields.filter((each) => !there.has(each.column))) {
      const create = `CREATE INDEX ON ${table} USING ${fieldMethod(type)} (${quoted(column)})`;
      await this.#cancellable(session.query(create), signal);
    }
    return fields.length;
  }

  /** The index that `create` asked for. */
  async #found(): Promise<VectorIndex | undefined> {
    const { table, vectors, index } = this.#layout;
    const [first] = vectors;
    const all = await vectorIndexes(this.#place.session, table, [first!]);
    return all.find(
      ({ parameters }) =>
        parameters['type'] === index!['type'] && parameters['quantization'] === index!['quantization'],
    );
  }

  /**
   * Rows in the index: as many as the server took in while it built it; later ones are in it as soon as they are in
   * the table, so that those are counted which it can hold. Null: there is no index, or the table is not ours.
   */
  async indexed(count: number): Promise<number | null> {
    const { index, table, vectors } = this.#layout;
    if (index === undefined || index['type'] === 'flat') return null;
    const found = await this.#found();
    if (found?.valid !== true)
      throw new FailureError('the index is not valid', { where: 'pgvector', got: found?.name });
    if (this.#fresh) return Math.min(found.rows, count);
    const { column, field, native } = vectors[0]!;
    const name = quoted(column);
    // Rows without a direction are left out of an index for cosine.
    const norm = native === 'vector' ? `vector_norm(${name})` : `l2_norm(${name})`;
    const directed =
      field.metric === 'cosine' && index['quantization'] !== 'binary' ? ` AND ${norm} > 0` : '';
    return countOf(this.#place.session, `${table} WHERE ${name} IS NOT NULL${directed}`);
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
}

async function countOf(session: Pick<Session, 'query'>, rows: string): Promise<number> {
  const [row] = await session.query(`SELECT count(*) FROM ${rows}`);
  return Number(row![0]);
}
