import { FailureError } from '../../common/errors.js';
import type { PointId } from '../contract/ids.js';
import type { Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { elementsOf } from '../contract/vectors.js';
import type { MilvusClient } from './client.js';
import { literal } from './filter.js';
import type { Layout } from './layout.js';
import { MAX_HITS } from './options.js';
import { queryPoints } from './query.js';

/** The server's messages have up to 64 MiB. */
const MESSAGE_BYTES = 8 * 2 ** 20;
/** gRPC's own code of an answer that is too large. */
const RESOURCE_EXHAUSTED = 8;

/** Rows of one answer, by the bytes of their vectors. */
export function pageSize({ vectors }: Layout): number {
  const bytes = vectors.reduce((sum, field) => sum + 4 * elementsOf(field), 0);
  return Math.max(1, Math.min(MAX_HITS, Math.floor(MESSAGE_BYTES / Math.max(1, bytes))));
}

/**
 * Pages in the order of the keys, which is checked, until one is empty: a page may be short although more follow, since
 * the server leaves out rows that it holds twice after it has counted them.
 */
export class MilvusSnapshot implements Snapshot {
  readonly consistency = 'best-effort';
  /** The server's time that all pages are read at; null: it has none (2.3), each page is of its own time. */
  readonly watermark: string | null;
  readonly #client: MilvusClient;
  readonly #layout: Layout;
  #closed = false;

  constructor(client: MilvusClient, layout: Layout, watermark: string | null) {
    this.#client = client;
    this.#layout = layout;
    this.watermark = watermark;
  }

  async *scan({ batchSize, after, signal }: ScanOptions): AsyncIterable<ScanPage> {
    if (this.#closed) throw new FailureError('the snapshot was closed', { where: 'milvus' });
    const { key } = this.#layout;
    let last = after === undefined ? undefined : this.#idOf(after);
    let limit = Math.min(batchSize, pageSize(this.#layout));
    for (;;) {
      signal?.throwIfAborted();
      const expr = last === undefined ? '' : `${key} > ${literal('integer', last)}`;
      const page = await this.#page(expr, limit);
      signal?.throwIfAborted();
      if (page === undefined) {
        limit = Math.floor(limit / 2);
        continue;
      }
      if (page.length === 0) return;
      last = requireOrder(last, page);
      yield { points: page, cursor: JSON.stringify(String(last)) };
    }
  }

  /** Undefined: the answer would be too large. */
  async #page(expr: string, limit: number): Promise<Point[] | undefined> {
    const timestamp = this.watermark ?? undefined;
    try {
      const options = { expr, limit, timestamp, iterator: true };
      return (await queryPoints(this.#client, this.#layout, options)).points;
    } catch (error) {
      if (limit > 1 && (error as { code?: unknown }).code === RESOURCE_EXHAUSTED) return undefined;
      throw error;
    }
  }

  /** The key of a cursor, which is that of the last point as JSON. Throws FailureError for a text that is none. */
  #idOf(cursor: string): PointId {
    const isText = !['u32', 'u64'].includes(this.#layout.ids);
    const given = cursor.startsWith('"') && cursor.endsWith('"') ? (JSON.parse(cursor) as string) : undefined;
    if (given !== undefined && (isText || /^-?\d+$/.test(given))) return isText ? given : BigInt(given);
    throw new FailureError('this is no cursor of a scan', { where: 'milvus: scan', got: cursor });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** The last key of a page. Throws FailureError where keys do not ascend: going on behind one would leave points out. */
function requireOrder(before: PointId | undefined, page: readonly Point[]): PointId | undefined {
  let last = before;
  for (const { id } of page) {
    if (last !== undefined && !isBefore(last, id)) {
      throw new FailureError('the server did not answer in the order of the keys', {
        where: 'milvus: scan',
        got: [String(last), String(id)],
      });
    }
    last = id;
  }
  return last;
}

/** Integers by value, text by its bytes, as the server has them. */
function isBefore(a: PointId, b: PointId): boolean {
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  return a < b;
}
