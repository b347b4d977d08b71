import { FailureError } from '../../common/errors.js';
import type { Point, PointValue, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import type { Endpoint } from '../contract/server.js';
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

  async *scan({ batchSize, after, signal }: ScanOptions): AsyncIterable<ScanPage> {
    if (this.#closed) throw new FailureError('the snapshot was closed', { where: 'qdrant' });
    let last = after === undefined ? undefined : idOf(after);
    let offset: Json = last === undefined ? null : following(last);
    // Behind the largest id there is nothing.
    while (offset !== undefined) {
      signal?.throwIfAborted();
      const body = { limit: batchSize, offset, with_payload: true, with_vector: true };
      const path = `${pathOf(this.#name)}/points/scroll`;
      const page: Page = await send(this.#endpoint, 'cannot scan', 'POST', path, body);
      signal?.throwIfAborted();
      last = requireOrder(last, page.points);
      if (page.points.length > 0) yield { points: page.points.map(this.#read), cursor: String(last) };
      offset = page.next_page_offset ?? undefined;
    }
    signal?.throwIfAborted();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** The id of a cursor. Throws FailureError for a text that is none. */
function idOf(cursor: string): bigint | string {
  const id = /^\d+$/.test(cursor) ? BigInt(cursor) : cursor;
  if (isNativeId(id)) return id;
  throw new FailureError('this is no cursor of a scan', { where: 'qdrant: scan', got: cursor });
}

/** The last id of a page. Throws FailureError where ids do not ascend: going on behind one would leave points out. */
function requireOrder(before: bigint | string | undefined, points: readonly StoredPoint[]) {
  let last = before;
  for (const { id } of points) {
    const next = typeof id === 'string' ? id : BigInt(id);
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
