import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type {
  Collection,
  CollectionSpec,
  ConnectedEngine,
  ConnectOptions,
  EngineDefinition,
  LoadBatch,
  ParameterSet,
  PreparedSearch,
  Readiness,
} from '../contract/engine.js';
import { inChunks, requireCount, requireDimensions } from '../kit/load.js';
import { jsonSchemas, parseOptions } from '../kit/options.js';
import { packageVersion } from '../kit/packages.js';
import { type HnswIndex, type HnswlibClient, loadClient } from './client.js';
import { FILTERS, type LabelFilter, Labels, METADATA } from './filter.js';
import { rules } from './options.js';

const SPACES = { cosine: 'cosine', dot: 'ip', l2: 'l2' } as const;
/** Points inserted without giving the event loop a turn. */
const CHUNK = 256;

export const engine: EngineDefinition = {
  name: 'hnswlib',
  title: 'hnswlib',
  packages: ['hnswlib-node'],
  compiled: ['hnswlib-node'],
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: { hnsw: ['none'] },
    filters: FILTERS,
    metadata: METADATA,
    operations: ['count'],
    idKinds: ['u32'],
    maxDimensions: null,
    visibility: 'immediate',
    scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
    deterministicBuild: 'always',
    execution: 'blocking',
    preparedSearches: 'one',
    exhaustive: { hnsw: { kind: 'graph', search: { ef: 'points' } } },
    remarks: [
      'Runs inside the process and blocks it: a query uses one thread and costs no network.',
      'Builds with one thread, whatever number of threads is asked for, from a fixed seed: the graph is the same each time.',
      'The client takes plain arrays of numbers only: copying the query into one is part of the timed call, as every user pays it.',
      'An ef below k works as k; ef is set again for each setting.',
      'For cosine it normalises and keeps the normalised vectors; the lengths are lost.',
      'The capacity is fixed when the index is created, and a larger k is an error of the client: k is limited to the number of points.',
      'Has no metadata and no filters of its own, but asks for every point it meets whether it may be returned. Which points pass is settled by vecproof’s own evaluator before the search, outside the timed region; the calls back are part of it. Its filtered figures are those of the walk over the graph, not of evaluating filters.',
      'A filter that throws while it is asked ends the process (hnswlib-node 3.0.0).',
      'A query that holds NaN is not refused: it gets arbitrary points with score NaN. The harness checks all vectors beforehand.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData: () => [],
  connect: async (options) => connected(loadClient(), options),
};

function connected(client: HnswlibClient, options: ConnectOptions): ConnectedEngine {
  return {
    version: async () => packageVersion('hnswlib-node') ?? 'unknown',
    create: async (spec) => new HnswlibCollection(client, options, spec),
    close: async () => {},
  };
}

class HnswlibCollection implements Collection {
  readonly #dimensions: number;
  readonly #file: string;
  readonly #labels: Labels;
  #index: HnswIndex | undefined;
  #loaded = 0;

  constructor(client: HnswlibClient, { folder, seed }: ConnectOptions, spec: CollectionSpec) {
    this.#dimensions = spec.dimensions;
    this.#labels = new Labels(spec);
    this.#file = join(folder, `${spec.name}.hnswlib`);
    this.#index = new client.HierarchicalNSW(SPACES[spec.metric], spec.dimensions);
    this.#index.initIndex({
      maxElements: spec.capacity,
      m: Number(spec.index['m']),
      efConstruction: Number(spec.index['efConstruction']),
      randomSeed: seed,
    });
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const index = this.#open();
    const point = numbers(this.#dimensions);
    await inChunks(batch, CHUNK, signal, (from, to) => {
      for (let row = from; row < to; row++) {
        copy(batch.vectors, row * this.#dimensions, point);
        index.addPoint(point, batch.keys[row]!);
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
    const index = this.#open();
    const ef = Number(search['ef']);
    index.setEf(ef);
    if (index.getEf() !== ef) {
      throw new FailureError(`ef is ${index.getEf()} after it was set to ${ef}`, { where: 'hnswlib' });
    }
    const wanted = Math.min(k, index.getCurrentCount());
    const point = numbers(this.#dimensions);
    let open = true;
    return {
      effective: { ...search, ef: Math.max(ef, wanted) },
      query: (vector, filter) => {
        if (!open) throw new FailureError('the search was closed', { where: 'hnswlib' });
        requireDimensions('hnswlib', vector, this.#dimensions);
        copy(vector, 0, point);
        const { neighbors, distances } =
          filter === undefined
            ? index.searchKnn(point, wanted)
            : filtered(index, point, wanted, filter as LabelFilter);
        return { keys: neighbors, scores: distances };
      },
      translate: (filter) => this.#labels.translate(filter),
      close: async () => {
        open = false;
      },
    };
  }

  async count(): Promise<number> {
    return this.#open().getCurrentCount();
  }

  async indexBytes(): Promise<number | undefined> {
    await this.#open().writeIndex(this.#file);
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
