import { messageOf } from '../../common/errors.js';
import type { Metric } from '../../datasets/dataset.js';
import { Random } from '../measures/random.js';
import { scanFloat64 } from './float64-kernel.js';
import type { KernelName, ScanTile } from './kernel.js';
import { measured, type Tile, type Vectors } from './tile.js';
import { TopLists } from './top-lists.js';
import { usearchKernel } from './usearch-kernel.js';
import { wasmKernel } from './wasm-kernel.js';

/** Throws what loading it throws where this machine or installation lacks it. */
export async function scanOf(kernel: KernelName): Promise<ScanTile> {
  if (kernel === 'usearch') return usearchKernel();
  return kernel === 'wasm' ? wasmKernel() : scanFloat64;
}

/** Enough to see a wrong answer. */
const TRIED = { rows: 2048, queries: 64, k: 10 };
/** Times that the speed is measured: code is compiled in the first ones, and other programs take some. */
const ROUNDS = 4;

/** What a kernel did with a few random vectors of the kind that it is to work on. */
export type TriedKernel =
  | { state: 'works'; kernel: KernelName; gflops: number }
  | { state: 'fails'; kernel: KernelName; reason: string };

/**
 * Loads a kernel, compares its neighbours of some random vectors with those of the float64 kernel to the bit, and measures its
 * speed in 10⁹ multiplications and additions per second of one thread.
 */
export async function tryKernel(
  kernel: KernelName,
  metric: Metric,
  dimensions: number,
  scan: Promise<ScanTile> = scanOf(kernel),
  rounds = ROUNDS,
): Promise<TriedKernel> {
  try {
    const own = await scan;
    const sample = sampleOf(dimensions);
    const exact = neighbours(scanFloat64, metric, sample, TRIED.queries / 8);
    const found = neighbours(own, metric, sample, TRIED.queries / 8);
    let seconds = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      neighbours(own, metric, sample, TRIED.queries);
      seconds = Math.min(seconds, (performance.now() - began) / 1000);
    }
    const same = exact.rows.every((row, i) => row === found.rows[i]);
    if (!same || !exact.distances.every((distance, i) => Object.is(distance, found.distances[i])))
      return { state: 'fails', kernel, reason: 'its neighbours of a test sample are wrong' };
    const flops = 2 * TRIED.rows * TRIED.queries * dimensions;
    return { state: 'works', kernel, gflops: flops / seconds / 1e9 };
  } catch (error) {
    return { state: 'fails', kernel, reason: messageOf(error) };
  }
}

function sampleOf(dimensions: number): { tile: Tile; queries: Vectors } {
  const random = new Random(17);
  const values = (count: number) =>
    Float32Array.from({ length: count * dimensions }, () => random.uint32() / 2 ** 31 - 1);
  const fail = (): never => {
    throw new Error('not finite');
  };
  return {
    tile: { first: 0, ...measured(values(TRIED.rows), TRIED.rows, dimensions, fail) },
    queries: measured(values(TRIED.queries), TRIED.queries, dimensions, fail),
  };
}

function neighbours(
  scan: ScanTile,
  metric: Metric,
  { tile, queries }: ReturnType<typeof sampleOf>,
  count: number,
): TopLists {
  const { values, squaredNorms, dimensions, largest } = queries;
  const some = {
    values: values.subarray(0, count * dimensions),
    squaredNorms: squaredNorms.subarray(0, count),
    count,
    dimensions,
    largest,
  };
  const lists = new TopLists(count, TRIED.k);
  scan({ metric, queries: some, lists, rowsSeen: 0 }, tile);
  return lists;
}
