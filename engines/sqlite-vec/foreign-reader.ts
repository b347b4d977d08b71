import { setImmediate as nextTurn } from 'node:timers/promises';
import { FailureError, shorten } from '../../common/errors.js';
import type { PointId } from '../contract/ids.js';
import type { Point, PointValue, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import type { VectorValue } from '../contract/vectors.js';
import { integerValue } from '../kit/check.js';
import { openDatabase, type SqliteDatabase } from './client.js';
import type { SqlValue } from './fields.js';
import type { ForeignTable } from './foreign-table.js';
import { valuesOf } from './tables.js';

/** A name of any kind in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Reads one row by the table's own key, with the id that the point is to have. */
export function foreignReader(
  database: SqliteDatabase,
  { name, own, vectors, fields, parts }: ForeignTable,
): (n: SqlValue, id: PointId) => Point | undefined {
  const columns = [...vectors, ...fields, ...parts].map(({ column }) => quoted(column));
  const select = database
    .prepare(`select ${columns.join(', ')} from ${quoted(name)} where ${quoted(own.column)} = ?`)
    .safeIntegers()
    .raw();
  return (n, id) => {
    const values = select.get(n) as (SqlValue | Buffer)[] | undefined;
    if (values === undefined) return undefined;
    let at = 0;
    const found = vectors.map((vector): [string, VectorValue] => [
      vector.name,
      valuesOf(vector, values[at++] as Buffer),
    ]);
    const metadata = fields.map(({ column, type }) => [column, fieldValue(type, values[at++] as SqlValue)]);
    const texts = parts.flatMap(({ part }) => {
      const value = values[at++] as SqlValue;
      return value === null ? [] : [[part, String(value)]];
    });
    return {
      id,
      vectors: Object.fromEntries(found),
      metadata: Object.fromEntries(metadata),
      ...Object.fromEntries(texts),
    };
  };
}

function fieldValue(type: ForeignTable['fields'][number]['type'], value: SqlValue): PointValue {
  if (value === null) return null;
  if (type === 'boolean') return value === 1n;
  // SQLite gives an auxiliary column back as what was bound, whatever was declared.
  return typeof value === 'bigint' ? integerValue(value) : value;
}

/**
 * A read transaction on a connection of its own. vec0 gives its rows in no order that can be gone on with: the keys are
 * sorted once, in a temporary table, and the rows read by them through the virtual table.
 */
export class ForeignSnapshot implements Snapshot {
  readonly consistency = 'snapshot';
  /** Nothing in the database says which moment it is. */
  readonly watermark = null;
  readonly #table: ForeignTable;
  readonly #onClose: () => void;
  #database: SqliteDatabase | undefined;

  constructor(file: string, table: ForeignTable, onClose: () => void) {
    this.#table = table;
    this.#onClose = onClose;
    const database = openDatabase(file, { readonly: true });
    try {
      database.exec('begin');
      sortKeys(database, table);
      this.#database = database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    if (range !== undefined) {
      const what = 'a snapshot is read as a whole: it has no ranges';
      throw new FailureError(what, { where: 'sqlite-vec', got: range });
    }
    const database = this.#open();
    const page = (where: string) =>
      database.prepare(`select id, n from temp.keys ${where} order by id limit ?`).safeIntegers().raw();
    const [first, next] = [page(''), page('where id > ?')];
    const read = foreignReader(database, this.#table);
    const most = BigInt(Math.max(1, Math.floor(batchSize)));
    let last = after === undefined ? undefined : this.#idOf(after);
    for (;;) {
      signal?.throwIfAborted();
      this.#open();
      const rows = (last === undefined ? first.all(most) : next.all(last, most)) as [PointId, SqlValue][];
      const end = rows.at(-1)?.[0];
      if (end === undefined) return;
      last = end;
      const points = rows.map(([id, n]) => read(n, id)!);
      yield { points, cursor: JSON.stringify([this.#table.key.ids, String(end)]) };
      await nextTurn();
    }
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
    this.#onClose();
  }

  #open(): SqliteDatabase {
    if (this.#database !== undefined) return this.#database;
    throw new FailureError(`the snapshot of "${this.#table.name}" was closed`, { where: 'sqlite-vec' });
  }

  #idOf(cursor: string): PointId {
    const { ids } = this.#table.key;
    try {
      const [kind, text] = JSON.parse(cursor) as [unknown, unknown];
      if (kind !== ids || typeof text !== 'string') throw new TypeError(`not of ids of kind ${ids}`);
      return ids === 'u64' ? BigInt(text) : text;
    } catch (error) {
      throw new FailureError('the cursor is not one of a scan of this collection', {
        where: 'sqlite-vec',
        got: cursor,
        cause: error,
      });
    }
  }
}

/** Throws FailureError for a key that stands in two rows, and for rows without one, or with one of another type. */
function sortKeys(database: SqliteDatabase, { name, key, own }: ForeignTable): void {
  const type = key.ids === 'u64' ? 'integer' : 'text';
  const refuse = (why: string, got: unknown): never => {
    throw new FailureError(`column "${key.column}" of table "${name}" is no key: ${why}`, {
      where: 'sqlite-vec',
      got: shorten(got),
      next: 'name another column as ?key=',
    });
  };
  const [column, n] = [quoted(key.column), quoted(own.column)];
  database.exec('create temp table found (id, n)');
  database.exec(`insert into found select ${column}, ${n} from ${quoted(name)}`);
  const odd = database
    .prepare(`select typeof(id) from found where typeof(id) <> '${type}' limit 1`)
    .pluck()
    .get();
  if (odd !== undefined) refuse(odd === 'null' ? 'a row has none' : `a row has one of type ${odd}`, odd);
  const twice = database
    .prepare('select id from found group by id having count(*) > 1 limit 1')
    .safeIntegers()
    .pluck()
    .get();
  if (twice !== undefined) refuse('its value stands in two rows', twice);
  database.exec(`create temp table keys (id ${type} primary key, n) without rowid`);
  database.exec('insert into keys select id, n from found order by id; drop table found');
}
