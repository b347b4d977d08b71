import { InputError, shorten } from '../../../common/errors.js';
import type { ProvidedTruth } from '../../dataset.js';
import { checkedNeighbors } from '../neighbors.js';
import type { Hdf5File, Hdf5Table } from './file.js';

/** 64-bit integers arrive as bigint. */
export function setNumbers(
  into: Float32Array | Int32Array,
  from: ArrayLike<number> | ArrayLike<bigint>,
): void {
  if (typeof from[0] !== 'bigint') into.set(from as ArrayLike<number>);
  else for (let i = 0; i < into.length; i++) into[i] = Number(from[i]);
}

/** The file's own neighbours; what is wrong with them is told, and stops nothing: they are never used as truth. */
export function readHdf5Truth(file: Hdf5File, queries: number, points: number): ProvidedTruth | undefined {
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
