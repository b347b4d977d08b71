import { InputError } from '../../common/errors.js';
import { tileRowsFor } from './job.js';
import type { KernelName } from './kernel.js';

const MIB = 2 ** 20;
/** Node, the compiled libraries and what reads the dataset; measured, rounded up. */
const BASE = 320 * MIB;
/** Of each thread: its own Node, a session of onnxruntime, garbage. */
const THREAD = 80 * MIB;
/** Queries that are in a kernel's memory at a time, and the most candidates that it has room for, in multiples of the depth. */
const CHUNK = 4096;
const ROOM = { perDepth: 8, more: 512 };
/** Fewer rows a tile cost more than the threads that they leave room for. */
const FEW_ROWS = 4096;
const LEAST_ROWS = 64;

export interface WantedScan {
  rows: number;
  dimensions: number;
  queries: number;
  depth: number;
  kernel: KernelName;
}

export interface Tiles {
  threads: number;
  tileRows: number;
}

/**
 * Threads and rows a tile so that a scan stays within `memory` bytes; as many threads as asked for where that leaves tiles of some
 * thousand rows.
 *
 * @throws InputError where not even one thread with the smallest tile does, with the least that works
 */
export function tilesWithin(memory: number | undefined, threads: number, wanted: WantedScan): Tiles {
  const { rows, dimensions, kernel } = wanted;
  if (memory === undefined) return { threads, tileRows: tileRowsFor(rows, dimensions, threads, kernel) };
  for (let some = threads; some >= 1; some--) {
    const most = rowsWithin(memory, some, wanted);
    const usual = tileRowsFor(rows, dimensions, some, kernel);
    const enough = some === 1 ? LEAST_ROWS : FEW_ROWS;
    if (most >= Math.min(enough, usual)) return { threads: some, tileRows: Math.min(usual, most) };
  }
  const least = fixedBytes(1, wanted) + Math.min(LEAST_ROWS, rows) * rowBytes(dimensions);
  throw new InputError(`the truth of ${wanted.queries} queries does not fit in so little memory`, {
    where: '--memory',
    got: `${Math.floor(memory / MIB)} MiB`,
    next: `give at least ${Math.ceil(least / MIB)} MiB, or ask fewer queries at a time (--limit)`,
  });
}

function rowsWithin(memory: number, threads: number, wanted: WantedScan): number {
  return Math.floor((memory - fixedBytes(threads, wanted)) / (threads * rowBytes(wanted.dimensions)));
}

/** As read, in memory of their own or the kernel's, as the kernel wants them, and a copy in between; norms, steps and masks. */
function rowBytes(dimensions: number): number {
  return 3 * 4 * dimensions + 64;
}

function fixedBytes(threads: number, { queries, dimensions, depth }: WantedScan): number {
  const lists = queries * (depth * 12 + 4);
  const chunk = Math.min(CHUNK, queries);
  const areas = chunk * (8 * dimensions + 8 * (ROOM.perDepth * depth + ROOM.more));
  // All queries once as they came and once for the threads; lists of each thread, merged, and as they are written.
  return BASE + 2 * queries * dimensions * 4 + 3 * lists + threads * (THREAD + lists + areas + 16 * MIB);
}
