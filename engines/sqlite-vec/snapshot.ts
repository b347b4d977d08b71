import { setImmediate as nextTurn } from 'node:timers/promises';
import { FailureError } from '../../common/errors.js';
import type { PointId } from '../contract/ids.js';
import type { ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { checkIds } from '../kit/check.js';
import { HOLDER } from './capabilities.js';
import { openDatabase } from './client.js';
import { Tables } from './tables.js';

/**
 * A read transaction on a connection of its own: what is written meanwhile goes to the log, and is not seen. No other
 * connection could share it, and SQLite answers one query at a time: it has no ranges.
 */
export class SqliteSnapshot implements Snapshot {
  readonly consistency = 'snapshot';
  readonly watermark: string;
  readonly #name: string;
  readonly #onClose: () => void;
  #tables: Tables | undefined;
  /** The table and column that give the ids in order. */
  #order: { table: string; id: string } | undefined;

  constructor(name: string, file: string, onClose: () => void) {
    this.#name = name;
    this.#onClose = onClose;
    const database = openDatabase(file, { readonly: true });
    try {
      database.exec('begin');
      // The transaction begins with the first read.
      this.#tables = new Tables(database);
      this.watermark = `change ${this.#tables.changes()}`;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** In the order of the ids, until a page is empty. */
  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    if (range !== undefined)
      throw new FailureError('a snapshot is read as a whole: it has no ranges', {
        where: 'sqlite-vec',
        got: range,
      });
    const { database, info } = this.#open();
    const { table, id } = this.#ordered();
    const numbers = this.#open().hasIntegerIds ? id : 'n';
    const select = (where: string) =>
      database
        .prepare(`select ${numbers}, ${id} from ${table} ${where} order by ${id} limit ?`)
        .safeIntegers()
        .raw();
    const [first, next] = [select(''), select(`where ${id} > ?`)];
    const read = this.#open().reader();
    const most = BigInt(Math.max(1, Math.floor(batchSize)));
    let last = after === undefined ? undefined : this.#idOf(after);
    for (;;) {
      signal?.throwIfAborted();
      this.#open();
      const rows = (last === undefined ? first.all(most) : next.all(last, most)) as [bigint, PointId][];
      const end = rows.at(-1)?.[1];
      if (end === undefined) return;
      last = end;
      const points = rows.map(([n, each]) => read(n, each));
      yield { points, cursor: JSON.stringify([info.ids, String(end)]) };
      await nextTurn();
    }
  }

  async close(): Promise<void> {
    this.#tables?.database.close();
    this.#tables = undefined;
    this.#onClose();
  }

  #open(): Tables {
    if (this.#tables !== undefined) return this.#tables;
    throw new FailureError(`the snapshot of "${this.#name}" was closed`, { where: 'sqlite-vec' });
  }

  /** vec0 gives its rows in no order that can be gone on with: integers are sorted once, in a temporary table. */
  #ordered(): { table: string; id: string } {
    if (this.#order !== undefined) return this.#order;
    const { database, hasIntegerIds } = this.#open();
    if (hasIntegerIds) {
      database.exec('create temp table numbers (n integer primary key)');
      database.exec('insert into numbers select id from points union all select n from bare');
    }
    this.#order = hasIntegerIds ? { table: 'temp.numbers', id: 'n' } : { table: 'ids', id: 'id' };
    return this.#order;
  }

  #idOf(cursor: string): PointId {
    const { info, hasIntegerIds } = this.#open();
    try {
      const [kind, text] = JSON.parse(cursor) as [unknown, unknown];
      if (kind !== info.ids || typeof text !== 'string')
        throw new TypeError(`not of ids of kind ${info.ids}`);
      const id = hasIntegerIds ? BigInt(text) : text;
      checkIds(HOLDER, info.ids, [id]);
      return id;
    } catch (error) {
      throw new FailureError('the cursor is not one of a scan of this collection', {
        where: 'sqlite-vec',
        got: cursor,
        cause: error,
      });
    }
  }
}
