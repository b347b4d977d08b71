import { FailureError } from '../../common/errors.js';
import type { Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { checkIds } from '../kit/check.js';
import { unlessAborted } from '../kit/load.js';
import { HOLDER } from './capabilities.js';
import type { Row, Session } from './client.js';
import { quoted } from './fields.js';
import type { Layout } from './layout.js';
import { idOf, pointOf, readList } from './rows.js';
import { keyBytes, WIRE_KEYS } from './values.js';

/** Rows of one moment: in a transaction of a connection of its own, or in a copy of the table. */
export interface SnapshotPlace {
  session: Pick<Session, 'query' | 'ask'>;
  /** What is read, in SQL. */
  table: string;
  watermark: string;
  close(): Promise<void>;
}

/**
 * A transaction that sees the table as it was when it began. Row security is an error instead of rows that are left
 * out without a word, and no time limit of the server's ends a long scan.
 */
export async function snapshotTransaction(session: Session, { table }: Layout): Promise<SnapshotPlace> {
  // Asked before the snapshot is taken, so that what was committed behind it is surely replayed.
  const position = await walPosition(session);
  await session.query(
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0',
  );
  const [row] = await session.query('SELECT pg_current_snapshot()');
  return { session, table, watermark: watermarkOf(row, position), close: () => session.close() };
}

let copies = 0;

/** Where there is but one session, a transaction would hold up everything else: a temporary copy does not. */
export async function snapshotCopy(session: Session, { table, key }: Layout): Promise<SnapshotPlace> {
  const copy = quoted(`vecproof_snapshot_${++copies}`);
  const position = await walPosition(session);
  // One message is one transaction, and nothing comes between.
  const [row] = await session.query(
    `CREATE TEMP TABLE ${copy} AS TABLE ${table}; CREATE UNIQUE INDEX ON ${copy} (${quoted(key.column)}); SELECT pg_current_snapshot()`,
  );
  const close = async () => void (await session.query(`DROP TABLE IF EXISTS ${copy}`));
  return { session, table: copy, watermark: watermarkOf(row, position), close };
}

function watermarkOf(row: Row | undefined, position: string | undefined): string {
  return `snapshot ${row![0]}${position === undefined ? '' : ` wal ${position}`}`;
}

/** Where the server's log is written to; undefined on a standby, and where that is not told. */
async function walPosition(session: Pick<Session, 'query'>): Promise<string | undefined> {
  const [may] = await session.query(
    "SELECT NOT pg_is_in_recovery() AND has_function_privilege('pg_current_wal_lsn()', 'execute')",
  );
  if (may?.[0] !== 't') return undefined;
  return (await session.query('SELECT pg_current_wal_lsn()'))[0]![0]!;
}

export class PgSnapshot implements Snapshot {
  readonly consistency = 'snapshot';
  readonly watermark: string;
  readonly #place: SnapshotPlace;
  readonly #layout: Layout;
  #closed: Promise<void> | undefined;

  constructor(place: SnapshotPlace, layout: Layout) {
    this.watermark = place.watermark;
    this.#place = place;
    this.#layout = layout;
  }

  /** In the key's own order, until a page is empty. */
  async *scan({ batchSize, after, signal }: ScanOptions): AsyncIterable<ScanPage> {
    const { key, name } = this.#layout;
    const column = `t.${quoted(key.column)}`;
    const from = `SELECT ${readList(this.#layout)} FROM ${this.#place.table} t`;
    const page = `ORDER BY ${column} LIMIT ${Math.max(1, Math.floor(batchSize))}`;
    const behind = `WHERE ${column} > $1::${WIRE_KEYS[key.ids]}`;
    let last = after === undefined ? undefined : this.#keyOf(after);
    for (;;) {
      signal?.throwIfAborted();
      if (this.#closed !== undefined) {
        throw new FailureError(`the snapshot of "${name}" was closed`, { where: 'pgvector' });
      }
      const asked =
        last === undefined
          ? this.#place.session.ask(`${from} ${page}`, [])
          : this.#place.session.ask(`${from} ${behind} ${page}`, [last]);
      const rows: Row[] = await unlessAborted(asked, signal);
      const end = rows.at(-1)?.[0];
      if (end === undefined || end === null) return;
      last = keyBytes(key.ids, idOf(key.ids, end));
      const points: Point[] = rows.map((row) => pointOf(this.#layout, row));
      yield { points, cursor: JSON.stringify([key.ids, end]) };
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#place.close();
    return this.#closed;
  }

  #keyOf(cursor: string): Buffer {
    const { ids } = this.#layout.key;
    try {
      const [kind, text] = JSON.parse(cursor) as [unknown, unknown];
      if (kind !== ids || typeof text !== 'string') throw new TypeError(`not of ids of kind ${ids}`);
      const id = idOf(ids, text);
      checkIds(HOLDER, ids, [id]);
      return keyBytes(ids, id);
    } catch (error) {
      throw new FailureError('the cursor is not one of a scan of this collection', {
        where: 'pgvector',
        got: cursor,
        cause: error,
      });
    }
  }
}
