import { closeSync, openSync, readSync } from 'node:fs';
import type { Metric, PreparedVectors } from '../../datasets/dataset.js';
import { dot, type Margin, roundingMargin } from '../measures/distance.js';

const BATCH_VALUES = 2 ** 20;

/** The margin of ties of distances between these vectors; for `dot` all of them are read, to find the largest norms. */
export function marginFor(
  vectors: Pick<PreparedVectors, 'file' | 'count' | 'dimensions'>,
  queries: Float32Array,
  metric: Metric,
): Margin {
  const { dimensions } = vectors;
  const norms = metric === 'dot' ? largestNorm(queries, dimensions) * largestRow(vectors) : 1;
  return roundingMargin(metric, dimensions, norms);
}

function largestRow({
  file,
  count,
  dimensions,
}: Pick<PreparedVectors, 'file' | 'count' | 'dimensions'>): number {
  const step = Math.max(1, Math.floor(BATCH_VALUES / dimensions));
  const block = new Float32Array(Math.min(step, count) * dimensions);
  const handle = openSync(file, 'r');
  let largest = 0;
  try {
    for (let start = 0; start < count; start += step) {
      const values = Math.min(step, count - start) * dimensions;
      readSync(handle, block, 0, values * 4, start * dimensions * 4);
      largest = Math.max(largest, largestNorm(block.subarray(0, values), dimensions));
    }
  } finally {
    closeSync(handle);
  }
  return largest;
}

function largestNorm(values: Float32Array, dimensions: number): number {
  let largest = 0;
  for (let at = 0; at < values.length; at += dimensions)
    largest = Math.max(largest, dot(values, at, values, at, dimensions));
  return Math.sqrt(largest);
}
