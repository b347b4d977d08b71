import type { CatalogEntry } from './catalog.js';
import type { PointBatch, PointsOptions } from './dataset.js';
import { rowIds, tableColumns, throwIfInterrupted, type VectorSource } from './source.js';

/**
 * Version of the generator: part of the dataset's hash, to be raised with every change of what comes out.
 */
export const GENERATOR_VERSION = 1;

export interface SyntheticParameters {
  seed: number;
  clusters: number;
  intrinsicDimensions: number;
  dimensions: number;
}

/** Standard deviation of a point around its cluster's centre, per direction; centres have 1. */
const SPREAD = 0.5;
/** Standard deviation of what leaves the subspace, per dimension. */
const NOISE = 0.05;

/**
 * Generated vectors: `x = c + B z + e`, with a cluster centre `c`, a basis `B` of the cluster's own subspace of
 * few dimensions, and a little noise `e` in all of them. Isotropic noise alone would defeat every quantizer and
 * every index; real embeddings have a low intrinsic dimension. Only additions and multiplications are used, so
 * the values are the same everywhere and for every batch size. Streams; memory: clusters x intrinsic x dimensions.
 *
 * @param stream 0 for the points, 1, 2, … for query sets: other points of the same clusters
 */
export function syntheticSource(
  name: string,
  parameters: SyntheticParameters,
  count: number,
  stream: number,
): VectorSource {
  return {
    count,
    dimensions: parameters.dimensions,
    fields: [{ name: 'cluster', type: 'integer', nullable: false }],
    columns: tableColumns(`generated (${parameters.dimensions})`),
    reading: { format: 'synthetic', version: GENERATOR_VERSION, ...parameters },
    place: (row) => `${name} (generated) row ${row}`,
    read: (options) => generate(parameters, count, stream, options),
    async close() {},
  };
}

/** The parameters in a checked catalog entry. */
export function syntheticParameters(entry: CatalogEntry): SyntheticParameters {
  return { ...entry.synthetic!, dimensions: entry.dimensions! };
}

async function* generate(
  parameters: SyntheticParameters,
  count: number,
  stream: number,
  options: PointsOptions,
): AsyncGenerator<PointBatch> {
  const { dimensions, seed } = parameters;
  const model = clusterModel(parameters);
  const random = randomStream(seed, stream + 1);
  const vectors = new Float32Array(Math.min(options.batchSize, count) * dimensions);
  for (let start = 0; start < count; start += options.batchSize) {
    throwIfInterrupted(options.signal);
    const rows = Math.min(options.batchSize, count - start);
    const batch = rows * dimensions === vectors.length ? vectors : new Float32Array(rows * dimensions);
    const clusters: number[] = [];
    for (let i = 0; i < rows; i++) clusters.push(writePoint(parameters, model, random, batch, i));
    const metadata =
      options.metadata?.includes('cluster') === true ? { metadata: { cluster: clusters } } : {};
    yield { start, count: rows, ids: rowIds(start, rows), vectors: batch, ...metadata };
  }
}

/** Per cluster: its centre, then one row per direction of its subspace. */
function clusterModel({
  seed,
  clusters,
  intrinsicDimensions,
  dimensions,
}: SyntheticParameters): Float64Array {
  const random = randomStream(seed, 0);
  const model = new Float64Array(clusters * (1 + intrinsicDimensions) * dimensions);
  for (let i = 0; i < model.length; i++) model[i] = bell(random);
  return model;
}

/** Writes point `row` of the batch and returns its cluster. */
function writePoint(
  { clusters, intrinsicDimensions, dimensions }: SyntheticParameters,
  model: Float64Array,
  random: () => number,
  into: Float32Array,
  row: number,
): number {
  const cluster = Math.floor(random() * clusters);
  const centre = cluster * (1 + intrinsicDimensions) * dimensions;
  const point = new Float64Array(dimensions);
  for (let d = 0; d < dimensions; d++) point[d] = model[centre + d]! + NOISE * bell(random);
  // Directions are random and so nearly orthogonal; their common length is brought to one by this factor.
  const scale = SPREAD / Math.sqrt(intrinsicDimensions);
  for (let k = 1; k <= intrinsicDimensions; k++) {
    const amount = scale * bell(random);
    const direction = centre + k * dimensions;
    for (let d = 0; d < dimensions; d++) point[d]! += amount * model[direction + d]!;
  }
  into.set(point, row * dimensions);
  return cluster;
}

/** Nearly normal, mean 0, variance 1: sum of four uniform numbers (Irwin-Hall), (sum - 2) * sqrt(12 / 4). */
function bell(random: () => number): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3);
}

/** Uniform numbers in [0, 1): sfc32 of PractRand (public domain), started from seed and stream. */
function randomStream(seed: number, stream: number): () => number {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = stream >>> 0;
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}
