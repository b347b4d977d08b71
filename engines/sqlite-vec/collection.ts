import { rmSync, statSync } from 'node:fs';
import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { IdKind } from '../contract/ids.js';
import type { Hits, PreparedSearch } from '../contract/search.js';
import type { LoadBatch } from '../contract/spec.js';
import { elementsOf, type VectorField, type VectorValue } from '../contract/vectors.js';
import { checkIds } from '../kit/check.js';
import { batchColumn, inChunks, requireCount, requireDimensions, requireFields } from '../kit/load.js';
import { idAt, vectorNamed } from '../kit/vectors.js';
import { HOLDER } from './capabilities.js';
import type { SqliteDatabase } from './client.js';
import { PARTS } from './fields.js';
import { type SqlFilter, sqlFilter } from './filter.js';
import { SqlitePoints } from './points.js';
import type { SqliteSnapshot } from './snapshot.js';
import { type Tables, vectorTable } from './tables.js';

/** Points inserted in one transaction, without giving the event loop a turn. */
const CHUNK = 512;
/** A database is a file, its log and the log's index. */
const SUFFIXES = ['', '-wal', '-shm'];

/** A database file of its own for each collection: its size is that of the files. */
export class SqliteCollection implements Collection {
  readonly name: string;
  readonly points: SqlitePoints;
  readonly #file: string;
  #tables: Tables | undefined;
  /** Points that were loaded into an empty collection; undefined: others were there, or were written since. */
  #loaded: number | undefined;

  /** @param made the collection is new, and empty */
  constructor(name: string, file: string, tables: Tables, snapshots: Set<SqliteSnapshot>, made: boolean) {
    this.name = name;
    this.#file = file;
    this.#tables = tables;
    this.#loaded = made ? 0 : undefined;
    this.points = new SqlitePoints({
      name,
      file,
      tables: () => this.#open(),
      beforeWrite: () => {
        this.#loaded = undefined;
      },
      snapshots,
    });
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const tables = this.#open();
    const { ids, fields } = tables.info;
    if (!(batch.ids instanceof Uint32Array) || ids !== 'u32') {
      checkIds(
        HOLDER,
        ids,
        Array.from({ length: batch.count }, (_, row) => idAt(batch.ids, row)),
      );
    }
    const vectors = tables.info.vectors.map((field) => cells(batch, field));
    const columns = new Map(fields.map((field) => [field.name, batchColumn('sqlite-vec', batch, field)]));
    const texts = new Map(PARTS.map((part) => [part, batch[`${part}s`]]));
    let row = 0;
    const vector = (i: number) => vectors[i]!(row);
    const rest = {
      field: (name: string) => columns.get(name)?.[row],
      part: (part: (typeof PARTS)[number]) => texts.get(part)?.[row],
    };
    const write = tables.writer(true);
    await inChunks(batch, CHUNK, signal, (from, to) => {
      tables.change(() => {
        for (row = from; row < to; row++) {
          // A JavaScript number would be bound as a float, which is no key.
          write(idAt(batch.ids, row), vector, rest);
        }
      });
      if (this.#loaded !== undefined) this.#loaded += to - from;
    });
  }

  /** Nothing is to be built; the log is written into the database, so that the file is the whole size. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await this.count();
    if (this.#loaded !== undefined) requireCount('sqlite-vec', count, this.#loaded);
    const { database } = this.#open();
    database.pragma('wal_checkpoint(TRUNCATE)');
    const sqlite = String(database.prepare('select sqlite_version()').pluck().get());
    return { count, indexed: null, details: { sqlite, threads: 1 } };
  }

  async prepare(_search: ParameterSet, k: number, vector?: string): Promise<PreparedSearch> {
    const { database, info, side } = this.#open();
    const field = vectorNamed(info, vector);
    requireSearchable(field);
    const table = vectorTable(info.vectors.indexOf(field));
    const statement = (passing: string) => {
      const select = this.#open()
        .database.prepare(
          `select id, distance from ${table} where vector match ? and k = ? ${passing} order by distance`,
        )
        .raw();
      return info.ids === 'u32' ? select : select.safeIntegers();
    };
    const all = statement('');
    const keysOf = keyReader(database, info.ids);
    let open = true;
    return {
      query: (query, filter) => {
        if (!open) throw new FailureError('the search was closed', { where: 'sqlite-vec' });
        requireDimensions('sqlite-vec', query, field.dimensions);
        const { select, parameters } = (filter as Translated | undefined) ?? { select: all, parameters: [] };
        const rows = select.all(query, k, ...parameters) as [number | bigint, number | null][];
        return { keys: keysOf(rows), scores: rows.map(([, distance]) => distance ?? Number.NaN) };
      },
      translate: (filter): Translated => {
        requireFields('sqlite-vec', filter, side.fields);
        const { sql, parameters } = sqlFilter(filter, side.fields);
        return { select: statement(`and id in (select n from metadata where ${sql})`), parameters };
      },
      close: async () => {
        open = false;
      },
    };
  }

  async count(): Promise<number> {
    return this.#open().count();
  }

  async indexBytes(): Promise<number | undefined> {
    const sizes = SUFFIXES.map(
      (suffix) => statSync(this.#file + suffix, { throwIfNoEntry: false })?.size ?? 0,
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async drop(): Promise<void> {
    this.close();
    for (const suffix of SUFFIXES) rmSync(this.#file + suffix, { force: true });
  }

  close(): void {
    this.#tables?.database.close();
    this.#tables = undefined;
  }

  #open(): Tables {
    if (this.#tables?.database.open === true) return this.#tables;
    throw new FailureError('the collection was dropped or closed', { where: 'sqlite-vec' });
  }
}

interface Translated {
  select: { all(...parameters: readonly unknown[]): unknown[] };
  parameters: SqlFilter['parameters'];
}

/** The vector of each row of a batch, or none. Throws FailureError for another kind or type than the collection's. */
function cells(batch: LoadBatch, field: VectorField): (row: number) => VectorValue | undefined {
  const column = batch.vectors[field.name];
  const wrong = (what: string) => new FailureError(`vector "${field.name}" ${what}`, { where: 'sqlite-vec' });
  if (column === undefined) throw wrong('is missing in the batch');
  if (column.kind !== 'dense') throw wrong(`is dense, the batch’s is ${column.kind}`);
  const { values, present } = column;
  if (!(values instanceof ARRAYS[field.type as keyof typeof ARRAYS]))
    throw wrong(`is not of type ${field.type}`);
  const size = elementsOf(field);
  return (row) => (present?.[row] === 0 ? undefined : values.subarray(row * size, (row + 1) * size));
}

const ARRAYS = { f32: Float32Array, int8: Int8Array, bit: Uint8Array };

function requireSearchable({ name, type, metric }: VectorField): void {
  if (type === 'f32' && metric !== null) return;
  const why = type === 'f32' ? 'has no metric' : `is of type ${type}: a search compares vectors of float32`;
  throw new FailureError(`vector "${name}" ${why}`, { where: 'sqlite-vec' });
}

/** Ids that are integers are the rows' own numbers; others are looked up. */
function keyReader(
  database: SqliteDatabase,
  ids: IdKind,
): (rows: readonly [number | bigint, unknown][]) => Hits['keys'] {
  if (ids === 'u32' || ids === 'u64') return (rows) => rows.map(([n]) => n) as number[] | bigint[];
  const id = database.prepare('select id from ids where n = ?').pluck();
  return (rows) => rows.map(([n]) => id.get(n) as string);
}
