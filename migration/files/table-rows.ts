import { openFormat } from '../../datasets/formats/registry.js';
import type { VectorSource } from '../../datasets/source.js';
import type { DenseType, DenseValues, VectorMetric } from '../../engines/contract/vectors.js';
import { floatsToHalves } from '../../engines/kit/half.js';
import type { FileRows, Row } from './rows.js';

/** Column of the vectors in formats that hold a table of numbers and nothing else. */
const VECTOR = 'vector';
const ID = 'id';
const BATCH = 1024;

/** Tables of numbers: npy, npz, HDF5, fvecs and the like; ids are their row numbers unless the file has some (npz). */
export async function tableRows(path: string, format: string, cacheFolder: string): Promise<FileRows> {
  const opened = await openFormat(path, { cacheFolder });
  const { points } = opened;
  const { component, columns } = points;
  const close = async () => {
    await points.close();
    opened.close?.();
  };
  await close();
  const numbers =
    component === 'f2' ? 'f16' : component === 'i1' ? 'int8' : component === 'f8' ? 'f64' : 'f32';
  const metric: VectorMetric | null = opened.metric ?? null;
  return {
    format,
    files: [path],
    declared: new Map([[VECTOR, { native: columns.vector, numbers }]]),
    hints: { vectors: [VECTOR], metric, ...(columns.id === null ? { rowNumbers: true } : { id: ID }) },
    absence: 'kept',
    notes: [
      ...(numbers === 'f64' ? ['float64 numbers are rounded to float32'] : []),
      ...(opened.querySets.length > 0
        ? [`${opened.querySets.map(({ name }) => `"${name}"`).join(', ')} of the file are queries: left out`]
        : []),
    ],
    async *read(): AsyncGenerator<Row> {
      const again = await openFormat(path, { cacheFolder });
      try {
        yield* rowsOf(again.points, numbers === 'f64' ? 'f32' : numbers);
      } finally {
        await again.points.close();
        again.close?.();
      }
    },
  };
}

async function* rowsOf(points: VectorSource, type: DenseType): AsyncGenerator<Row> {
  const { dimensions } = points;
  const ownIds = points.columns.id !== null;
  const integers = /int/i.test(points.columns.id ?? '');
  for await (const { start, count, ids, vectors } of points.read({ batchSize: BATCH, unchecked: true })) {
    for (let i = 0; i < count; i++) {
      const vector = numbersOf(type, vectors.slice(i * dimensions, (i + 1) * dimensions));
      yield {
        place: () => points.place(start + i),
        record: ownIds
          ? { [ID]: integers ? BigInt(ids[i]!) : ids[i]!, [VECTOR]: vector }
          : { [VECTOR]: vector },
      };
    }
  }
}

/** The file's own numbers, which float32 holds exactly. */
function numbersOf(type: DenseType, floats: Float32Array): DenseValues {
  if (type === 'f16') return floatsToHalves(floats);
  return type === 'int8' ? Int8Array.from(floats) : floats;
}
