import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import { NO_FILTERS } from '../../filters/support.js';
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
import { loadClient, type UsearchClient, type UsearchConfig, type UsearchIndex } from './client.js';
import { checkData, QUANTIZATIONS, rules } from './options.js';

const METRICS = { cosine: 'cos', dot: 'ip', l2: 'l2sq' } as const;
const SCALARS = { none: 'f32', f16: 'f16', bf16: 'bf16', sq8: 'i8', binary: 'b1' } as const;
/** Points inserted without giving the event loop a turn. */
const CHUNK = 512;

export const engine: EngineDefinition = {
  name: 'usearch',
  title: 'USearch',
  packages: ['usearch'],
  capabilities: {
    metrics: ['cosine', 'dot', 'l2'],
    indexTypes: { hnsw: QUANTIZATIONS },
    filters: NO_FILTERS,
    metadata: null,
    operations: ['count'],
    idKinds: ['u32', 'u64'],
    maxDimensions: null,
    visibility: 'after-ready',
    scores: { cosine: '1-cos', dot: '1-dot', l2: 'squared' },
    deterministicBuild: 'one-thread',
    execution: 'blocking',
    preparedSearches: 'several',
    exhaustive: { hnsw: { kind: 'graph', search: { ef: 'points' } } },
    remarks: [
      'Runs inside the process and blocks it: a query uses one thread and costs no network.',
      'ef cannot be changed on an open index: the index is saved once, and each setting opens the file with its own ef (memory-mapped).',
      'An ef below k works as k.',
      'With one thread the graph is the same each time, as long as the points come in batches of the same sizes; with more threads it differs from build to build, and now and then a few points stay out of reach of any ef (measured with two threads on 2,000 points: recall 0.985 to 1 with an ef above the number of points).',
      'sq8 and binary keep the direction of a vector only and are refused for dot and l2; scores of sq8 are 1-cos of the rounded vectors.',
      'binary keeps the sign of each component and compares by Hamming distance (the client gives NaN for cosine on bits), so its scores count differing bits; there is no rescoring.',
      'A query that holds NaN is not refused: it gets arbitrary points. The harness checks all vectors beforehand.',
    ],
  },
  optionSchemas: () => jsonSchemas(rules),
  parseOptions: (input) => parseOptions(rules, input),
  checkData,
  connect: async (options) => connected(loadClient(), options),
};

function connected(client: UsearchClient, options: ConnectOptions): ConnectedEngine {
  return {
    version: async () => packageVersion('usearch') ?? 'unknown',
    create: async (spec) => new UsearchCollection(client, options, spec),
    close: async () => {},
  };
}

class UsearchCollection implements Collection {
  readonly #client: UsearchClient;
  readonly #spec: CollectionSpec;
  readonly #threads: number;
  readonly #file: string;
  readonly #emptyFile: string;
  #builder: UsearchIndex | undefined;
  #loaded = 0;

  constructor(client: UsearchClient, { folder, threads }: ConnectOptions, spec: CollectionSpec) {
    this.#client = client;
    this.#spec = spec;
    this.#threads = threads;
    this.#file = join(folder, `${spec.name}.usearch`);
    this.#emptyFile = join(folder, `${spec.name}.empty.usearch`);
    this.#builder = this.#open();
    this.#builder.save(this.#emptyFile);
  }

  async load(batch: LoadBatch, signal: AbortSignal): Promise<void> {
    const builder = this.#builder;
    if (builder === undefined)
      throw new FailureError('the index is closed for loading', { where: 'usearch' });
    const { dimensions } = this.#spec;
    const keys = BigUint64Array.from(batch.keys.subarray(0, batch.count), BigInt);
    await inChunks(batch, CHUNK, signal, (from, to) => {
      const vectors = batch.vectors.subarray(from * dimensions, to * dimensions);
      builder.add(keys.subarray(from, to), vectors, this.#threads);
      this.#loaded += to - from;
    });
  }

  /** The graph is complete after the last `load`; it goes to a file, which the settings then open. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    signal.throwIfAborted();
    if (this.#builder !== undefined) {
      requireCount('usearch', this.#builder.size(), this.#loaded);
      this.#builder.save(this.#file);
      this.#release(this.#builder);
      this.#builder = undefined;
    }
    const count = await this.count();
    requireCount('usearch', count, this.#loaded);
    return { count, indexed: count, details: { threads: this.#threads } };
  }

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    const asked = Number(search['ef']);
    let index: UsearchIndex | undefined = this.#view(asked);
    const { dimensions } = this.#spec;
    return {
      effective: { ...search, ef: Math.max(asked, k) },
      query: (vector) => {
        if (index === undefined) throw new FailureError('the search was closed', { where: 'usearch' });
        requireDimensions('usearch', vector, dimensions);
        const { keys, distances } = index.search(vector, k, 1);
        return { keys, scores: distances };
      },
      close: async () => {
        if (index !== undefined) this.#release(index);
        index = undefined;
      },
    };
  }

  async count(): Promise<number> {
    if (this.#builder !== undefined) return this.#builder.size();
    const index = this.#view(1);
    const size = index.size();
    this.#release(index);
    return size;
  }

  async indexBytes(): Promise<number | undefined> {
    return this.#builder === undefined ? statSync(this.#file).size : undefined;
  }

  async drop(): Promise<void> {
    if (this.#builder !== undefined) this.#release(this.#builder);
    this.#builder = undefined;
    await rm(this.#file, { force: true });
    await rm(this.#emptyFile, { force: true });
  }

  #open(ef = 1): UsearchIndex {
    const { dimensions, metric, index } = this.#spec;
    const quantization = SCALARS[index['quantization'] as keyof typeof SCALARS];
    const config: UsearchConfig = {
      dimensions,
      metric: quantization === 'b1' ? 'hamming' : METRICS[metric],
      quantization,
      connectivity: Number(index['m']),
      expansion_add: Number(index['efConstruction']),
      expansion_search: ef,
      multi: false,
    };
    return new this.#client.Index(config);
  }

  /** Opens the saved graph. Its connectivity comes from the file, so it is compared with what was asked for. */
  #view(ef: number): UsearchIndex {
    const index = this.#open(ef);
    index.view(this.#file);
    const found = { size: index.size(), dimensions: index.dimensions(), m: index.connectivity() };
    const wanted = {
      size: this.#loaded,
      dimensions: this.#spec.dimensions,
      m: Number(this.#spec.index['m']),
    };
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new FailureError(
        `the saved index is not the one that was built (wanted ${JSON.stringify(wanted)})`,
        {
          where: `usearch: ${this.#file}`,
          got: found,
        },
      );
    }
    return index;
  }

  /**
   * The client has no `close`, and its memory would stay until the garbage collector finds the object:
   * opening an empty file in its place frees it at once, so that one setting's memory is not counted with the next.
   */
  #release(index: UsearchIndex): void {
    index.view(this.#emptyFile);
  }
}
