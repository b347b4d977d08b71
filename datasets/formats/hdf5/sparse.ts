import { InputError } from '../../../common/errors.js';
import type { QueryPart } from '../../assemble.js';
import type { PointBatch, PointsOptions } from '../../dataset.js';
import { rowIds, tableColumns, throwIfInterrupted, type VectorSource } from '../../source.js';
import { checkShape } from '../flat-source.js';
import type { Hdf5File, Hdf5List } from './file.js';
import { readHdf5Truth } from './neighbors.js';

/**
 * ann-benchmarks' sets of sets: `train` has the numbers of the bits of each vector, one list after the other, `size_train` how many they
 * are, and the attribute `dimension` how many there may be. Throws InputError.
 */
export function openSparse(file: Hdf5File): { points: VectorSource; querySets: QueryPart[] } {
  const dimensions = Number(file.attribute('dimension'));
  if (!Number.isSafeInteger(dimensions) || dimensions < 1) {
    throw new InputError('is of type sparse and does not say its dimension', {
      where: file.path,
      got: file.attribute('dimension') ?? 'no attribute "dimension"',
      next: 'set the attribute "dimension" to the number of bits of a vector',
    });
  }
  const points = sparseSource(file, 'train', dimensions);
  if (!file.names.includes('test')) return { points, querySets: [] };
  const source = sparseSource(file, 'test', dimensions);
  const providedTruth = async () => readHdf5Truth(file, source.count, points.count);
  return { points, querySets: [{ name: 'test', source, providedTruth }] };
}

function sparseSource(file: Hdf5File, name: string, dimensions: number): VectorSource {
  const numbers = requireList(file, name);
  const sizes = requireList(file, `size_${name}`);
  const count = sizes.length;
  checkShape(`${file.path} ${name}`, count, dimensions);
  const starts = startsOf(file, name, sizes, numbers.length);
  const place = (row: number) => `${file.path} ${name} row ${row}`;
  return {
    count,
    dimensions,
    fields: [],
    columns: tableColumns(`lists "${name}" (${dimensions} bits)`),
    component: 'b1',
    reading: { format: 'hdf5', lists: name },
    place,
    read: (options) => readLists(numbers, starts, { dimensions, place }, options),
    // The file is shared by its tables and closed with the dataset.
    async close() {},
  };
}

function requireList(file: Hdf5File, name: string): Hdf5List {
  const list = file.list(name);
  if (list !== undefined && list.length > 0) return list;
  throw new InputError(`has no list "${name}", or an empty one`, {
    where: file.path,
    got: file.names,
    next: 'ann-benchmarks’ sets of type sparse have lists train, test, size_train and size_test',
  });
}

/** Where each vector's list begins, and where the last one ends. */
function startsOf(file: Hdf5File, name: string, sizes: Hdf5List, length: number): Float64Array {
  const all = sizes.read(0, sizes.length);
  const starts = new Float64Array(all.length + 1);
  for (const [row, size] of all.entries()) starts[row + 1] = starts[row]! + Math.max(0, size);
  if (all.every((size) => size >= 0) && starts.at(-1) === length) return starts;
  throw new InputError(`the sizes in "size_${name}" are not those of the lists`, {
    where: file.path,
    got: `${starts.at(-1)} numbers, the list has ${length}`,
    next: 'the file is damaged: write or download it again',
  });
}

async function* readLists(
  numbers: Hdf5List,
  starts: Float64Array,
  { dimensions, place }: Pick<VectorSource, 'dimensions' | 'place'>,
  { batchSize, signal }: PointsOptions,
): AsyncGenerator<PointBatch> {
  const rows = starts.length - 1;
  for (let start = 0; start < rows; start += batchSize) {
    throwIfInterrupted(signal);
    const count = Math.min(batchSize, rows - start);
    const from = starts[start]!;
    const bits = numbers.read(from, starts[start + count]! - from);
    const vectors = new Float32Array(count * dimensions);
    for (let i = 0; i < count; i++) {
      const end = starts[start + i + 1]! - from;
      for (let at = starts[start + i]! - from; at < end; at++) {
        const bit = bits[at]!;
        if (bit >= 0 && bit < dimensions) vectors[i * dimensions + bit] = 1;
        else
          throw new InputError(`the vector names a bit that is not one of ${dimensions}`, {
            where: place(start + i),
            got: bit,
            next: 'the file is damaged, or its attribute "dimension" is wrong',
          });
      }
    }
    yield { start, count, ids: rowIds(start, count), vectors };
  }
}
