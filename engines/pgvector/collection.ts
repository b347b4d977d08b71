import { ConnectionLostError, FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness, Shared, Vitals } from '../contract/collection.js';
import type { Points } from '../contract/points.js';
import type { PreparedSearch } from '../contract/search.js';
import type { LoadBatch } from '../contract/spec.js';
import { requireCount } from '../kit/load.js';
import { vectorNamed } from '../kit/vectors.js';
import { IndexBuild } from './build.js';
import { batchCells, copyColumns, copyStream } from './copy-stream.js';
import { quoted } from './fields.js';
import { transaction } from './in-turn.js';
import { type VectorIndex, vectorIndexes } from './indexes.js';
import type { Layout } from './layout.js';
import { PgPoints } from './points.js';
import { insertRows } from './rows.js';
import { prepareSearch } from './search.js';
import { searchedMetric } from './sql.js';
import type { Workplace } from './workplace.js';

export class PgCollection implements Collection {
  readonly name: string;
  readonly points: Points;
  readonly #place: Workplace;
  readonly #layout: Layout;
  readonly #build: IndexBuild;
  /** Rows that were loaded into a table that was empty; undefined: others were there, or were written since. */
  #loaded: number | undefined;
  #autovacuumOff: boolean;

  /** @param made the table is new, and empty */
  constructor(place: Workplace, layout: Layout, made: boolean, capacity?: number) {
    this.name = layout.name;
    this.#place = place;
    this.#layout = layout;
    this.#loaded = made ? 0 : undefined;
    this.#autovacuumOff = made && layout.key.ids === 'u32';
    this.#build = new IndexBuild(place, layout, capacity);
    this.points = new PgPoints(
      place.session,
      layout,
      () => place.snapshotPlace(layout),
      () => this.#beforeWrite(),
    );
  }

  /** Into a table of ours by COPY; other people's may have columns of other types, which INSERT converts to or refuses. */
  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#build.written = true;
    const { session } = this.#place;
    if (this.#layout.index !== undefined) {
      const copy = `COPY ${this.#layout.table} (${copyColumns(this.#layout).map(quoted).join(', ')}) FROM STDIN (FORMAT binary)`;
      await session.copy(copy, copyStream(batch, this.#layout), signal);
    } else {
      const cells = batchCells(batch, this.#layout);
      const rows = Array.from({ length: batch.count }, (_, row) => row);
      const insert = { cells, rows, conflict: 'fail' } as const;
      await transaction(session, (own) => insertRows(own, this.#layout, insert, signal));
    }
    if (this.#loaded !== undefined) this.#loaded += batch.count;
  }

  /** Row numbers are measured builds, whose tables autovacuum leaves alone; what is written point by point is none. */
  async #beforeWrite(): Promise<void> {
    this.#loaded = undefined;
    this.#build.written = true;
    if (!this.#autovacuumOff) return;
    this.#autovacuumOff = false;
    await this.#place.session.query(`ALTER TABLE ${this.#layout.table} RESET (autovacuum_enabled)`);
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const built = await this.#build.run(this.#loaded, signal);
    const count = await this.count();
    if (this.#loaded !== undefined) requireCount('pgvector', count, this.#loaded);
    const [[sharedBuffers] = []] = await this.#place.session.query('SHOW shared_buffers');
    const details = { sharedBuffers: sharedBuffers ?? 'unknown', ...built.details };
    return { count, indexed: await this.#build.indexed(count), details };
  }

  prepare(search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    return this.#prepare(search, k, vector, false);
  }

  /** The planner may use no index at all. */
  prepareExact(k: number, vector?: string): Promise<PreparedSearch> {
    return this.#prepare({}, k, vector, true);
  }

  async #prepare(
    search: ParameterSet,
    k: number,
    vector: string | undefined,
    exact: boolean,
  ): Promise<PreparedSearch> {
    const { table, key, fields, index: asked } = this.#layout;
    const fieldNamed = vectorNamed({ vectors: this.#layout.vectors.map(({ field }) => field) }, vector);
    const column = this.#layout.vectors.find(({ field }) => field === fieldNamed)!;
    const metric = searchedMetric(column, table);
    const all = exact ? [] : await this.#indexes();
    const usable = all.filter((each) => each.column === column.column && fits(each, metric));
    const first = !exact && column === this.#layout.vectors[0] && asked !== undefined;
    if (first && asked['type'] !== 'flat' && usable.length === 0) {
      throw new FailureError('the index is not built yet', { where: 'pgvector', next: 'call ready() first' });
    }
    const [index] = usable;
    const target = {
      table,
      key: key.column,
      ids: key.ids,
      vector: column,
      metric,
      index: first ? asked : (index?.parameters ?? { type: 'flat', quantization: 'none' }),
    };
    const place = await this.#place.searchPlace();
    try {
      // Of a connection that other searches share: each says what it needs.
      await place.session.query(`SET enable_indexscan = ${exact ? 'off' : 'on'}`);
      if (exact) await place.session.query('SET enable_seqscan = on');
      const alike = usable.filter((each) => each.parameters['quantization'] === target.index['quantization']);
      return await prepareSearch(
        place,
        { ...target, fields, indexes: alike.map(({ name }) => name) },
        search,
        k,
      );
    } catch (error) {
      await place.close([]);
      throw error;
    }
  }

  async #indexes(): Promise<VectorIndex[]> {
    const { table, vectors } = this.#layout;
    return (await vectorIndexes(this.#place.session, table, vectors)).filter(({ valid }) => valid);
  }

  async share(): Promise<Shared> {
    return { collection: this.#layout };
  }

  async count(): Promise<number> {
    const [row] = await this.#place.session.query(`SELECT count(*) FROM ${this.#layout.table}`);
    return Number(row![0]);
  }

  /** The vectors' indexes alone; the table where there are none. */
  /** As PostgreSQL counts since its statistics were reset; a view has neither. */
  async vitals(): Promise<Vitals> {
    const [row] = await this.#place.session.ask(
      'SELECT pg_total_relation_size(relid), heap_blks_hit + coalesce(idx_blks_hit, 0) + coalesce(toast_blks_hit, 0), heap_blks_read + coalesce(idx_blks_read, 0) + coalesce(toast_blks_read, 0) FROM pg_statio_all_tables WHERE relid = $1::text::regclass',
      [this.#layout.table],
    );
    if (row === undefined) return {};
    const [bytes, hits, reads] = row.map(Number) as [number, number, number];
    return { diskBytes: bytes, ...(hits + reads > 0 && { cacheHits: hits / (hits + reads) }) };
  }

  async indexBytes(): Promise<number | undefined> {
    const [row] = await this.#place.session.ask(
      "SELECT coalesce(sum(pg_relation_size(i.indexrelid)), pg_table_size($1::text::regclass)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam WHERE i.indrelid = $1::text::regclass AND am.amname IN ('hnsw', 'ivfflat')",
      [this.#layout.table],
    );
    return Number(row![0]);
  }

  /** A connection that broke is no reason to leave the table on somebody's server: it is dropped on another one. */
  async drop(): Promise<void> {
    const { session } = this.#place;
    const { table, name, index } = this.#layout;
    if (index === undefined) {
      throw new FailureError(`table "${name}" was not made by vecproof, and is not dropped`, {
        where: 'pgvector',
      });
    }
    const drop = `DROP TABLE IF EXISTS ${table}`;
    try {
      await session.query(drop);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      // The server may still be at work for the connection that broke, and hold the table.
      await session.cancel();
      await this.#place.other((other) => other.query(drop));
    }
  }
}

/** An index of bits does not say which metric ranks what it finds. */
function fits({ metric, parameters }: VectorIndex, wanted: string): boolean {
  return metric === wanted || parameters['quantization'] === 'binary';
}
