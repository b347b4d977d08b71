import { FailureError } from '../../common/errors.js';
import type { ColumnPage, Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { checkIds } from '../kit/check.js';
import { unlessAborted } from '../kit/load.js';
import { keyRanges, readRange } from '../kit/ranges.js';
import { HOLDER } from './capabilities.js';
import type { Row } from './client.js';
import { columnList, hasColumns, keyLiteral, readCopy } from './column-page.js';
import { quoted } from './fields.js';
import type { Layout } from './layout.js';
import { idOf, pointOf, readList } from './rows.js';
import { type Borrowed, type SnapshotPlace, told } from './snapshot-place.js';
import { keyBytes } from './values.js';

let cursors = 0;

export class PgSnapshot implements Snapshot {
  readonly consistency = 'snapshot';
  readonly watermark: string;
  readonly columns?: (options: ScanOptions) => AsyncIterable<ColumnPage>;
  readonly #place: SnapshotPlace;
  readonly #layout: Layout;
  #closed: Promise<void> | undefined;

  constructor(place: SnapshotPlace, layout: Layout) {
    this.watermark = place.watermark;
    this.#place = place;
    this.#layout = layout;
    if (place.ordered && hasColumns(layout)) this.columns = (options) => this.#columns(options);
  }

  /** In the key's own order, until a page is empty. The server makes the next page while this one is worked on. */
  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    this.#requireOpen();
    const ends = readRange('pgvector', range);
    const behind = this.#keyOf(after ?? ends.behind);
    const to = this.#keyOf(ends.to);
    const { session, giveBack } = await this.#place.borrow();
    const most = Math.max(1, Math.floor(batchSize));
    const pages = await this.#pages(session, most, behind, to);
    let next: Promise<Row[]> | undefined = pages.next(behind);
    try {
      for (;;) {
        signal?.throwIfAborted();
        this.#requireOpen();
        const rows: Row[] = await told(unlessAborted(next, signal));
        const end = rows.at(-1)?.[0];
        next = undefined;
        if (end === undefined || end === null) return;
        next = pages.next(keyBytes(this.#layout.key.ids, idOf(this.#layout.key.ids, end)));
        // Whoever stops here does not wait for it.
        next.catch(() => undefined);
        const points: Point[] = rows.map((row) => pointOf(this.#layout, row));
        yield { points, cursor: this.#cursorOf(end) };
      }
    } finally {
      // A session that still answers this scan is none for another one.
      void Promise.resolve(next)
        .then(pages.end)
        .catch(() => undefined)
        .then(giveBack);
    }
  }

  /** As `scan`, by COPY in binary. */
  async *#columns({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ColumnPage> {
    this.#requireOpen();
    const ends = readRange('pgvector', range);
    const to = this.#textOf(ends.to);
    const { session, giveBack } = await this.#place.borrow();
    const most = Math.max(1, Math.floor(batchSize));
    const ask = (behind: string | undefined) => session.copyOut(this.#copyStatement(most, behind, to));
    let next: Promise<Buffer> | undefined = ask(this.#textOf(after ?? ends.behind));
    try {
      for (;;) {
        signal?.throwIfAborted();
        this.#requireOpen();
        const page = readCopy(this.#layout, await told(unlessAborted(next, signal)));
        next = undefined;
        if (page === undefined) return;
        next = ask(page.last);
        // Whoever stops here does not wait for it.
        next.catch(() => undefined);
        yield { columns: page.columns, cursor: this.#cursorOf(page.last) };
      }
    } finally {
      void Promise.resolve(next)
        .catch(() => undefined)
        .then(giveBack);
    }
  }

  #copyStatement(most: number, behind: string | undefined, to: string | undefined): string {
    const { key } = this.#layout;
    const column = `t.${quoted(key.column)}`;
    const conditions = [
      ...(behind === undefined ? [] : [`${column} > ${keyLiteral(key, behind)}`]),
      ...(to === undefined ? [] : [`${column} <= ${keyLiteral(key, to)}`]),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const rows = `SELECT ${columnList(this.#layout)} FROM ${this.#place.table} t${where} ORDER BY ${column} LIMIT ${most}`;
    return `COPY (${rows}) TO STDOUT (FORMAT binary)`;
  }

  /** Where an index gives the order, each page is a statement of its own; else the rows are sorted once, by a cursor. */
  async #pages(session: Borrowed['session'], most: number, behind?: Buffer, to?: Buffer) {
    if (this.#place.ordered) {
      const next = (last?: Buffer) => {
        const { sql, values } = this.#statement(last, to);
        return session.ask(`${sql} LIMIT ${most}`, values);
      };
      return { next, end: () => undefined };
    }
    const cursor = `vecproof_scan_${++cursors}`;
    const { sql, values } = this.#statement(behind, to);
    await told(session.ask(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values));
    return {
      next: () => session.query(`FETCH ${most} FROM ${cursor}`),
      end: () => session.query(`CLOSE ${cursor}`),
    };
  }

  /** Rows behind a key and up to another one. */
  #statement(behind?: Buffer, to?: Buffer): { sql: string; values: Buffer[] } {
    const { key } = this.#layout;
    const column = `t.${quoted(key.column)}`;
    const values: Buffer[] = [];
    const conditions = [
      ...(behind === undefined ? [] : [`${column} > $${values.push(behind)}::${key.wire}`]),
      ...(to === undefined ? [] : [`${column} <= $${values.push(to)}::${key.wire}`]),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const sql = `SELECT ${readList(this.#layout)} FROM ${this.#place.table} t${where} ORDER BY ${column}`;
    return { sql, values };
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
    const text = this.#textOf(cursor);
    const { ids } = this.#layout.key;
    return text === undefined ? undefined : keyBytes(ids, idOf(ids, text));
  }

  #textOf(cursor: string | undefined): string | undefined {
    if (cursor === undefined) return undefined;
    const { ids } = this.#layout.key;
    try {
      const [kind, text] = JSON.parse(cursor) as [unknown, unknown];
      if (kind !== ids || typeof text !== 'string') throw new TypeError(`not of ids of kind ${ids}`);
      const id = idOf(ids, text);
      checkIds(HOLDER, ids, [id]);
      keyBytes(ids, id);
      return text;
    } catch (error) {
      throw new FailureError('the cursor is not one of a scan of this collection', {
        where: 'pgvector',
        got: cursor,
        cause: error,
      });
    }
  }
}
