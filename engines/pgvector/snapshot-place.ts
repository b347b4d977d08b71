import { FailureError } from '../../common/errors.js';
import type { Row, Session } from './client.js';
import { quoted } from './fields.js';
import { requireUnique } from './keys.js';
import type { Layout } from './layout.js';

/** Rows of one moment: in transactions on connections of their own, or in a copy of the table. */
export interface SnapshotPlace {
  /** A session that sees the snapshot, for one scan, which gives it back. */
  borrow(): Promise<Borrowed>;
  /** What is read, in SQL. */
  table: string;
  /** Its rows come in the order of the key without being sorted. */
  ordered: boolean;
  watermark: string;
  close(): Promise<void>;
}

export interface Borrowed {
  session: Pick<Session, 'query' | 'ask' | 'copyOut'>;
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
  { table, key }: Layout,
  another: () => Promise<Session>,
): Promise<SnapshotPlace> {
  // Asked before the snapshot is taken, so that what was committed behind it is surely replayed.
  const position = await walPosition(first);
  await first.query(BEGIN);
  const [row] = await first.query('SELECT pg_current_snapshot()');
  await told(requireUnique(first, table, key));
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
  return {
    borrow,
    table,
    ordered: key.unique,
    watermark: watermarkOf(row, position.wal),
    close,
  };
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
    `CREATE TEMP TABLE ${copy} AS TABLE ${table}; SELECT pg_current_snapshot()`,
  );
  const close = async () => void (await session.query(`DROP TABLE IF EXISTS ${copy}`));
  try {
    await requireUnique(session, copy, key);
    await session.query(`CREATE UNIQUE INDEX ON ${copy} (${quoted(key.column)})`);
  } catch (error) {
    await close();
    throw error;
  }
  const borrow = async () => ({ session, giveBack: () => undefined });
  return { borrow, table: copy, ordered: true, watermark: watermarkOf(row, wal), close };
}

/** Throws FailureError with the remedy where rows would be hidden. */
export async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code !== '42501' || message?.includes('row-level security') !== true) throw error;
    throw new FailureError(`row-level security hides rows from this user: ${message}`, {
      where: 'pgvector',
      next: 'connect as the owner of the table, or as a role with BYPASSRLS (PGUSER)',
      cause: error,
    });
  }
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
