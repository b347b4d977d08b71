import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionLostError } from '../../../common/errors.js';
import type { Metric } from '../../../datasets/dataset.js';
import type { ScoreForm } from '../../../engines/contract/capabilities.js';
import type { Hits } from '../../../engines/contract/search.js';
import { distance } from '../../measures/distance.js';
import { scoreOf } from '../../measures/scores.js';
import type { Write } from '../../model/writes.js';
import type { Sending } from '../executors/executor.js';
import type { TellingFilter, WrittenMetadata } from './metadata.js';
import type { PlannedWrite } from './plan.js';
import type { WrittenVectors } from './vectors.js';

/** Between two looks at first, and at most: each is twice the one before. */
const [FIRST_MS, LONGEST_MS] = [1, 100];
/** After a connection broke, before it is opened again. */
const REOPEN_MS = 100;

/** A search, and by query its filter. */
type Search = Pick<Sending, 'search' | 'filters'>;

export interface LookOptions {
  vectors: WrittenVectors;
  metadata?: WrittenMetadata | undefined;
  metric: Metric;
  /** What the engine's scores mean; undefined: not known, and updates are not followed. */
  form: ScoreForm | undefined;
  /** The search of the looks. */
  first: Search;
  /** Opens another one after its connection broke. */
  open(): Promise<Search>;
  timeoutSeconds: number;
  /** ms as in `Samples`. */
  now(): number;
  signal: AbortSignal;
}

/**
 * Looks for written points by queries for their own vectors, with the setting of the trial: what a caller sees who asks
 * right after a write. These queries are part of the load and not of its samples.
 */
export class Looks {
  readonly #options: LookOptions;
  #search: Promise<Search> | undefined;

  constructor(options: LookOptions) {
    this.#options = options;
    this.#search = Promise.resolve(options.first);
  }

  /** Whether the effect of a write could be told from an answer. */
  canFollow(planned: PlannedWrite): boolean {
    if (planned.kind === 'metadata') return this.#tellingFilter(planned) !== undefined;
    return planned.kind !== 'update' || this.#options.form !== undefined;
  }

  /** Of a write after which a point should no longer be found: whether it is found now. Undefined of all others. */
  foundBefore(planned: PlannedWrite): Promise<boolean | undefined> | undefined {
    if (planned.kind === 'delete') return this.#finds(planned.row);
    const filter = planned.kind === 'metadata' ? this.#tellingFilter(planned) : undefined;
    return filter?.passes === false ? this.#finds(planned.row, filter.query) : undefined;
  }

  /** Whether a point is found by its vector as it was loaded, under the filter of a query; undefined: the query failed. */
  async #finds(row: number, filterOf?: number): Promise<boolean | undefined> {
    const hits = await this.#ask(this.#options.vectors.loaded(row), filterOf);
    return hits && placeOf(hits, row) >= 0;
  }

  #tellingFilter({ row, from }: PlannedWrite): TellingFilter | undefined {
    return this.#options.metadata?.tells(row, from![1], row);
  }

  /** Looks until the effect shows or the time-out has passed; writes down what it saw. */
  async follow(planned: PlannedWrite, write: Write): Promise<void> {
    const { now, timeoutSeconds, signal } = this.#options;
    const shows = this.#shows(planned);
    const end = now() + timeoutSeconds * 1000;
    for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, LONGEST_MS)) {
      const sent = now();
      const seen = await shows();
      write.looks++;
      if (seen === true) {
        write.seen = now();
        return;
      }
      // A query that failed has seen nothing, neither the one nor the other.
      if (seen === false) write.unseen = sent;
      if (now() >= end) return;
      await pause(wait, undefined, { signal });
    }
  }

  #shows(planned: PlannedWrite): () => Promise<boolean | undefined> {
    const { vectors, metric, form } = this.#options;
    const { kind, row } = planned;
    if (kind === 'delete') {
      return async () => {
        const found = await this.#finds(row);
        return found === undefined ? undefined : !found;
      };
    }
    if (kind === 'metadata') {
      const { query, passes } = this.#tellingFilter(planned)!;
      return async () => {
        const found = await this.#finds(row, query);
        return found === undefined ? undefined : found === passes;
      };
    }
    const vector = vectors.written(planned);
    if (kind === 'insert') {
      return async () => {
        const hits = await this.#ask(vector);
        return hits && placeOf(hits, row) >= 0;
      };
    }
    const dimensions = vector.length;
    const [before, after] = [vectors.loaded(row), vector].map((other) =>
      scoreOf(distance(metric, vector, 0, other, 0, dimensions), form!),
    ) as [number, number];
    return async () => {
      const hits = await this.#ask(vector);
      if (hits === undefined) return undefined;
      const place = placeOf(hits, row);
      const score = Number(hits.scores[place] ?? Number.NaN);
      return place >= 0 && Math.abs(score - after) < Math.abs(score - before);
    };
  }

  /** Undefined where it failed or got no answer in time. */
  async #ask(vector: Float32Array, filterOf?: number): Promise<Hits | undefined> {
    const { open, timeoutSeconds, signal } = this.#options;
    signal.throwIfAborted();
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error('no answer in time')), timeoutSeconds * 1000);
    try {
      this.#search ??= open();
      const { search, filters } = await this.#search;
      const filter = filterOf === undefined ? undefined : filters?.[filterOf];
      return await search.query(vector, filter, deadline.signal);
    } catch (error) {
      if (error instanceof ConnectionLostError) {
        this.#search = undefined;
        await pause(REOPEN_MS, undefined, { signal });
      }
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

function placeOf({ keys }: Hits, row: number): number {
  for (let i = 0; i < keys.length; i++) if (Number(keys[i]) === row) return i;
  return -1;
}
