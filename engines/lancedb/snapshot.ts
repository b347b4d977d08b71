import { FailureError, messageOf } from '../../common/errors.js';
import type { ColumnPage, Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { cuts } from '../kit/ranges.js';
import { piecesOf } from '../kit/slice-columns.js';
import { firstDuplicate } from '../kit/unique.js';
import type { LanceTable } from './client.js';
import { hasColumns, readColumns } from './column-page.js';
import type { Layout } from './layout.js';
import { keysOf, readPoints } from './rows.js';
import type { LanceSession } from './session.js';

/**
 * A version of the table, on a handle of its own. Nothing holds it: a tag would be written into the user's table. What
 * `optimize` prunes meanwhile is an error when it is read.
 */
export async function openSnapshot(
  { connection }: Pick<LanceSession, 'connection'>,
  layout: Layout,
  at: string | undefined,
): Promise<Snapshot> {
  const table = await connection.openTable(layout.name);
  try {
    if (at === undefined) await table.checkout(await table.version());
    else
      await table
        .checkout(Number(at))
        .catch((error: unknown) => Promise.reject(gone(layout.name, at, error)));
    if (layout.mark === null) await requireUnique(table, layout);
    return new LanceSnapshot(table, layout, String(await table.version()));
  } catch (error) {
    table.close();
    throw error;
  }
}

/** Files of a version that are missing were pruned; other errors are told as they are. */
function gone(name: string, version: string, error: unknown): unknown {
  if (!/not found/i.test(messageOf(error))) return error;
  return new FailureError(`version ${version} of table "${name}" is gone`, {
    where: 'lancedb',
    next: 'somebody has pruned it: tag the version first, or begin again with another folder as --out',
    cause: error,
  });
}

/** Throws FailureError for a key that stands in two rows: nothing in the engine sees to it. */
async function requireUnique(table: LanceTable, layout: Layout): Promise<void> {
  async function* keys() {
    for await (const rows of table.query().select([layout.idColumn])) {
      const column = rows.getChild(layout.idColumn);
      if (column !== null) yield keysOf(layout, column);
    }
  }
  const twice = await firstDuplicate(keys, await table.countRows());
  if (twice === undefined) return;
  throw new FailureError(
    `column "${layout.idColumn}" of table "${layout.name}" is no key: its value stands in two rows`,
    {
      where: 'lancedb',
      got: twice,
      next: 'name another column as ?key=',
    },
  );
}

/** Positions of a version's rows, in the order of its files: from `from`, and before `to`. */
interface Positions {
  from: number;
  to: number;
}

class LanceSnapshot implements Snapshot {
  readonly consistency = 'snapshot';
  readonly watermark: string;
  readonly columns?: (options: ScanOptions) => AsyncIterable<ColumnPage>;
  readonly #table: LanceTable;
  readonly #layout: Layout;
  #closed = false;

  constructor(table: LanceTable, layout: Layout, version: string) {
    this.#table = table;
    this.#layout = layout;
    this.watermark = version;
    if (hasColumns(layout)) this.columns = (options) => this.#columns(options);
  }

  /** A cursor and a range are places in one version. */
  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    signal?.throwIfAborted();
    const total = await this.#total();
    const { from, to } = range === undefined ? { from: 0, to: total } : this.#rangeOf(range, total);
    let done = after === undefined ? from : this.#placeOf(after);
    let waiting: Point[] = [];
    const page = (size: number): ScanPage => {
      const points = waiting.slice(0, size);
      waiting = waiting.slice(size);
      done += points.length;
      return { points, cursor: `${this.watermark}:${done}` };
    };
    if (done < to) {
      for await (const rows of this.#batches(done, to)) {
        waiting.push(...readPoints(this.#layout, rows));
        while (waiting.length >= batchSize) {
          signal?.throwIfAborted();
          yield page(batchSize);
        }
      }
      signal?.throwIfAborted();
      if (waiting.length > 0) yield page(waiting.length);
    }
    this.#requireEnd(done, from, to, total);
  }

  /** Over the memory of the engine's batches, which are cut where they are larger than a page. */
  async *#columns({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ColumnPage> {
    signal?.throwIfAborted();
    const total = await this.#total();
    const { from, to } = range === undefined ? { from: 0, to: total } : this.#rangeOf(range, total);
    let done = after === undefined ? from : this.#placeOf(after);
    if (done < to) {
      for await (const rows of this.#batches(done, to)) {
        signal?.throwIfAborted();
        const read = readColumns(this.#layout, rows);
        if (read === undefined) continue;
        for (const columns of piecesOf(read, this.#layout.vectors, batchSize)) {
          done += columns.count;
          yield { columns, cursor: `${this.watermark}:${done}` };
        }
      }
      signal?.throwIfAborted();
    }
    this.#requireEnd(done, from, to, total);
  }

  #requireEnd(done: number, from: number, to: number, total: number): void {
    if (done === to) return;
    const what = `read up to point ${done} of ${from} to ${to} of version ${this.watermark}, which has ${total}`;
    throw new FailureError(what, { where: 'lancedb' });
  }

  async ranges(n: number): Promise<readonly string[]> {
    const total = await this.#total();
    const ends = [0, ...cuts(total, Math.floor(n)), total];
    return ends.slice(1).map((to, i) => `${this.watermark}:${ends[i]}-${to}`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#table.close();
  }

  #total(): Promise<number> {
    if (!this.#closed) return this.#table.countRows();
    throw new FailureError(`the snapshot of "${this.#layout.name}" was closed`, { where: 'lancedb' });
  }

  async *#batches(from: number, to: number) {
    try {
      yield* { [Symbol.asyncIterator]: () => this.#rows(from, to)[Symbol.asyncIterator]() };
    } catch (error) {
      throw gone(this.#layout.name, this.watermark, error);
    }
  }

  #rows(from: number, to: number) {
    const { omitted, idColumn, vectors, fields, parts } = this.#layout;
    const rows = this.#table
      .query()
      .offset(from)
      .limit(to - from);
    if (omitted.length === 0) return rows;
    return rows.select([idColumn, ...[...vectors, ...fields, ...parts].map(({ column }) => column)]);
  }

  #rangeOf(range: string, total: number): Positions {
    const [, version, from, to] = /^(\d+):(\d+)-(\d+)$/.exec(range) ?? [];
    this.#requireOwn('range', range, version);
    const positions = { from: Number(from), to: Number(to) };
    if (positions.from <= positions.to && positions.to <= total) return positions;
    throw new FailureError(`version ${version} of the table has ${total} points`, {
      where: 'lancedb',
      got: range,
    });
  }

  #placeOf(cursor: string): number {
    const [, version, place] = /^(\d+):(\d+)$/.exec(cursor) ?? [];
    this.#requireOwn('cursor', cursor, version);
    return Number(place);
  }

  #requireOwn(what: string, text: string, version: string | undefined): void {
    if (version === this.watermark) return;
    throw new FailureError(
      version === undefined
        ? `the ${what} is not one of a snapshot of this table`
        : `the ${what} is of version ${version} of the table, the snapshot of ${this.watermark}`,
      {
        where: 'lancedb',
        got: text,
        ...(version !== undefined && { next: `open the snapshot at ${version}` }),
      },
    );
  }
}
