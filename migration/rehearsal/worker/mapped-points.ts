import type { PointId } from '../../../engines/contract/ids.js';
import type { Point, Points, Snapshot } from '../../../engines/contract/points.js';
import type { Mapped } from '../mapped.js';

export interface MappedPoints {
  points: Points;
  /** The application's id of an id of the target; one that nobody here has written stays as it is. */
  back(id: PointId): PointId;
  /** An id of the application that may be met. */
  learn(id: PointId): void;
}

/**
 * A collection as the application knows its ids: rows are written as the mapping wants them, and read as they are there, under
 * the application's id. Ids of other rules cannot be turned round: those that were asked for are remembered.
 */
export function mappedPoints(
  points: Points,
  mapped: Mapped | undefined,
  before: MappedPoints | undefined,
): MappedPoints {
  if (mapped === undefined) return { points, back: (id) => id, learn: () => {} };
  const known = before instanceof Translated ? before.known : new Map<PointId, PointId>();
  return new Translated(points, mapped, known);
}

class Translated implements MappedPoints {
  readonly known: Map<PointId, PointId>;
  readonly points: Points;
  readonly #mapped: Mapped;

  constructor(points: Points, mapped: Mapped, known: Map<PointId, PointId>) {
    this.known = known;
    this.#mapped = mapped;
    const written = (some: readonly Point[]) =>
      some.map((point) => ({ ...mapped.as(point), id: this.#idOf(point.id) }));
    const read = (point: Point) => ({ ...point, id: this.back(point.id) });
    this.points = {
      upsert: (some, signal) => points.upsert(written(some), signal),
      ...(points.insertMissing !== undefined && {
        insertMissing: (some: readonly Point[], signal?: AbortSignal) =>
          points.insertMissing!(written(some), signal),
      }),
      update: () => Promise.reject(new Error('rows are written whole here')),
      delete: (ids) => points.delete(ids.map((id) => this.#idOf(id))),
      get: async (ids) => (await points.get(ids.map((id) => this.#idOf(id)))).map(read),
      snapshot: async (at) => withIds(await points.snapshot(at), read),
      describe: () => points.describe(),
    };
  }

  back(id: PointId): PointId {
    return this.known.get(id) ?? id;
  }

  learn(id: PointId): void {
    this.#idOf(id);
  }

  #idOf(id: PointId): PointId {
    const own = this.#mapped.idOf(id);
    this.known.set(own, id);
    return own;
  }
}

function withIds(snapshot: Snapshot, read: (point: Point) => Point): Snapshot {
  return {
    ...snapshot,
    async *scan(options) {
      for await (const page of snapshot.scan(options)) yield { ...page, points: page.points.map(read) };
    },
    close: () => snapshot.close(),
  };
}
