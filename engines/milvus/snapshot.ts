import { FailureError } from '../../common/errors.js';
import type { PointId } from '../contract/ids.js';
import type { Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { elementsOf } from '../contract/vectors.js';
import { endsOf, keyRanges, readRange } from '../kit/ranges.js';
import { ask, type MilvusClient } from './client.js';
import { literal } from './filter.js';
import type { Layout } from './layout.js';
import { MAX_HITS } from './options.js';
import { type Convert, converter } from './partitions.js';
import { queryKeys, queryPoints } from './query.js';

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
  readonly #convert: Convert;
  #closed = false;

  constructor(client: MilvusClient, layout: Layout, watermark: string | null) {
    this.#client = client;
    this.#layout = layout;
    this.#convert = converter(client, layout);
    this.watermark = watermark;
  }

  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    this.#requireOpen();
    const ends = readRange('milvus', range);
    let last = this.#idOf(after ?? ends.behind);
    const to = this.#idOf(ends.to);
    let limit = Math.min(batchSize, pageSize(this.#layout));
    for (;;) {
      signal?.throwIfAborted();
      const page = await this.#page(this.#between(last, to), limit);
      signal?.throwIfAborted();
      this.#requireOpen();
      if (page === undefined) {
        limit = Math.floor(limit / 2);
        continue;
      }
      if (page.length === 0) return;
      last = requireOrder(
        last,
        page.map(({ id }) => id),
      );
      yield { points: await this.#convert(page, this.#reading(page.length)), cursor: cursorOf(last!) };
    }
  }

  /** By the keys, all of which are read: the server has no other way to tell how they lie. */
  async ranges(n: number): Promise<readonly string[]> {
    this.#requireOpen();
    const pages: { last: PointId; keys: number }[] = [];
    if (n > 1) {
      const limit = keysPerPage(await this.#count(), n);
      let last: PointId | undefined;
      for (;;) {
        const keys = await queryKeys(this.#client, this.#layout, {
          ...this.#reading(limit),
          expr: this.#between(last),
        });
        if (keys.length === 0) break;
        last = requireOrder(last, keys)!;
        pages.push({ last, keys: keys.length });
      }
    }
    return keyRanges(endsOf(pages, Math.floor(n)).map(cursorOf));
  }

  async #count(): Promise<number> {
    const asked = this.#client.count({ collection_name: this.#layout.name, consistency_level: 'Strong' });
    return (await ask('count', asked)).data;
  }

  #between(behind: PointId | undefined, to?: PointId): string {
    const { key } = this.#layout;
    const ends = [
      ...(behind === undefined ? [] : [`${key} > ${literal('integer', behind)}`]),
      ...(to === undefined ? [] : [`${key} <= ${literal('integer', to)}`]),
    ];
    return ends.join(' and ');
  }

  #reading(limit: number) {
    return { limit, timestamp: this.watermark ?? undefined, iterator: true };
  }

  /** Undefined: the answer would be too large. */
  async #page(expr: string, limit: number): Promise<Point[] | undefined> {
    try {
      return (await queryPoints(this.#client, this.#layout, { ...this.#reading(limit), expr })).points;
    } catch (error) {
      if (limit > 1 && (error as { code?: unknown }).code === RESOURCE_EXHAUSTED) return undefined;
      throw error;
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new FailureError('the snapshot was closed', { where: 'milvus' });
  }

  /** The key of a cursor, which is that of the last point as JSON. Throws FailureError for a text that is none. */
  #idOf(cursor: string | undefined): PointId | undefined {
    if (cursor === undefined) return undefined;
    const isText = !['u32', 'u64'].includes(this.#layout.ids);
    const given = cursor.startsWith('"') && cursor.endsWith('"') ? (JSON.parse(cursor) as string) : undefined;
    if (given !== undefined && (isText || /^-?\d+$/.test(given))) return isText ? given : BigInt(given);
    throw new FailureError('this is no cursor of a scan', { where: 'milvus: scan', got: cursor });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** Keys that cut `n` ranges well enough, and what the server answers at once. */
function keysPerPage(count: number, n: number): number {
  return Math.max(1, Math.min(MAX_HITS, Math.ceil(count / (8 * n))));
}

function cursorOf(key: PointId): string {
  return JSON.stringify(String(key));
}

/** The last key of a page. Throws FailureError where keys do not ascend: going on behind one would leave points out. */
function requireOrder(before: PointId | undefined, page: readonly PointId[]): PointId | undefined {
  let last = before;
  for (const id of page) {
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
