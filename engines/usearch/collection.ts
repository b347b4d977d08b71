import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Collection, Readiness, Shared } from '../contract/collection.js';
import type { ConnectOptions } from '../contract/engine.js';
import type { PreparedSearch } from '../contract/search.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import type { VectorField } from '../contract/vectors.js';
import { inChunks, requireCount } from '../kit/load.js';
import { denseOf, firstVector, rowNumbers } from '../kit/vectors.js';
import type { UsearchClient, UsearchIndex } from './client.js';
import { type SavedGraph, UsearchGraphs } from './saved.js';

/** Points inserted without giving the event loop a turn. */
const CHUNK = 512;

export class UsearchCollection implements Collection {
  readonly name: string;
  readonly #spec: CollectionSpec;
  readonly #field: VectorField;
  readonly #threads: number;
  readonly #file: string;
  readonly #emptyFile: string;
  readonly #graphs: UsearchGraphs;
  #builder: UsearchIndex | undefined;
  #loaded = 0;

  constructor(client: UsearchClient, { folder, threads }: ConnectOptions, spec: CollectionSpec) {
    this.name = spec.name;
    this.#spec = spec;
    this.#field = firstVector(spec);
    this.#threads = threads;
    this.#file = join(folder, `${spec.name}.usearch`);
    this.#emptyFile = join(folder, `${spec.name}.empty.usearch`);
    this.#graphs = new UsearchGraphs(client, spec, this.#emptyFile);
    this.#builder = this.#graphs.make();
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
      this.#graphs.release(this.#builder);
      this.#builder = undefined;
    }
    const count = await this.count();
    requireCount('usearch', count, this.#loaded);
    return { count, indexed: count, details: { threads: this.#threads } };
  }

  async prepare(search: ParameterSet, k: number): Promise<PreparedSearch> {
    return this.#graphs.prepare(this.#saved, search, k);
  }

  async share(): Promise<Shared> {
    return { collection: this.#saved };
  }

  async count(): Promise<number> {
    if (this.#builder !== undefined) return this.#builder.size();
    const index = this.#graphs.view(this.#saved, 1);
    const size = index.size();
    this.#graphs.release(index);
    return size;
  }

  async indexBytes(): Promise<number | undefined> {
    return this.#builder === undefined ? statSync(this.#file).size : undefined;
  }

  async drop(): Promise<void> {
    if (this.#builder !== undefined) this.#graphs.release(this.#builder);
    this.#builder = undefined;
    await rm(this.#file, { force: true });
    await rm(this.#emptyFile, { force: true });
  }

  get #saved(): SavedGraph {
    return { spec: this.#spec, file: this.#file, emptyFile: this.#emptyFile, count: this.#loaded };
  }
}
