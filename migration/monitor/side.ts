import { FailureError, messageOf } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Description, Point } from '../../engines/contract/points.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import { engineNames } from '../../engines/registry.js';
import type { Filter } from '../../filters/filter.js';
import { parseAddress } from '../connections/address.js';
import { type OpenSource, openSource } from '../connections/open-source.js';
import type { Surroundings } from '../connections/reach.js';
import { settingsOf } from '../parity/settings.js';

export type Answered =
  | { state: 'answered'; ids: readonly PointId[]; scores: readonly number[]; ms: number }
  | { state: 'failed'; why: string };

export interface SideOptions {
  place: string;
  /** Name of the vector that is searched; undefined: the first. */
  vector: string | undefined;
  search: Readonly<Record<string, unknown>>;
  /** Index parameters that the collection was made with, where they are known. */
  index?: ParameterSet | undefined;
  timeoutMs: number;
}

const BATCH = 200;

/** One of the two places. It is only read; a connection that broke is made again when it is next needed. */
export class WatchedSide {
  readonly #options: SideOptions;
  readonly #surroundings: Surroundings;
  #open: OpenSource | undefined;
  #description: Description | undefined;
  #search: { k: number; exact: boolean; prepared: PreparedSearch } | undefined;

  constructor(options: SideOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  /** A folder is opened anew for every round: what another process has written is not seen otherwise. */
  get isFolder(): boolean {
    const { address } = parseAddress(this.#options.place, engineNames());
    return !/^[a-z][a-z0-9+.-]*:\/\//i.test(address);
  }

  /** As the plan names it. */
  get place(): string {
    return this.#options.place;
  }

  throwIfAborted(): void {
    this.#surroundings.signal.throwIfAborted();
  }

  async open(): Promise<OpenSource> {
    if (this.#open !== undefined) return this.#open;
    const open = await openSource(this.#options.place, this.#surroundings);
    try {
      this.#description = await open.collection.points.describe();
    } catch (error) {
      await open.close().catch(() => {});
      throw error;
    }
    this.#open = open;
    return open;
  }

  /** As of the last time that it was opened or asked for. */
  get description(): Description | undefined {
    return this.#description;
  }

  async describe(): Promise<Description> {
    const { collection } = await this.open();
    this.#description = await collection.points.describe();
    return this.#description;
  }

  /** A failure is an answer: nothing is tried again. */
  async ask(
    query: { vector: Float32Array; k: number },
    filter: Filter | null,
    exact = false,
  ): Promise<Answered> {
    try {
      const prepared = await this.#prepare(query.k, exact);
      const native = filter === null ? undefined : await translated(prepared, filter);
      const signal = AbortSignal.any([
        this.#surroundings.signal,
        AbortSignal.timeout(this.#options.timeoutMs),
      ]);
      const begun = performance.now();
      const hits = await prepared.query(query.vector, native, signal);
      const ms = performance.now() - begun;
      const ids = Array.from({ length: hits.keys.length }, (_, i) => idOf(prepared, hits.keys[i]!));
      return { state: 'answered', ids, scores: Array.from(hits.scores), ms };
    } catch (error) {
      this.#surroundings.signal.throwIfAborted();
      await this.close();
      return { state: 'failed', why: messageOf(error).split('\n', 1)[0]! };
    }
  }

  /** Whether it can compare every point whatever its index. */
  get exact(): boolean {
    return this.#open?.collection.prepareExact !== undefined;
  }

  /** Those that are there. */
  async get(ids: readonly PointId[]): Promise<Point[]> {
    const { collection } = await this.open();
    const found: Point[] = [];
    for (let at = 0; at < ids.length; at += BATCH)
      found.push(...(await collection.points.get(ids.slice(at, at + BATCH))));
    return found;
  }

  async close(): Promise<void> {
    const [open, search] = [this.#open, this.#search];
    [this.#open, this.#search] = [undefined, undefined];
    // What is broken already cannot be closed in good order.
    await search?.prepared.close().catch(() => {});
    await open?.close().catch(() => {});
  }

  async #prepare(k: number, exact: boolean): Promise<PreparedSearch> {
    const { collection, definition } = await this.open();
    if (this.#search?.k === k && this.#search.exact === exact) return this.#search.prepared;
    await this.#search?.prepared.close();
    this.#search = undefined;
    const { search, index, vector } = this.#options;
    const named =
      vector === undefined || this.#description!.spec.vectors[0]?.name === vector ? [] : ([vector] as const);
    const prepared = exact
      ? await collection.prepareExact!(k, ...named)
      : await collection.prepare(
          settingsOf(definition, this.#description!, search, index).search,
          k,
          ...named,
        );
    this.#search = { k, exact, prepared };
    return prepared;
  }
}

function translated(prepared: PreparedSearch, filter: Filter) {
  if (prepared.translate === undefined) throw new FailureError('the engine has no filters');
  return prepared.translate(filter);
}

function idOf(prepared: PreparedSearch, key: number | bigint | string): PointId {
  if (prepared.idOf !== undefined) return prepared.idOf(key);
  return typeof key === 'number' ? BigInt(key) : key;
}
