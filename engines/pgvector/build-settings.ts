import type { ParameterSet } from '../../common/parameters.js';

const MIB = 2 ** 20;

/**
 * Memory for building the index in MiB. A graph that outgrows maintenance_work_mem is finished on disk at a
 * fraction of the speed, and parallel builds reserve all of it at once: so it follows the data, with half as much
 * again to spare, and what really happened is asked (see `IndexNotes`).
 *
 * Per point of a graph: its value, about 130 bytes of bookkeeping, and for the bottom layer 2m neighbours of 16
 * bytes; the layers above add less than a tenth of that for m of 16.
 */
export function maintenanceMemoryMiB(dimensions: number, count: number, index: ParameterSet): number {
  const value =
    { f16: 2 * dimensions, binary: dimensions / 8 }[String(index['quantization'])] ?? 4 * dimensions;
  const perPoint =
    index['type'] === 'hnsw' ? value + 256 + 2.4 * Number(index['m']) * 16 : Number(index['nlist'] ?? 1) / 4;
  // The k-means of ivfflat samples 50 points a list, and keeps distances to all centres for each.
  const lists = Number(index['nlist'] ?? 0);
  const training = lists * 50 * value + lists * lists * 4 + lists * 50 * (lists * 4);
  const bytes = index['type'] === 'hnsw' ? 1.5 * perPoint * count : 1.5 * training;
  return Math.max(64, Math.ceil(bytes / MIB));
}

/** What the server says while it builds an index. */
export class IndexNotes {
  /** Parallel workers beside the connection's own process. */
  workers = 0;
  /** Points after which the graph did not fit into memory any more. */
  spilledAfter: number | undefined;

  readonly take = (message: string): void => {
    const workers = /using (\d+) parallel workers/.exec(message)?.[1];
    if (workers !== undefined) this.workers = Number(workers);
    const spilled = /no longer fits into maintenance_work_mem after (\d+) tuples/.exec(message)?.[1];
    if (spilled !== undefined) this.spilledAfter = Number(spilled);
  };
}
