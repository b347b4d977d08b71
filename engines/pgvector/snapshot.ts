import { FailureError } from '../../common/errors.js';
import type { Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { checkIds } from '../kit/check.js';
import { unlessAborted } from '../kit/load.js';
import { keyRanges, readRange } from '../kit/ranges.js';
import { HOLDER } from './capabilities.js';
import type { Row, Session } from './client.js';
import { quoted } from './fields.js';
import type { Layout } from './layout.js';
import { idOf, pointOf, readList } from './rows.js';
import { keyBytes, WIRE_KEYS } from './values.js';

/** Rows of one moment: in transactions on connections of their own, or in a copy of the table. */
export interface SnapshotPlace {
  /** A session that sees the snapshot, for one scan, which gives it back. */
  borrow(): Promise<Borrowed>;
  /** What is read, in SQL. */
  table: string;
  watermark: string;
  close(): Promise<void>;
}

export interface Borrowed {
  session: Pick<Session, 'query' | 'ask'>;
  giveBack(): void;
}

/**
 * Row security is an error instead of rows that are left out without a word, and no time limit of the server's ends a
 * long scan.
 */
const BEGIN =
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';

/**
 * A transaction that sees the table as it was when it began. Scans at the same time have connections of their own, which
 * take over its snapshot; on a standby, which exports none, they take turns.
 *
 * @param another opens a connection
 */
export async function snapshotTransactions(
  first: Session,
  { table }: Layout,
  another: () => Promise<Session>,
): Promise<SnapshotPlace> {
  // Asked before the snapshot is taken, so that what was committed behind it is surely replayed.
  const position = await walPosition(first);
  await first.query(BEGIN);
  const [row] = await first.query('SELECT pg_current_snapshot()');
  const exported = position.isStandby ? undefined : await exportedSnapshot(first);
  const sessions = [first];
  const idle = [first];
  const open = async () => {
    const session = await another();
    sessions.push(session);
    await session.query(`${BEGIN}; SET TRANSACTION SNAPSHOT '${exported}'`);
    return session;
  };
  const borrow = async () => {
    if (exported === undefined) return { session: first, giveBack: () => undefined };
    const session = idle.pop() ?? (await open());
    return { session, giveBack: () => void idle.push(session) };
  };
  const close = async () => {
    await Promise.all(sessions.map((session) => session.close()));
  };
  return { borrow, table, watermark: watermarkOf(row, position.wal), close };
}

async function exportedSnapshot(session: Session): Promise<string> {
  const [row] = await session.query('SELECT pg_export_snapshot()');
  return row![0]!;
}

let copies = 0;

/** Where there is but one session, a transaction would hold up everything else: a temporary copy does not. */
export async function snapshotCopy(session: Session, { table, key }: Layout): Promise<SnapshotPlace> {
  const copy = quoted(`vecproof_snapshot_${++copies}`);
  const { wal } = await walPosition(session);
  // One message is one transaction, and nothing comes between.
  const [row] = await session.query(
    `CREATE TEMP TABLE ${copy} AS TABLE ${table}; CREATE UNIQUE INDEX ON ${copy} (${quoted(key.column)}); SELECT pg_current_snapshot()`,
  );
  const borrow = async () => ({ session, giveBack: () => undefined });
  const close = async () => void (await session.query(`DROP TABLE IF EXISTS ${copy}`));
  return { borrow, table: copy, watermark: watermarkOf(row, wal), close };
}

function watermarkOf(row: Row | undefined, position: string | undefined): string {
  return `snapshot ${row![0]}${position === undefined ? '' : ` wal ${position}`}`;
}

/** Where the server's log is written to; undefined on a standby, and where that is not told. */
async function walPosition(
  session: Pick<Session, 'query'>,
): Promise<{ isStandby: boolean; wal: string | undefined }> {
  const [row] = await session.query(
    "SELECT pg_is_in_recovery(), has_function_privilege('pg_current_wal_lsn()', 'execute')",
  );
  const isStandby = row?.[0] === 't';
  if (isStandby || row?.[1] !== 't') return { isStandby, wal: undefined };
  return { isStandby, wal: (await session.query('SELECT pg_current_wal_lsn()'))[0]![0]! };
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

  /** In the key's own order, until a page is empty. The server makes the next page while this one is worked on. */
  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    this.#requireOpen();
    const ends = readRange('pgvector', range);
    const behind = this.#keyOf(after ?? ends.behind);
    const to = this.#keyOf(ends.to);
    const { session, giveBack } = await this.#place.borrow();
    let next: Promise<Row[]> | undefined;
    try {
      const page = (last: Buffer | undefined) => session.ask(...this.#statement(batchSize, last, to));
      next = page(behind);
      for (;;) {
        signal?.throwIfAborted();
        this.#requireOpen();
        const rows: Row[] = await unlessAborted(next, signal);
        const end = rows.at(-1)?.[0];
        next = undefined;
        if (end === undefined || end === null) return;
        next = page(keyBytes(this.#layout.key.ids, idOf(this.#layout.key.ids, end)));
        // Whoever stops here does not wait for it.
        next.catch(() => undefined);
        const points: Point[] = rows.map((row) => pointOf(this.#layout, row));
        yield { points, cursor: this.#cursorOf(end) };
      }
    } finally {
      // A session that still answers this scan is none for another one.
      void Promise.resolve(next)
        .catch(() => undefined)
        .then(giveBack);
    }
  }

  /** One page behind a key and up to another one. */
  #statement(batchSize: number, behind?: Buffer, to?: Buffer): [sql: string, values: Buffer[]] {
    const { key } = this.#layout;
    const column = `t.${quoted(key.column)}`;
    const values: Buffer[] = [];
    const conditions = [
      ...(behind === undefined ? [] : [`${column} > $${values.push(behind)}::${WIRE_KEYS[key.ids]}`]),
      ...(to === undefined ? [] : [`${column} <= $${values.push(to)}::${WIRE_KEYS[key.ids]}`]),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const most = Math.max(1, Math.floor(batchSize));
    return [
      `SELECT ${readList(this.#layout)} FROM ${this.#place.table} t${where} ORDER BY ${column} LIMIT ${most}`,
      values,
    ];
  }

  /** By the keys at equal distances in their order. */
  async ranges(n: number): Promise<readonly string[]> {
    this.#requireOpen();
    const { session, giveBack } = await this.#place.borrow();
    try {
      const column = quoted(this.#layout.key.column);
      const parts = Math.max(1, Math.floor(n));
      const shares = Array.from({ length: parts - 1 }, (_, i) => (i + 1) / parts);
      // Each share of an array of several rows would sort again.
      const rows = await session.query(
        `SELECT DISTINCT ends.each::text, ends.each FROM (SELECT percentile_disc(ARRAY[${shares.join(', ')}]::float8[]) WITHIN GROUP (ORDER BY ${column}) AS keys FROM ${this.#place.table}) AS found, unnest(found.keys) AS ends(each) WHERE ends.each IS NOT NULL ORDER BY ends.each`,
      );
      return keyRanges(rows.map(([key]) => this.#cursorOf(key!)));
    } finally {
      giveBack();
    }
  }

  #requireOpen(): void {
    if (this.#closed === undefined) return;
    throw new FailureError(`the snapshot of "${this.#layout.name}" was closed`, { where: 'pgvector' });
  }

  close(): Promise<void> {
    this.#closed ??= this.#place.close();
    return this.#closed;
  }

  #cursorOf(key: string): string {
    return JSON.stringify([this.#layout.key.ids, key]);
  }

  #keyOf(cursor: string | undefined): Buffer | undefined {
    if (cursor === undefined) return undefined;
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
