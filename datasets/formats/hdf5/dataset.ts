import { InputError } from '../../../common/errors.js';
import type { QueryPart } from '../../assemble.js';
import type { Metric, PointBatch, PointsOptions } from '../../dataset.js';
import { rowIds, tableColumns, throwIfInterrupted, type VectorSource } from '../../source.js';
import { setRows, typeName } from '../numbers.js';
import { type Hdf5File, type Hdf5Table, openHdf5File } from './file.js';
import { readHdf5Truth, setNumbers } from './neighbors.js';
import { openSparse } from './sparse.js';

/** What an ann-benchmarks file holds. */
export interface Hdf5Parts {
  points: VectorSource;
  /** `test`, if the file has it. */
  querySets: QueryPart[];
  metric: Metric | undefined;
  close(): void;
}

const METRIC_NAMES: Readonly<Record<string, Metric>> = {
  angular: 'cosine',
  cosine: 'cosine',
  euclidean: 'l2',
  l2: 'l2',
  dot: 'dot',
  ip: 'dot',
  inner_product: 'dot',
  innerproduct: 'dot',
  mips: 'dot',
  hamming: 'hamming',
  jaccard: 'jaccard',
};

/**
 * Opens a file in the layout of ann-benchmarks: `train` (points), `test` (queries), `neighbors` and `distances`
 * (the file's own truth), and the attribute `distance`. Throws InputError.
 *
 * @param declared metric that the user declared; the file's own is then not looked at
 */
export async function openHdf5(path: string, declared: Metric | undefined): Promise<Hdf5Parts> {
  const file = await openHdf5File(path);
  try {
    const metric = declared ?? metricOf(file);
    if (file.attribute('type') === 'sparse')
      return { ...openSparse(file), metric, close: () => file.close() };
    const train = file.table('train');
    if (train === undefined) {
      throw new InputError('has no table "train" with the points', {
        where: path,
        got: file.names,
        next: 'use the ann-benchmarks layout: train, test, neighbors, distances',
      });
    }
    const test = file.table('test');
    const bits = file.attribute('point_type') === 'bit';
    const points = tableSource(path, 'train', train, bits);
    const sets = test === undefined ? [] : [testSet(file, test, train.rows, bits)];
    return { points, querySets: sets, metric, close: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

function metricOf(file: Hdf5File): Metric | undefined {
  const name = file.attribute('distance');
  if (name === undefined) return undefined;
  const metric = METRIC_NAMES[name.toLowerCase()];
  if (metric !== undefined) return metric;
  throw new InputError(`its attribute "distance" names a metric that is not measured here`, {
    where: file.path,
    got: name,
    next: 'datasets for cosine (angular), l2 (euclidean), dot (ip), hamming and jaccard can be used; or declare one of these',
  });
}

/** @param bits one a number, also in uint8 */
function tableSource(path: string, name: string, table: Hdf5Table, bits: boolean): VectorSource {
  const { rows, columns } = table;
  if (rows === 0 || columns === 0) {
    throw new InputError(`table "${name}" is empty`, {
      where: path,
      got: `shape (${rows}, ${columns})`,
      next: 'give a file with points and queries',
    });
  }
  return {
    count: rows,
    dimensions: columns,
    fields: [],
    columns: tableColumns(`table "${name}" (${typeName(table.type)}, ${columns})`),
    component: bits && table.type === 'u1' ? 'b1' : table.type,
    reading: { format: 'hdf5', table: name },
    place: (row) => `${path} ${name} row ${row}`,
    read: (options) => readBatches(`${path} ${name}`, table, options),
    // The file is shared by its tables and closed with the dataset.
    async close() {},
  };
}

async function* readBatches(
  name: string,
  table: Hdf5Table,
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  const vectors = new Float32Array(Math.min(options.batchSize, table.rows) * table.columns);
  for (let start = 0; start < table.rows; start += options.batchSize) {
    throwIfInterrupted(options.signal);
    const count = Math.min(options.batchSize, table.rows - start);
    const length = count * table.columns;
    const batch = length === vectors.length ? vectors : new Float32Array(length);
    const values = table.read(start, count);
    if (typeof values[0] === 'bigint') setNumbers(batch, values);
    else setRows(values as ArrayLike<number>, batch, 0, table.columns, (row) => `${name} row ${start + row}`);
    yield { start, count, ids: rowIds(start, count), vectors: batch };
  }
}

function testSet(file: Hdf5File, test: Hdf5Table, points: number, bits: boolean): QueryPart {
  return {
    name: 'test',
    source: tableSource(file.path, 'test', test, bits),
    providedTruth: async () => readHdf5Truth(file, test.rows, points),
  };
}
