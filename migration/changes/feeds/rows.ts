import type { Point, Points, Snapshot } from '../../../engines/contract/points.js';
import { describedShape, type PointShape } from '../../export/canonical.js';
import { pointHash } from '../../export/row-hash.js';
import { keyText, type NewChange, type RowKey } from '../change.js';

/** Most points of a page. */
export const PAGE = 500;

/** Rows of a collection as changes, and what tells whether one has changed. */
export class Rows {
  readonly #collection: string;
  readonly #shape: PointShape;

  private constructor(collection: string, shape: PointShape) {
    this.#collection = collection;
    this.#shape = shape;
  }

  static async of(points: Points, collection: string): Promise<Rows> {
    return new Rows(collection, describedShape(await points.describe()));
  }

  keyOf({ id, tenant }: Pick<Point, 'id' | 'tenant'>): RowKey {
    return { collection: this.#collection, ...(tenant !== undefined && { tenant }), id };
  }

  textOf(point: Point): string {
    return keyText(this.keyOf(point));
  }

  /** Of all that a point has, in 32 digits. */
  hashOf(point: Point): string {
    return pointHash(this.#shape, point).toString('hex').slice(0, 32);
  }

  /** @param prefix of the idempotency key: what makes this state of the row another one than before */
  upsert(point: Point, prefix: string, at: number): NewChange {
    const key = this.keyOf(point);
    return { kind: 'upsert', ...key, point, idempotencyKey: `${prefix} ${keyText(key)}`, at };
  }
}

/** The change of a row that is gone, by its key as text. */
export function deletion(key: string, prefix: string, at: number): NewChange {
  const [collection, tenant, type, id] = JSON.parse(key) as [string, string | null, 'i' | 's', string];
  return {
    kind: 'delete',
    collection,
    ...(tenant !== null && { tenant }),
    id: type === 'i' ? BigInt(id) : id,
    idempotencyKey: `${prefix} ${key}`,
    at,
  };
}

export async function* pagesOf(snapshot: Snapshot, signal?: AbortSignal): AsyncGenerator<readonly Point[]> {
  for await (const { points } of snapshot.scan({ batchSize: PAGE, signal })) yield points;
}

/** A list in pages. */
export function* inPages<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += PAGE) yield all.slice(from, from + PAGE);
}
