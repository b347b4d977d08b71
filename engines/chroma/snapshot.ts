import { FailureError } from '../../common/errors.js';
import type { Point, ScanOptions, ScanPage, Snapshot } from '../contract/points.js';
import { cuts, keyRanges, readRange } from '../kit/ranges.js';
import { serverId } from './ids.js';

/** The server as a scan needs it. */
export interface ScanPlace {
  /** All ids of the collection, in any order. */
  ids(): Promise<readonly string[]>;
  /** Those points that are there, in any order. */
  read(ids: readonly string[]): Promise<Point[]>;
  /** Ids of one request. */
  most: number;
}

/**
 * All ids first, in order: pages by position would skip points that move when others are written meanwhile. A cursor is
 * the last id of a page.
 */
export class ChromaSnapshot implements Snapshot {
  readonly consistency = 'best-effort';
  readonly watermark = null;
  readonly #place: ScanPlace;
  #sorted: Promise<string[]> | undefined;
  #closed = false;

  constructor(place: ScanPlace) {
    this.#place = place;
  }

  async *scan({ batchSize, after, range, signal }: ScanOptions): AsyncIterable<ScanPage> {
    signal?.throwIfAborted();
    const ends = readRange('chroma', range);
    const behind = lastId(after ?? ends.behind);
    const to = lastId(ends.to);
    const ids = (await this.#ids()).filter(
      (id) => (behind === undefined || byText(id, behind) > 0) && (to === undefined || byText(id, to) <= 0),
    );
    const size = Math.min(batchSize, this.#place.most);
    for (let from = 0; from < ids.length; from += size) {
      signal?.throwIfAborted();
      const part = ids.slice(from, from + size);
      const points = inOrder(part, await this.#place.read(part));
      await this.#ids();
      if (points.length > 0) yield { points, cursor: cursorOf(part.at(-1)!) };
    }
    signal?.throwIfAborted();
  }

  async ranges(n: number): Promise<readonly string[]> {
    const ids = await this.#ids();
    return keyRanges(cuts(ids.length, Math.floor(n)).map((at) => cursorOf(ids[at - 1]!)));
  }

  /** Listed once for all ranges. */
  #ids(): Promise<string[]> {
    if (this.#closed) throw new FailureError('the snapshot was closed', { where: 'chroma' });
    this.#sorted ??= this.#place
      .ids()
      .then(sortedIds)
      .catch((error: unknown) => {
        this.#sorted = undefined;
        throw error;
      });
    return this.#sorted;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** Throws FailureError for an id that is listed twice: one of the two points would be missing. */
function sortedIds(ids: readonly string[]): string[] {
  const sorted = ids.toSorted(byText);
  const twice = sorted.find((id, i) => id === sorted[i - 1]);
  if (twice === undefined) return sorted;
  throw new FailureError('the server lists an id twice', { where: 'chroma', got: twice });
}

function cursorOf(id: string): string {
  return JSON.stringify({ id });
}

/** The last id of the page that a cursor follows. */
function lastId(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [, id] = /^\{"id":(".*")\}$/s.exec(cursor) ?? [];
  if (id !== undefined) return JSON.parse(id) as string;
  throw new FailureError('the cursor is none of a scan', { where: 'chroma', got: cursor });
}

/** The server answers in an order of its own. */
function inOrder(ids: readonly string[], points: readonly Point[]): Point[] {
  const found = new Map(points.map((point) => [serverId(point.id), point]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** By code units, which is an order of its own but the same each time. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
