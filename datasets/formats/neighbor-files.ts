import { InputError, shorten } from '../../common/errors.js';
import type { ProvidedTruth } from '../dataset.js';
import { openBin } from './bin/open.js';
import { readFlat } from './flat-source.js';
import { checkedNeighbors } from './neighbors.js';
import { openNpy2d } from './npy/array.js';
import { openVecs } from './vecs/open.js';

/**
 * Neighbours in a file of their own: `.ivecs`, big-ann-benchmarks' ground truth (`.ibin`, `.bin`: ids, then distances) or
 * npy. What is wrong with them is told and stops nothing, as they are never used as truth.
 */
export function readNeighborFile(path: string, queries: number, points: number): ProvidedTruth {
  try {
    const { rows, count, k } = readRows(path);
    if (count !== queries)
      return { state: 'unusable', reason: `${path} has ${count} rows for ${queries} queries` };
    return checkedNeighbors(rows, k, points, undefined);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const got = error.got === undefined ? '' : ` (got ${shorten(error.got)})`;
    return { state: 'unusable', reason: `${path} ${error.what}${got}` };
  }
}

function readRows(path: string): { rows: Int32Array; count: number; k: number } {
  const lower = path.toLowerCase();
  if (lower.endsWith('.npy')) return openNpy2d(path);
  const flat = lower.endsWith('.ivecs') ? openVecs(path) : openBin(path, true);
  try {
    const rows = Int32Array.from(readFlat({ ...flat, type: 'i4' }, 0, flat.count));
    return { rows, count: flat.count, k: flat.dimensions };
  } finally {
    flat.file.close();
  }
}
