import { availableParallelism } from 'node:os';
import type { PreparedVectors } from '../../datasets/dataset.js';
import type { Found, SampleJob, WorkerJob } from './job.js';
import type { KernelName } from './kernel.js';
import { tilesWithin } from './memory-plan.js';
import type { TruthOptions } from './options.js';
import { sharedSelections } from './selections.js';
import { scanInThreads, throwIfAborted } from './threads.js';
import { SharedBounds, TopLists } from './top-lists.js';

export interface Scanned {
  lists: TopLists;
  /** Of this process, without what a checkpoint held and what the sample took. */
  seconds: number;
  rows: number;
  /** Of the sample; absent where there is none, and where a part of the rows was scanned by another process. */
  sample?: { lists: TopLists; seconds: number } | undefined;
}

/** Queries that another kernel compares with the same rows while they are in memory. */
export interface Sample {
  kernel: KernelName;
  queries: Float32Array;
  /** By query its selection among those of the scan. */
  selectionOf: Int32Array | undefined;
}

/** Between two checkpoints: what is repeated at most after a scan was stopped. */
const CHECKPOINT_SECONDS = 20;

/**
 * The nearest rows of each query. With a checkpoint the rows are scanned in parts, each as long as `CHECKPOINT_SECONDS`; what is known
 * of the nearest so far bounds what the next part looks at.
 */
export async function scanRows(
  vectors: PreparedVectors,
  queries: Float32Array,
  kernel: KernelName,
  options: TruthOptions,
  sample?: Sample,
): Promise<Scanned> {
  const { count, dimensions } = vectors;
  const { from, to } = options.part ?? { from: 0, to: count };
  const depth = Math.min(options.k, count);
  const asked = queries.length / dimensions;
  const began = performance.now();
  if (asked === 0) return { lists: new TopLists(0, depth), seconds: 0, rows: 0 };
  const wanted = { rows: to - from, dimensions, queries: asked, depth, kernel };
  const plan = tilesWithin(options.memory, options.threads ?? availableParallelism(), wanted);
  const { tileRows = plan.tileRows } = options;
  const job = jobOf(vectors, queries, { ...options, depth, kernel, tileRows });
  const kept = options.checkpoint?.read(asked, depth);
  const lists = kept?.lists ?? new TopLists(asked, depth);
  const checked =
    sample && kept === undefined ? new TopLists(sample.queries.length / dimensions, depth) : undefined;
  let checkedSeconds = 0;
  const begin = kept?.done ?? from;
  const total = Math.ceil((to - from) / tileRows);
  let step = options.checkpoint === undefined ? to - begin : plan.threads * tileRows;
  for (let first = begin; first < to; ) {
    throwIfAborted(options.signal);
    const last = Math.min(to, first + step);
    const since = performance.now();
    const before = Math.round((first - from) / tileRows);
    let took = 0;
    const merging = {
      merge(found: Found): void {
        lists.merge(found);
        if (found.sample === undefined) return;
        checked?.merge(found.sample);
        took = Math.max(took, found.sample.seconds);
      },
    };
    const beside = sample && checked && sampleJob(sample, boundsOf(checked));
    await scanInThreads({ ...job, from: first, to: last, bounds: boundsOf(lists), sample: beside }, merging, {
      threads: plan.threads,
      signal: options.signal,
      onTile: (done) => options.onProgress?.(Math.min(total, before + done), total),
    });
    checkedSeconds += took;
    const rowsPerSecond = (last - first) / ((performance.now() - since) / 1000);
    const parts = Math.max(
      1,
      Math.round(
        (rowsPerSecond * (options.checkpointSeconds ?? CHECKPOINT_SECONDS)) / (plan.threads * tileRows),
      ),
    );
    step = parts * plan.threads * tileRows;
    first = last;
    if (first < to) options.checkpoint?.write(lists, first);
  }
  const seconds = (performance.now() - began) / 1000 - checkedSeconds;
  const found = checked && { sample: { lists: checked, seconds: checkedSeconds } };
  return { lists, seconds, rows: to - begin, ...found };
}

function sampleJob({ kernel, queries, selectionOf }: Sample, bounds: SharedArrayBuffer): SampleJob {
  return { kernel, queries: shared(queries), bounds, selectionOf: selectionOf && shared(selectionOf) };
}

function shared(values: Float32Array | Int32Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(values.byteLength);
  new Uint8Array(memory).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return memory;
}

/** What is known of each query's nearest already. */
function boundsOf(lists: TopLists): SharedArrayBuffer {
  const memory = SharedBounds.create(lists.queries);
  const bounds = new SharedBounds(memory);
  for (let query = 0; query < lists.queries; query++) bounds.lower(query, lists.bound(query));
  return memory;
}

/** All of a job but for its rows and bounds. */
export function jobOf(
  { file, count, dimensions }: PreparedVectors,
  queries: Float32Array,
  {
    kernel,
    depth,
    tileRows,
    metric,
    selections,
  }: TruthOptions & { kernel: KernelName; depth: number; tileRows: number },
): Omit<WorkerJob, 'from' | 'to' | 'bounds'> {
  const progress = new SharedArrayBuffer(8);
  const allowed = selections && sharedSelections(selections, count);
  return {
    kernel,
    metric,
    file,
    dimensions,
    depth,
    tileRows,
    queries: shared(queries),
    progress,
    selections: allowed,
  };
}
