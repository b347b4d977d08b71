import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Metric } from '../../datasets/dataset.js';
import type { Collection, Readiness } from '../contract/collection.js';
import type { ConnectOptions } from '../contract/engine.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';
import { inChunks, requireCount, requireDimensions } from '../kit/load.js';
import { denseOf, firstVector, rowNumbers } from '../kit/vectors.js';
import type { UsearchClient, UsearchConfig, UsearchIndex } from './client.js';

const METRICS = { cosine: 'cos', dot: 'ip', l2: 'l2sq' } as const;
const SCALARS = { none: 'f32', f16: 'f16', bf16: 'bf16', sq8: 'i8', binary: 'b1' } as const;
/** Points inserted without giving the event loop a turn. */
const CHUNK = 512;

export class UsearchCollection implements Collection {
  readonly name: string;
  readonly #client: UsearchClient;
  readonly #spec: CollectionSpec;
  readonly #field: VectorField;
  readonly #threads: number;
  readonly #file: string;
  readonly #emptyFile: string;
  #builder: UsearchIndex | undefined;
  #loaded = 0;

  constructor(client: UsearchClient, { folder, threads }: ConnectOptions, spec: CollectionSpec) {
    this.name = spec.name;
    this.#client = client;
    this.#spec = spec;
    this.#field = firstVector(spec);
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
    const { dimensions } = this.#field;
    const { ids } = batch;
    const keys =
      ids instanceof BigUint64Array ? ids : BigUint64Array.from(rowNumbers('usearch', batch), BigInt);
    const values = denseOf('usearch', batch, this.#field);
    await inChunks(batch, CHUNK, signal, (from, to) => {
      const vectors = values.subarray(from * dimensions, to * dimensions);
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
    const { dimensions } = this.#field;
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
    const { dimensions, metric } = this.#field;
    const { index } = this.#spec;
    const quantization = SCALARS[index['quantization'] as keyof typeof SCALARS];
    const config: UsearchConfig = {
      dimensions,
      metric: quantization === 'b1' ? 'hamming' : METRICS[metric as Metric],
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
      dimensions: this.#field.dimensions,
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
