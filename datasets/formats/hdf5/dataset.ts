import { InputError, shorten } from '../../../common/errors.js';
import type { QueryPart } from '../../assemble.js';
import type { Metric, PointBatch, PointsOptions, ProvidedTruth } from '../../dataset.js';
import { rowIds, tableColumns, throwIfInterrupted, type VectorSource } from '../../source.js';
import { checkedNeighbors } from '../neighbors.js';
import { setRows, typeName } from '../numbers.js';
import { type Hdf5File, type Hdf5Table, openHdf5File } from './file.js';

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
    const train = file.table('train');
    if (train === undefined) {
      throw new InputError('has no table "train" with the points', {
        where: path,
        got: file.names,
        next: 'use the ann-benchmarks layout: train, test, neighbors, distances',
      });
    }
    const test = file.table('test');
    const points = tableSource(path, 'train', train);
    const sets = test === undefined ? [] : [testSet(file, test, train.rows)];
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
    next: 'datasets for cosine (angular), l2 (euclidean) and dot (ip) can be used; or declare one of these',
  });
}

function tableSource(path: string, name: string, table: Hdf5Table): VectorSource {
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
    component: table.type,
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

/** 64-bit integers arrive as bigint. */
function setNumbers(into: Float32Array | Int32Array, from: ArrayLike<number> | ArrayLike<bigint>): void {
  if (typeof from[0] !== 'bigint') into.set(from as ArrayLike<number>);
  else for (let i = 0; i < into.length; i++) into[i] = Number(from[i]);
}

function testSet(file: Hdf5File, test: Hdf5Table, points: number): QueryPart {
  return {
    name: 'test',
    source: tableSource(file.path, 'test', test),
    providedTruth: async () => readTruth(file, test.rows, points),
  };
}

/** The file's own neighbours; what is wrong with them is told, and stops nothing: they are never used as truth. */
function readTruth(file: Hdf5File, queries: number, points: number): ProvidedTruth | undefined {
  try {
    return tryTruth(file, queries, points);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const got = error.got === undefined ? '' : ` (got ${shorten(error.got)})`;
    return { state: 'unusable', reason: `${error.what}${got}` };
  }
}

function tryTruth(file: Hdf5File, queries: number, points: number): ProvidedTruth | undefined {
  const neighbors = file.table('neighbors');
  if (neighbors === undefined) return undefined;
  const k = neighbors.columns;
  checkTruthShape(file.path, 'neighbors', neighbors, queries, k);
  const distances = file.names.includes('distances') ? file.table('distances') : undefined;
  const fits = distances?.rows === queries && distances.columns === k;
  const rows = new Int32Array(queries * k);
  const values = fits ? new Float32Array(queries * k) : undefined;
  const step = Math.max(1, Math.floor((1 << 20) / k));
  for (let start = 0; start < queries; start += step) {
    const count = Math.min(step, queries - start);
    setNumbers(rows.subarray(start * k, (start + count) * k), neighbors.read(start, count));
    if (values) setNumbers(values.subarray(start * k, (start + count) * k), distances!.read(start, count));
  }
  return checkedNeighbors(rows, k, points, values);
}

function checkTruthShape(path: string, name: string, table: Hdf5Table, queries: number, k: number): void {
  if (table.rows === queries && table.columns === k) return;
  throw new InputError(`the table "${name}" has not one row for each query`, {
    where: path,
    got: `shape (${table.rows}, ${table.columns}), expected (${queries}, ${k})`,
  });
}
