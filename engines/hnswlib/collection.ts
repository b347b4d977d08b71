import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { Collection, Readiness, Shared, SharedCollection } from '../contract/collection.js';
import type { ConnectOptions } from '../contract/engine.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';
import { inChunks, requireCount, requireDimensions } from '../kit/load.js';
import { denseOf, firstVector, rowNumbers } from '../kit/vectors.js';
import type { HnswIndex, HnswlibClient } from './client.js';
import { type LabelFilter, Labels } from './filter.js';

const SPACES = { cosine: 'cosine', dot: 'ip', l2: 'l2' } as const;
/** Points inserted without giving the event loop a turn. */
const CHUNK = 256;

/** The client fixes the capacity when an index is made. */
const DEFAULT_CAPACITY = 100_000;

export class HnswlibCollection implements Collection {
  readonly name: string;
  readonly #field: VectorField;
  readonly #dimensions: number;
  readonly #file: string;
  readonly #labels: Labels;
  #index: HnswIndex | undefined;
  #loaded = 0;
  /** Points that are in the file. */
  #written: number | undefined;

  constructor(client: HnswlibClient, { folder, seed }: ConnectOptions, spec: CollectionSpec) {
    this.name = spec.name;
    this.#field = firstVector(spec);
    const { dimensions, metric } = this.#field;
    this.#dimensions = dimensions;
    this.#labels = new Labels(spec);
    this.#file = join(folder, `${spec.name}.hnswlib`);
    this.#index = new client.HierarchicalNSW(SPACES[metric as NumberMetric], dimensions);
    this.#index.initIndex({
      maxElements: spec.capacity ?? DEFAULT_CAPACITY,
      m: Number(spec.index['m']),
      efConstruction: Number(spec.index['efConstruction']),
      randomSeed: seed,
    });
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const index = this.#open();
    const point = numbers(this.#dimensions);
    const values = denseOf('hnswlib', batch, this.#field);
    const labels = rowNumbers('hnswlib', batch);
    await inChunks(batch, CHUNK, signal, (from, to) => {
      for (let row = from; row < to; row++) {
        copy(values, row * this.#dimensions, point);
        index.addPoint(point, labels[row]!);
      }
      this.#loaded += to - from;
    });
    this.#labels.add(batch);
  }

  /** The graph grows with each point: nothing is left to build. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    const count = await this.count();
    requireCount('hnswlib', count, this.#loaded);
    return { count, indexed: count, details: { threads: 1 } };
  }

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    const prepared = prepareSearch(this.#open(), this.#dimensions, search, k);
    return { ...prepared, translate: (filter) => this.#labels.translate(filter) };
  }

  /** Through a file, which each reads into its own memory. */
  async share(): Promise<Shared> {
    const { metric } = this.#field;
    if (this.#written !== this.#loaded) await this.indexBytes();
    const saved: SavedGraph = {
      metric: metric as NumberMetric,
      dimensions: this.#dimensions,
      file: this.#file,
    };
    return { collection: saved };
  }

  async count(): Promise<number> {
    return this.#open().getCurrentCount();
  }

  async indexBytes(): Promise<number | undefined> {
    await this.#open().writeIndex(this.#file);
    this.#written = this.#loaded;
    return statSync(this.#file).size;
  }

  async drop(): Promise<void> {
    this.#index = undefined;
    await rm(this.#file, { force: true });
  }

  #open(): HnswIndex {
    if (this.#index === undefined) throw new FailureError('the collection was dropped', { where: 'hnswlib' });
    return this.#index;
  }
}

/** A graph in a file; survives a structured clone. */
interface SavedGraph {
  metric: NumberMetric;
  dimensions: number;
  file: string;
}

/** Reads a graph that a collection of another thread has shared. What filters need is not in its file. */
export async function attach(client: HnswlibClient, { collection }: Shared): Promise<SharedCollection> {
  const { metric, dimensions, file } = collection as SavedGraph;
  const index = new client.HierarchicalNSW(SPACES[metric], dimensions);
  await index.readIndex(file);
  return { prepare: async (search, k) => prepareSearch(index, dimensions, search, k) };
}

function prepareSearch(
  index: HnswIndex,
  dimensions: number,
  search: ParameterSet,
  k: number,
): PreparedSearch {
  const ef = Number(search['ef']);
  index.setEf(ef);
  if (index.getEf() !== ef) {
    throw new FailureError(`ef is ${index.getEf()} after it was set to ${ef}`, { where: 'hnswlib' });
  }
  const wanted = Math.min(k, index.getCurrentCount());
  const point = numbers(dimensions);
  let open = true;
  return {
    effective: { ...search, ef: Math.max(ef, wanted) },
    query: (vector, filter) => {
      if (!open) throw new FailureError('the search was closed', { where: 'hnswlib' });
      requireDimensions('hnswlib', vector, dimensions);
      copy(vector, 0, point);
      const { neighbors, distances } =
        filter === undefined
          ? index.searchKnn(point, wanted)
          : filtered(index, point, wanted, filter as LabelFilter);
      return { keys: neighbors, scores: distances };
    },
    close: async () => {
      open = false;
    },
  };
}

/** Where nothing passes, the whole graph would be walked for it. */
function filtered(index: HnswIndex, point: number[], k: number, { passes, count }: LabelFilter) {
  if (count === 0) return { neighbors: [], distances: [] };
  return index.searchKnn(point, Math.min(k, count), passes);
}

/** An array that V8 keeps as plain doubles from the start. */
function numbers(length: number): number[] {
  return new Array<number>(length).fill(0.5);
}

function copy(from: Float32Array, start: number, to: number[]): void {
  for (let i = 0; i < to.length; i++) to[i] = from[start + i]!;
}
