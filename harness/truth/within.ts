import { availableParallelism } from 'node:os';
import { FailureError } from '../../common/errors.js';
import type { PreparedVectors } from '../../datasets/dataset.js';
import { chooseKernel } from './choose.js';
import { check, workOf } from './compute.js';
import type { KernelName } from './kernel.js';
import { tilesWithin } from './memory-plan.js';
import type { TruthOptions } from './options.js';
import { type FlatLists, RangeLists } from './range-lists.js';
import { type SampleCheck, sampledQueries } from './sample-check.js';
import { jobOf } from './scan-rows.js';
import { scanInThreads } from './threads.js';
import { SharedBounds } from './top-lists.js';

/** All rows within a distance of each query, ascending by (distance, row). */
export interface RowsWithin extends FlatLists {
  kernel: KernelName;
  seconds: number;
  /** What a reference kernel has computed, too; absent where the kernel is the reference. */
  checked?: SampleCheck | undefined;
}

export type WithinOptions = Pick<
  TruthOptions,
  'metric' | 'threads' | 'signal' | 'onProgress' | 'onWarning' | 'kernel' | 'tileRows' | 'memory'
>;

/**
 * Every row whose float64 distance to the query is at most its radius: the distance that `harness/measures/distance.ts` defines. All
 * kernels give the same bits.
 *
 * @param radii by query, finite; under `dot` the distance is minus the product
 * @throws as `computeTruth`
 */
export async function computeWithin(
  vectors: PreparedVectors,
  queries: Float32Array,
  radii: Float64Array,
  options: WithinOptions,
): Promise<RowsWithin> {
  const began = performance.now();
  const { dimensions, count } = vectors;
  check(vectors, queries, { ...options, k: 1 });
  const { kernel, reference } = await chooseKernel({
    ...options,
    dimensions,
    rows: count,
    queries: radii.length,
    work: () => workOf(vectors, queries, new RangeLists(radii).depth),
  });
  const found = await scan(vectors, queries, radii, { ...options, kernel });
  const checked =
    reference && (await checkSample(vectors, queries, radii, { ...options, kernel, reference }, found));
  return { ...found, kernel, ...(checked && { checked }), seconds: (performance.now() - began) / 1000 };
}

async function scan(
  vectors: PreparedVectors,
  queries: Float32Array,
  radii: Float64Array,
  options: WithinOptions & { kernel: KernelName },
): Promise<FlatLists> {
  const lists = new RangeLists(radii);
  if (radii.length === 0) return lists.flat();
  const { kernel, memory, signal, threads = availableParallelism() } = options;
  const { count: rows, dimensions } = vectors;
  const plan = tilesWithin(memory, threads, {
    rows,
    dimensions,
    queries: radii.length,
    depth: lists.depth,
    kernel,
  });
  const { tileRows = plan.tileRows } = options;
  const shared = new SharedArrayBuffer(radii.byteLength);
  new Float64Array(shared).set(radii);
  const job = jobOf(vectors, queries, { ...options, k: lists.depth, depth: lists.depth, tileRows });
  const tiles = Math.ceil(rows / tileRows);
  await scanInThreads(
    { ...job, from: 0, to: rows, radii: shared, bounds: SharedBounds.create(radii.length) },
    lists,
    { threads: plan.threads, signal, onTile: (done) => options.onProgress?.(done, tiles) },
  );
  return lists.flat();
}

async function checkSample(
  vectors: PreparedVectors,
  queries: Float32Array,
  radii: Float64Array,
  options: WithinOptions & { kernel: KernelName; reference: KernelName },
  found: FlatLists,
): Promise<SampleCheck> {
  const began = performance.now();
  const { dimensions } = vectors;
  const { kernel, reference } = options;
  const sampled = sampledQueries(radii.length, undefined);
  const some = new Float32Array(sampled.length * dimensions);
  for (const [i, query] of sampled.entries())
    some.set(queries.subarray(query * dimensions, (query + 1) * dimensions), i * dimensions);
  const sample = await scan(
    vectors,
    some,
    Float64Array.from(sampled, (query) => radii[query]!),
    { ...options, kernel: reference, onProgress: undefined },
  );
  const [starts, own] = [startsOf(found.sizes), startsOf(sample.sizes)];
  for (const [i, query] of sampled.entries()) {
    const size = found.sizes[query]!;
    let same = size === sample.sizes[i];
    for (let at = 0; at < size && same; at++) {
      const [a, b] = [starts[query]! + at, own[i]! + at];
      same = found.rows[a] === sample.rows[b] && Object.is(found.distances[a], sample.distances[b]);
    }
    if (same) continue;
    throw new FailureError(`two kernels disagree on the rows within the radius of query ${query}`, {
      where: `truth (${kernel}, ${reference})`,
      got: { rows: [size, sample.sizes[i]] },
      next: 'compute it with --kernel float64, and report this: one of the kernels is wrong on this machine',
    });
  }
  return { kernel: reference, queries: sampled.length, seconds: (performance.now() - began) / 1000 };
}

/** Where each list begins. */
export function startsOf(sizes: Int32Array): Float64Array {
  const starts = new Float64Array(sizes.length);
  for (let i = 1; i < sizes.length; i++) starts[i] = starts[i - 1]! + sizes[i - 1]!;
  return starts;
}
