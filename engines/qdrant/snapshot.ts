import { FailureError } from '../../common/errors.js';
import type { Point, PointValue, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
import { endsOf, keyRanges, readRange } from '../kit/ranges.js';
import { pathOf, send } from './http.js';
import { following, isBefore, isNativeId } from './ids.js';
import type { Json } from './json.js';

export interface StoredPoint {
  id: number | bigint | string;
  payload?: { readonly [key: string]: PointValue } | null;
  vector?: unknown;
}

interface Page {
  points: StoredPoint[];
  next_page_offset?: number | bigint | string | null;
}

/**
 * Pages in the order of the server's ids over a collection that may change meanwhile: the server has no snapshot that
 * can be read without restoring it. The last id of a page is its cursor.
 */
export class QdrantSnapshot implements Snapshot {
  readonly consistency = 'best-effort';
  readonly watermark = null;
  readonly #endpoint: Endpoint;
  readonly #name: string;
  readonly #read: (stored: StoredPoint) => Point;
  #closed = false;

  constructor(endpoint: Endpoint, name: string, read: (stored: StoredPoint) => Point) {
    this.#endpoint = endpoint;
    this.#name = name;
    this.#read = read;
  }

  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    this.#requireOpen();
    const ends = readRange('qdrant', range);
    const to = idOf(ends.to);
    for await (const { points, last } of this.#pages(batchSize, true, idOf(after ?? ends.behind), signal)) {
      const within = to === undefined ? points : points.filter(({ id }) => !isBefore(to, known(id)));
      if (within.length > 0)
        yield { points: within.map(this.#read), cursor: String(known(within.at(-1)!.id)) };
      // An id behind the end is the end of the range; else the server says that nothing follows.
      if (to !== undefined && isBefore(to, last)) return;
    }
  }

  /** By the ids, all of which are read: the server has no other way to tell how they lie. */
  async ranges(n: number): Promise<readonly string[]> {
    this.#requireOpen();
    const pages: { last: bigint | string; keys: number }[] = [];
    if (n > 1) {
      const count = await this.#count();
      const limit = Math.max(1, Math.min(MOST_IDS, Math.ceil(count / (8 * n))));
      for await (const { points, last } of this.#pages(limit, false))
        pages.push({ last, keys: points.length });
    }
    return keyRanges(endsOf(pages, Math.floor(n)).map(String));
  }

  /** Until the server says that nothing follows. */
  async *#pages(limit: number, whole: boolean, after?: bigint | string, signal?: AbortSignal) {
    let last = after;
    let offset: Json = last === undefined ? null : following(last);
    const path = `${pathOf(this.#name)}/points/scroll`;
    // Behind the largest id there is nothing.
    while (offset !== undefined) {
      signal?.throwIfAborted();
      const body = { limit, offset, with_payload: whole, with_vector: whole };
      const page: Page = await send(this.#endpoint, 'cannot scan', 'POST', path, body);
      signal?.throwIfAborted();
      this.#requireOpen();
      last = requireOrder(last, page.points);
      if (page.points.length > 0) yield { points: page.points, last: last! };
      offset = page.next_page_offset ?? undefined;
    }
  }

  async #count(): Promise<number> {
    const path = `${pathOf(this.#name)}/points/count`;
    const body = { exact: true };
    return (await send<{ count: number }>(this.#endpoint, 'cannot count', 'POST', path, body)).count;
  }

  #requireOpen(): void {
    if (this.#closed) throw new FailureError('the snapshot was closed', { where: 'qdrant' });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

const MOST_IDS = 10_000;

function known(id: StoredPoint['id']): bigint | string {
  return typeof id === 'string' ? id : BigInt(id);
}

/** The id of a cursor. Throws FailureError for a text that is none. */
function idOf(cursor: string | undefined): bigint | string | undefined {
  if (cursor === undefined) return undefined;
  const id = /^\d+$/.test(cursor) ? BigInt(cursor) : cursor;
  if (isNativeId(id)) return id;
  throw new FailureError('this is no cursor of a scan', { where: 'qdrant: scan', got: cursor });
}

/** The last id of a page. Throws FailureError where ids do not ascend: going on behind one would leave points out. */
function requireOrder(before: bigint | string | undefined, points: readonly StoredPoint[]) {
  let last = before;
  for (const { id } of points) {
    const next = known(id);
    if (last !== undefined && !isBefore(last, next)) {
      throw new FailureError('the server did not answer in the order of the ids', {
        where: 'qdrant: scan',
        got: [String(last), String(next)],
      });
    }
    last = next;
  }
  return last;
}
