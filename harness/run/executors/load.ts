import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { ConnectionLostError, messageOf } from '../../../common/errors.js';
import type { EncodedQuery, Hits } from '../../../engines/contract/search.js';
import { loadErrorText } from '../../model/load-errors.js';
import { Recorder, type Recording } from '../recorder.js';
import { type DeadlineSlot, Deadlines } from './deadlines.js';
import type { Pass } from './executor.js';
import { waitUntil } from './wait.js';

/** After a connection broke, before it is opened again: a server that is gone is not asked thousands of times a second. */
const PAUSE_MS = 100;

/** Where one query can be on its way at a time. */
export interface Place extends Pick<Pass, 'search' | 'filters'>, DeadlineSlot {
  /** Its connection broke: it is opened again before the next query. */
  lost: boolean;
}

export interface LoadOptions {
  /** Queries that may be on their way at a time. */
  places: number;
  timeoutSeconds: number;
  /** ms from the beginning, before which nothing is recorded. */
  recordFrom: number;
}

/**
 * Sends the queries of a pass over several places and records each. A query that fails is recorded with its kind of error
 * and never sent again.
 */
export class Load {
  readonly places: readonly Place[];
  readonly #pass: Pass;
  readonly #options: LoadOptions;
  readonly #recorder: Recorder;
  readonly #deadlines: Deadlines;
  /** As of performance.now(). */
  #begin = 0;

  /** By query, as far as they are encoded beforehand. */
  readonly #encoded: readonly EncodedQuery[];

  private constructor(
    pass: Pass,
    places: readonly Place[],
    encoded: readonly EncodedQuery[],
    options: LoadOptions,
  ) {
    this.#pass = pass;
    this.#encoded = encoded;
    this.places = places;
    this.#options = options;
    this.#recorder = new Recorder(pass);
    const why = loadErrorText('timeout', `no answer within ${options.timeoutSeconds} s`);
    this.#deadlines = new Deadlines(options.timeoutSeconds * 1000, () => new Error(why));
    const { signal } = pass;
    signal.addEventListener('abort', () => this.#deadlines.stop(signal.reason as Error), { once: true });
  }

  /** A search for each place, where the engine can have several open; else all share one. */
  static async open(pass: Pass, options: LoadOptions): Promise<Load> {
    const { search, filters } = pass;
    const places: Place[] = [{ search, filters, lost: false }];
    while (places.length < options.places) {
      pass.signal.throwIfAborted();
      const own = pass.several ? await pass.open() : { search, filters };
      places.push({ ...own, lost: false });
    }
    return new Load(pass, places, await encodedQueries(pass), options);
  }

  /** Resolves at the beginning. */
  async begin(): Promise<void> {
    const { ready, signal } = this.#pass;
    this.#begin = (await ready?.()) ?? performance.now();
    await waitUntil(this.#begin, signal);
  }

  /** ms since the beginning. */
  now(): number {
    return performance.now() - this.#begin;
  }

  get recorded(): number {
    return this.#recorder.length;
  }

  recording(): Promise<Recording> {
    this.#deadlines.close();
    return this.#recorder.recording();
  }

  /**
   * Sends one query and resolves once it is recorded. A synchronous engine has answered when this returns.
   * @param due ms from the beginning; undefined: now
   */
  ask(place: Place, query: number, due?: number): void | Promise<void> {
    if (place.lost) return this.#reopen(place, query, due);
    const vector = this.#pass.queries[query]!;
    const encoded = this.#encoded[query];
    const filter = place.filters?.[query];
    const sent = performance.now();
    let answer: Hits | Promise<Hits>;
    const deadline = this.#pass.concurrent ? this.#deadlines.start(place) : undefined;
    try {
      answer =
        encoded === undefined
          ? place.search.query(vector, filter, deadline?.signal)
          : place.search.queryEncoded!(encoded, filter, deadline?.signal);
    } catch (error) {
      deadline?.clear();
      return this.#record(place, query, due, sent, performance.now(), undefined, error);
    }
    if (!isPromise(answer)) {
      deadline?.clear();
      return this.#record(place, query, due, sent, performance.now(), answer, undefined);
    }
    return answer.then(
      (hits) => {
        const end = performance.now();
        deadline?.clear();
        this.#record(place, query, due, sent, end, hits, undefined);
      },
      (error: unknown) => {
        const end = performance.now();
        deadline?.clear();
        const why = deadline?.expired === true ? deadline.signal.reason : error;
        this.#record(place, query, due, sent, end, undefined, why);
      },
    );
  }

  /** A query that was due and found no free place in time. */
  giveUp(query: number, due: number): void {
    const now = performance.now();
    const why = loadErrorText('unsent', `no free place within ${this.#options.timeoutSeconds} s`);
    this.#add(query, this.#begin + due, now, now, undefined, why);
  }

  async #reopen(place: Place, query: number, due: number | undefined): Promise<void> {
    const sent = performance.now();
    try {
      await pause(PAUSE_MS, undefined, { signal: this.#pass.signal });
      if (this.#pass.several) Object.assign(place, await this.#pass.open());
      place.lost = false;
    } catch (error) {
      this.#pass.signal.throwIfAborted();
      const why = loadErrorText('connection', `cannot be opened again: ${messageOf(error)}`);
      return this.#add(
        query,
        due === undefined ? sent : this.#begin + due,
        sent,
        performance.now(),
        undefined,
        why,
      );
    }
    return this.ask(place, query, due);
  }

  #record(
    place: Place,
    query: number,
    due: number | undefined,
    sent: number,
    end: number,
    hits: Hits | undefined,
    failure: unknown,
  ): void {
    let why = failure;
    if (failure instanceof ConnectionLostError) {
      place.lost = true;
      why = loadErrorText('connection', messageOf(failure));
    }
    this.#add(query, due === undefined ? sent : this.#begin + due, sent, end, hits, why);
  }

  /** Times as of performance.now(). */
  #add(
    query: number,
    due: number,
    sent: number,
    end: number,
    hits: Hits | undefined,
    failure: unknown,
  ): void {
    if (due - this.#begin < this.#options.recordFrom) return;
    const { origin } = this.#pass;
    this.#recorder.add(query, due - origin, sent - origin, end - origin, hits, failure);
  }
}

/** Numbers of the queries that are kept encoded: some 50 MB as JSON. Those beyond are encoded as they are sent. */
const MOST_NUMBERS = 4_000_000;
/** Queries that are encoded before the event loop gets a turn. */
const TURN = 128;

/** By query; empty where the client takes vectors alone. One set serves all places. */
async function encodedQueries({ search, queries, filters, order, signal }: Pass): Promise<EncodedQuery[]> {
  const encoded = new Array<EncodedQuery>(search.encode === undefined ? 0 : queries.length);
  if (search.encode === undefined) return encoded;
  const most = Math.min(order.length, Math.floor(MOST_NUMBERS / (queries[0]?.length ?? 1)));
  for (let i = 0; i < most; i++) {
    const query = order[i]!;
    encoded[query] = search.encode(queries[query]!, filters?.[query]);
    if (i % TURN !== 0) continue;
    await nextTurn();
    signal.throwIfAborted();
  }
  return encoded;
}

function isPromise(answer: Hits | Promise<Hits>): answer is Promise<Hits> {
  return typeof (answer as Promise<Hits>).then === 'function';
}
