import { FailureError } from '../../common/errors.js';
import type { QueueSession } from './session.js';

/**
 * Work for workers on several machines, in two tables of a PostgreSQL database. After opensearch-migrations' protocol
 * (reindex-from-snapshot): a worker holds one lease at a time; a lease has an end by the database's clock alone, and is
 * twice as long each time that its item was not finished in it; before its end the worker hands the rest over to a
 * successor, whose name follows from its rows, so that every step may be repeated.
 */
export interface WorkItem {
  /** Items of a stage are handed out once all of earlier ones are done. */
  stage: number;
  from: number;
  to: number;
}

export interface Lease extends WorkItem {
  item: string;
  owner: string;
  /** How often it was taken. */
  attempts: number;
  /** By this process' monotonic clock, when it ends; counted from before the database was asked. */
  ends: number;
  /** Of the whole lease. */
  seconds: number;
}

export type Taken =
  | { state: 'leased'; lease: Lease }
  /** Others hold all that is left; `seconds`: until the first of their leases ends. */
  | { state: 'others'; seconds: number }
  | { state: 'done' };

const TABLES = `
CREATE TABLE IF NOT EXISTS vecproof_work (
  job text NOT NULL,
  item text NOT NULL,
  stage smallint NOT NULL,
  first_row bigint NOT NULL,
  end_row bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  owner text,
  expires timestamptz,
  done_at timestamptz,
  done_by text,
  successor text,
  left_out bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (job, item)
)`;
const REJECTS = `
CREATE TABLE IF NOT EXISTS vecproof_rejects (
  job text NOT NULL,
  row bigint NOT NULL,
  entry text NOT NULL,
  PRIMARY KEY (job, row)
)`;
/** Of all statements that make tables: two at a time would be in each other's way. Any number that is ours. */
const LOCK = 'SELECT pg_advisory_xact_lock(7863215407)';
/** A lease grows up to a thousand times the first. */
const DOUBLINGS = 10;

const TAKE = `
WITH mine AS (
  SELECT item FROM vecproof_work
  WHERE job = $1 AND owner = $2 AND done_at IS NULL AND expires > clock_timestamp() LIMIT 1
), free AS (
  SELECT item FROM vecproof_work
  WHERE job = $1 AND done_at IS NULL AND (expires IS NULL OR expires <= clock_timestamp())
    AND stage = (SELECT min(stage) FROM vecproof_work WHERE job = $1 AND done_at IS NULL)
    AND NOT EXISTS (SELECT FROM mine)
  ORDER BY first_row, item LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE vecproof_work w
SET owner = $2, attempts = attempts + 1,
    expires = clock_timestamp() + make_interval(secs => $3::double precision * 2 ^ least(attempts, ${DOUBLINGS}))
WHERE job = $1 AND item IN (SELECT item FROM free UNION ALL SELECT item FROM mine)
RETURNING item, stage, first_row, end_row, attempts, extract(epoch FROM expires - clock_timestamp())::double precision AS seconds`;

interface Row {
  item: string;
  stage: number;
  first_row: string;
  end_row: string;
  attempts: number;
  seconds: number;
}

export class WorkQueue {
  readonly #session: QueueSession;
  readonly #job: string;

  constructor(session: QueueSession, job: string) {
    this.#session = session;
    this.#job = job;
  }

  /** Makes the tables and the job's items, as far as they are not there. */
  async prepare(items: readonly WorkItem[]): Promise<void> {
    await this.#session.ask([
      [LOCK, []],
      [TABLES, []],
      [REJECTS, []],
    ]);
    const column = (of: (item: WorkItem) => unknown) => items.map(of);
    const names = column((each) => nameOf(each));
    await this.#session.ask([
      [
        `INSERT INTO vecproof_work (job, item, stage, first_row, end_row)
         SELECT $1, * FROM unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[]) ON CONFLICT DO NOTHING`,
        [this.#job, names, column(({ stage }) => stage), column(({ from }) => from), column(({ to }) => to)],
      ],
    ]);
  }

  /** One item for a worker, which holds it until its lease ends. @param seconds of a first lease */
  async take(owner: string, seconds: number): Promise<Taken> {
    const asked = performance.now();
    const [row] = await this.#session.ask<Row>([[TAKE, [this.#job, owner, seconds]]]);
    if (row !== undefined) return { state: 'leased', lease: leaseOf(row, owner, asked) };
    const [rest] = await this.#session.ask<{ open: string; seconds: number | null }>([
      [
        `SELECT count(*) AS open, extract(epoch FROM min(expires) - clock_timestamp())::double precision AS seconds
         FROM vecproof_work WHERE job = $1 AND done_at IS NULL`,
        [this.#job],
      ],
    ]);
    if (rest!.open === '0') return { state: 'done' };
    return { state: 'others', seconds: Math.max(0, rest!.seconds ?? 0) };
  }

  /**
   * Ends an item at a row: what is behind it becomes a successor that anybody may take at once.
   * @returns false: the lease has ended and somebody else has the item; what was written stays, as it is the same
   */
  async handOver(lease: Lease, row: number, leftOut: number): Promise<boolean> {
    const next = { stage: lease.stage, from: row, to: lease.to };
    if (row === lease.from) return this.#give(lease);
    const rest = row < lease.to ? nameOf(next) : null;
    const values = [this.#job, lease.item, lease.owner, rest, leftOut, lease.stage, row, lease.to];
    // Repeated after a lost answer it finds itself: the same successor, done by the same worker.
    const rows = await this.#session.ask([
      [
        `WITH done AS (
           UPDATE vecproof_work SET done_at = coalesce(done_at, clock_timestamp()), done_by = owner, successor = $4, left_out = $5
           WHERE job = $1 AND item = $2 AND owner = $3
             AND (done_at IS NULL AND expires > clock_timestamp() OR done_at IS NOT NULL AND successor IS NOT DISTINCT FROM $4)
           RETURNING item
         ), rest AS (
           INSERT INTO vecproof_work (job, item, stage, first_row, end_row)
           SELECT $1, $4, $6, $7, $8 FROM done WHERE $4::text IS NOT NULL ON CONFLICT DO NOTHING
         )
         SELECT item FROM done`,
        values,
      ],
    ]);
    return rows.length === 1;
  }

  /** Ends an item that has no rows, or of which all are done. @returns false: the lease has ended */
  async finish(lease: Lease): Promise<boolean> {
    const rows = await this.#session.ask([
      [
        `UPDATE vecproof_work SET done_at = coalesce(done_at, clock_timestamp()), done_by = owner
         WHERE job = $1 AND item = $2 AND owner = $3 AND (done_at IS NOT NULL OR expires > clock_timestamp()) RETURNING item`,
        [this.#job, lease.item, lease.owner],
      ],
    ]);
    return rows.length === 1;
  }

  /** An item of which nothing is done is free again. */
  async #give({ item, owner }: Lease): Promise<boolean> {
    await this.#session.ask([
      [
        'UPDATE vecproof_work SET owner = NULL, expires = NULL WHERE job = $1 AND item = $2 AND owner = $3 AND done_at IS NULL',
        [this.#job, item, owner],
      ],
    ]);
    return true;
  }

  /** Work that has no rows to hand over goes on: its lease begins anew. @throws FailureError if it has ended */
  async renew({ item, owner, seconds }: Lease): Promise<void> {
    const rows = await this.#session.ask([
      [
        `UPDATE vecproof_work SET expires = clock_timestamp() + make_interval(secs => $4)
         WHERE job = $1 AND item = $2 AND owner = $3 AND done_at IS NULL AND expires > clock_timestamp() RETURNING item`,
        [this.#job, item, owner, seconds],
      ],
    ]);
    if (rows.length === 1) return;
    throw new FailureError('the lease has ended before the work', {
      where: this.#session.place,
      next: 'give workers longer leases with --lease',
    });
  }

  /** How far the job is: rows of finished items, and points that were left out. */
  async progress(): Promise<{ rows: number; leftOut: number }> {
    const [row] = await this.#session.ask<{ rows: string; left: string }>([
      [
        `SELECT coalesce(sum(coalesce((SELECT s.first_row FROM vecproof_work s WHERE s.job = w.job AND s.item = w.successor), end_row) - first_row), 0) AS rows,
                coalesce(sum(left_out), 0) AS left
         FROM vecproof_work w WHERE job = $1 AND done_at IS NOT NULL`,
        [this.#job],
      ],
    ]);
    return { rows: Number(row!.rows), leftOut: Number(row!.left) };
  }

  /** Rejects as text by row, in their order. */
  async rejects(): Promise<string[]> {
    const rows = await this.#session.ask<{ entry: string }>([
      ['SELECT entry FROM vecproof_rejects WHERE job = $1 ORDER BY row', [this.#job]],
    ]);
    return rows.map(({ entry }) => entry);
  }

  async addRejects(rejects: readonly { row: number; entry: string }[]): Promise<void> {
    if (rejects.length === 0) return;
    await this.#session.ask([
      [
        `INSERT INTO vecproof_rejects (job, row, entry) SELECT $1, * FROM unnest($2::bigint[], $3::text[])
         ON CONFLICT (job, row) DO UPDATE SET entry = excluded.entry`,
        [this.#job, rejects.map(({ row }) => row), rejects.map(({ entry }) => entry)],
      ],
    ]);
  }

  async removeRejects(rows: readonly number[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#session.ask([
      ['DELETE FROM vecproof_rejects WHERE job = $1 AND row = ANY($2::bigint[])', [this.#job, rows]],
    ]);
  }
}

/** Follows from what it is: whoever makes it again makes the same. */
function nameOf({ stage, from, to }: WorkItem): string {
  return `${stage}:${from}-${to}`;
}

function leaseOf(
  { item, stage, first_row, end_row, attempts, seconds }: Row,
  owner: string,
  asked: number,
): Lease {
  const lease = { item, stage, from: Number(first_row), to: Number(end_row), attempts, owner };
  return { ...lease, seconds, ends: asked + seconds * 1000 };
}
