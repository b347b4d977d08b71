import { describe, expect, test } from 'vitest';
import type { Point, Points } from '../../engines/contract/points.js';
import { writeBatch } from '../../migration/load/write-batch.js';
import { somePoints } from './helpers/collection.js';

const ROWS = somePoints(8).map((point, row) => ({ row, point }));
const VECTORS = [{ name: 'vector', kind: 'dense', type: 'f32', dimensions: 6, metric: 'cosine' }] as const;
const { signal } = new AbortController();

/** A target in memory that fails as no real one does on demand. */
function target(fail: {
  insert?(points: readonly Point[]): void;
  describe?(): void;
  change?(point: Point): Point;
}) {
  const stored = new Map<Point['id'], Point>();
  const points = {
    async insertMissing(given: readonly Point[]) {
      fail.insert?.(given);
      for (const point of given) stored.set(point.id, fail.change?.(point) ?? point);
    },
    async describe() {
      fail.describe?.();
    },
    get: async (ids: readonly Point['id'][]) => ids.flatMap((id) => stored.get(id) ?? []),
  } as unknown as Points;
  const shape = { ids: 'string', vectors: VECTORS, timestamps: new Set(['at']) } as const;
  return {
    stored,
    of: { points, shape, declared: [], near: [], absence: 'kept', insertOnly: true } as const,
  };
}

describe('a batch', () => {
  test('is halved until the one point that the target refuses is found; the others are written', async () => {
    const refused = ROWS[5]!.point.id;
    const { of, stored } = target({
      insert(points) {
        if (points.some(({ id }) => id === refused)) throw new Error('too long');
      },
    });
    expect(await writeBatch(of, ROWS, signal)).toMatchObject([
      { row: 5, id: refused, idType: 'string', cause: 'too long', point: expect.stringContaining('"n":5') },
    ]);
    expect(stored.size).toBe(7);
  });

  test('is no reject where the target is gone, whatever its error is called', async () => {
    const gone = () => {
      throw new Error('fetch failed');
    };
    await expect(writeBatch(target({ insert: gone, describe: gone }).of, ROWS, signal)).rejects.toThrow(
      'fetch failed',
    );
  });

  test('that does not come back as it was written is a failure that names point and field', async () => {
    const change = (point: Point): Point => ({ ...point, metadata: { ...point.metadata, n: 0 } });
    await expect(writeBatch(target({ change }).of, ROWS.slice(2, 3), signal)).rejects.toThrow(
      /field "n": 2 → 0/,
    );
  });
});
