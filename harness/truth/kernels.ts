import { messageOf } from '../../common/errors.js';
import { isBitMetric, type Metric } from '../../datasets/dataset.js';
import { Random } from '../measures/random.js';
import { byNumbers } from './by-numbers.js';
import { scanFloat64 } from './float64-kernel.js';
import { gemmKernel } from './gemm-kernel.js';
import { int8Kernel } from './int8-kernel.js';
import { int16Kernel } from './int16-kernel.js';
import type { KernelName, ScanTile } from './kernel.js';
import { popcountKernel } from './popcount-kernel.js';
import { measured, type Tile, type Vectors } from './tile.js';
import { TopLists } from './top-lists.js';
import { usearchInt8Kernel, usearchKernel } from './usearch-kernel.js';
import { wasmKernel } from './wasm-kernel.js';

/** Throws what loading it throws where this machine or installation lacks it. */
export async function scanOf(kernel: KernelName): Promise<ScanTile> {
  if (kernel === 'usearch') return byNumbers(await usearchKernel());
  if (kernel === 'usearch-int8') return byNumbers(await usearchInt8Kernel());
  if (kernel === 'popcount') return popcountKernel();
  if (kernel === 'onnxruntime') return gemmKernel();
  if (kernel === 'onnxruntime-int8') return int8Kernel();
  if (kernel === 'wasm-int16') return int16Kernel();
  return kernel === 'wasm' ? wasmKernel() : scanFloat64;
}

/** Bits are counted, and by the reference compared as numbers. */
export function supports(kernel: KernelName, metric: Metric): boolean {
  if (kernel === 'popcount') return isBitMetric(metric);
  // What bits have in common is an inner product, too.
  if (kernel === 'usearch-int8') return metric !== 'dot' && metric !== 'jaccard';
  if (isBitMetric(metric)) return kernel === 'usearch' || kernel === 'float64';
  return true;
}

/** Enough to see a wrong answer. */
const TRIED = { rows: 2048, queries: 64, k: 10 };
/** Times that the speed is measured: code is compiled in the first ones, and other programs take some; fewer where one takes long. */
const ROUNDS = 4;
const ENOUGH_SECONDS = 0.05;

/** What a kernel did with a few random vectors of the kind that it is to work on. */
export type TriedKernel = WorkingKernel | FailedKernel;

export interface WorkingKernel {
  state: 'works';
  kernel: KernelName;
  /** Undefined where no speed was measured. */
  gflops: number | undefined;
}

export interface FailedKernel {
  state: 'fails';
  kernel: KernelName;
  reason: string;
  /** The package that it needs is not installed. */
  absent: boolean;
}

/** Rows and queries that a speed is measured with. */
export interface Work {
  tile: Tile;
  queries: Vectors;
  /** Neighbours wanted: of so few rows as large a share as of all. */
  depth: number;
}

export interface TryOptions {
  scan?: Promise<ScanTile>;
  /** Most times that the speed is measured; 0: not at all. */
  rounds?: number | undefined;
  /** Some of what it is to work on: how much a kernel can leave out depends on the vectors. Default: random ones. */
  work?: Work | undefined;
  /** Default: made for this kernel alone. */
  test?: KernelTest | undefined;
}

/** Random vectors with their neighbours by the float64 kernel: the same for all kernels that are tried. */
export interface KernelTest {
  sample: Work;
  exact: TopLists;
}

export async function kernelTest(metric: Metric, dimensions: number): Promise<KernelTest> {
  const sample = sampleOf(metric, dimensions);
  return { sample, exact: await neighbours(scanFloat64, metric, sample, TRIED.queries / 8) };
}

/**
 * Loads a kernel, compares its neighbours of some random vectors with those of the float64 kernel to the bit, and measures its
 * speed in 10⁹ multiplications and additions per second of one thread.
 */
export async function tryKernel(
  kernel: KernelName,
  metric: Metric,
  dimensions: number,
  { scan = scanOf(kernel), rounds = ROUNDS, work, test }: TryOptions = {},
): Promise<TriedKernel> {
  try {
    const own = await scan;
    const { sample, exact } = test ?? (await kernelTest(metric, dimensions));
    const found = await neighbours(own, metric, sample, TRIED.queries / 8);
    const same = exact.rows.every((row, i) => row === found.rows[i]);
    if (!same || !exact.distances.every((distance, i) => Object.is(distance, found.distances[i])))
      return { state: 'fails', kernel, reason: 'its neighbours of a test sample are wrong', absent: false };
    const timed = work ?? sample;
    const { tile, queries } = timed;
    let [least, all] = [Number.POSITIVE_INFINITY, 0];
    for (let round = 0; round < rounds && all < ENOUGH_SECONDS; round++) {
      const began = performance.now();
      await neighbours(own, metric, timed, queries.count);
      const seconds = (performance.now() - began) / 1000;
      least = Math.min(least, seconds);
      all += seconds;
    }
    const flops = 2 * tile.count * queries.count * dimensions;
    return { state: 'works', kernel, gflops: rounds === 0 ? undefined : flops / least / 1e9 };
  } catch (error) {
    const absent = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    return { state: 'fails', kernel, reason: messageOf(error), absent };
  }
}

function sampleOf(metric: Metric, dimensions: number): Work {
  const random = new Random(17);
  const values = (count: number) =>
    Float32Array.from({ length: count * dimensions }, () => {
      const value = random.uint32() / 2 ** 31 - 1;
      return isBitMetric(metric) ? Number(value < 0) : value;
    });
  const fail = (): never => {
    throw new Error('not finite');
  };
  return {
    tile: { first: 0, ...measured(values(TRIED.rows), TRIED.rows, dimensions, fail) },
    queries: measured(values(TRIED.queries), TRIED.queries, dimensions, fail),
    depth: TRIED.k,
  };
}

async function neighbours(
  scan: ScanTile,
  metric: Metric,
  { tile, queries, depth }: Work,
  count: number,
): Promise<TopLists> {
  const { values, squaredNorms, dimensions } = queries;
  const some = {
    values: values.subarray(0, count * dimensions),
    squaredNorms: squaredNorms.subarray(0, count),
    count,
    dimensions,
  };
  const lists = new TopLists(count, depth);
  await scan({ metric, queries: some, lists, rowsSeen: 0 }, tile);
  return lists;
}
