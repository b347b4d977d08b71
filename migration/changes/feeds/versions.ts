import { FailureError } from '../../../common/errors.js';
import type { Points } from '../../../engines/contract/points.js';
import type { Feed, FeedPage } from './feed.js';
import { deletion, inPages, pagesOf, Rows } from './rows.js';

/**
 * For engines whose versions can be opened again (`PointSupport.snapshot.reopens`): the rows of the last version that was
 * read and those of the present one, compared by id and hash. Several changes of a row between the two are one. Holds the
 * ids and hashes of one version in memory, some 150 bytes a row.
 *
 * The first cursor is the version that was exported: without one, every row is a change. Versions in between may be
 * pruned, but not the one of the cursor.
 */
export class VersionsFeed implements Feed {
  readonly place: string;
  readonly #points: Points;
  readonly #collection: string;

  constructor(options: { points: Points; collection: string; place: string }) {
    this.place = `versions of ${options.place}`;
    this.#points = options.points;
    this.#collection = options.collection;
  }

  async *pages(after: string | null, signal?: AbortSignal): AsyncGenerator<FeedPage> {
    const now = await this.#points.snapshot();
    try {
      const { watermark } = now;
      if (watermark === null) {
        throw new FailureError('has no versions that can be opened again', {
          where: this.place,
          next: 'use a sweep',
        });
      }
      if (watermark === after) return;
      const rows = await Rows.of(this.#points, this.#collection);
      const gone = await this.#hashesAt(after, rows, signal);
      const at = Date.now();
      const prefix = `version ${watermark}`;
      for await (const points of pagesOf(now, signal)) {
        const changed = points.filter((point) => {
          const [key, hash] = [rows.textOf(point), rows.hashOf(point)];
          const isSame = gone.get(key) === hash;
          gone.delete(key);
          return !isSame;
        });
        yield { changes: changed.map((point) => rows.upsert(point, prefix, at)) };
      }
      for (const keys of inPages([...gone.keys()]))
        yield { changes: keys.map((key) => deletion(key, prefix, at)) };
      yield { changes: [], cursor: watermark };
    } finally {
      await now.close();
    }
  }

  async #hashesAt(version: string | null, rows: Rows, signal?: AbortSignal): Promise<Map<string, string>> {
    const hashes = new Map<string, string>();
    if (version === null) return hashes;
    const before = await this.#points.snapshot(version);
    try {
      for await (const points of pagesOf(before, signal))
        for (const point of points) hashes.set(rows.textOf(point), rows.hashOf(point));
    } finally {
      await before.close();
    }
    return hashes;
  }
}
