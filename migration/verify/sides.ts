import type { PointColumns } from '../../engines/contract/columns.js';
import type { Point } from '../../engines/contract/points.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { pointsIn } from '../../engines/kit/columns.js';
import type { Filter } from '../../filters/filter.js';
import type { PointShape } from '../export/canonical.js';
import type { NearField } from '../export/near.js';
import { Buckets } from './digests.js';
import { SideTally, type Tally } from './tally.js';

/** A page of one side as it is compared. */
export type SidePage = { columns: PointColumns } | { points: readonly Point[] };

/** What is read of both sides in the same way. */
export interface ReadOrder {
  /** Where the digests are kept, in so many files a side. */
  folder: string;
  count: number;
  near: readonly NearField[];
  filters: readonly Filter[];
  /** Points that are kept whole. */
  sample: number;
  seed: number;
}

export interface ReadSide {
  buckets: Buckets;
  count: number;
  tally: Tally;
}

/** Reads one side to its end. @param shape as its points are compared */
export async function readPages(
  name: 'source' | 'target',
  pages: AsyncIterable<SidePage>,
  shape: PointShape,
  { folder, count, near, filters, sample, seed }: ReadOrder,
  told: (rows: number) => void,
): Promise<ReadSide> {
  const buckets = new Buckets(folder, name, count, near);
  const tally = new SideTally(filters, sample, seed, shape.timestamps);
  for await (const page of pages) {
    if ('columns' in page) {
      buckets.addColumns(shape, page.columns);
      tally.addColumns(page.columns, shape.vectors);
    } else
      for (const point of page.points) {
        buckets.add(shape, point);
        tally.add(point);
      }
    told(buckets.rows);
  }
  buckets.finish();
  return { buckets, count, tally: tally.result() };
}

export async function* pagesOfPoints(pages: AsyncIterable<readonly Point[]>): AsyncGenerator<SidePage> {
  for await (const points of pages) yield { points };
}

/**
 * Columns as they have to be in the target.
 * @param vectors as the columns have them
 * @param whole of columns; undefined, or what it does not do, is done point by point
 */
export async function* pagesOfColumns(
  pages: AsyncIterable<PointColumns>,
  vectors: readonly VectorField[],
  whole: (columns: PointColumns) => PointColumns | undefined,
  each: (point: Point) => Point | undefined,
): AsyncGenerator<SidePage> {
  for await (const page of pages) {
    const columns = whole(page);
    if (columns !== undefined) yield { columns };
    else yield { points: pointsIn(page, vectors).flatMap((point) => each(point) ?? []) };
  }
}
