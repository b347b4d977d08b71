import { openDataset } from '../../../datasets/open.js';
import type { Metadata, Point } from '../../../engines/contract/points.js';

/** The first points of a bundled dataset, with their metadata. */
export async function bundledPoints(name: string, count: number, cacheFolder: string): Promise<Point[]> {
  const dataset = await openDataset(name, {
    baseFolder: cacheFolder,
    cacheFolder,
    signal: new AbortController().signal,
  });
  const { dimensions, fields } = dataset.info;
  const points: Point[] = [];
  try {
    for await (const batch of dataset.points({
      batchSize: 1000,
      metadata: fields.map((each) => each.name),
    })) {
      for (let i = 0; i < batch.count; i++) {
        const metadata: Metadata = Object.fromEntries(
          fields.map((field) => [field.name, batch.metadata![field.name]![i]!]),
        );
        const vector = batch.vectors.slice(i * dimensions, (i + 1) * dimensions);
        points.push({ id: batch.ids[i]!, vectors: { vector }, metadata });
        if (points.length === count) return points;
      }
    }
    return points;
  } finally {
    await dataset.close();
  }
}
