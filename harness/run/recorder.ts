import { messageOf } from '../../common/errors.js';
import type { Hits } from '../../engines/contract/search.js';
import { type Samples, UNKNOWN_KEY } from '../model/samples.js';
import { emptySamples, joinSamples } from '../store/samples.js';

/** Samples of one chunk where nobody knows how many there will be. */
const CHUNK = 4096;

/** What all samples of a pass have in common. */
export interface Recorded {
  k: number;
  /** Points in the dataset: keys outside 0 .. count-1 are recorded as `UNKNOWN_KEY`. */
  count: number;
  /** By query, hits that count where it asks for fewer than k. */
  ks?: Int32Array | undefined;
  repetition: number;
}

/**
 * Takes the samples of one pass into typed arrays, a chunk at a time: it grows without copying what it has. An executor
 * that knows its number of queries gives it, and nothing is allocated while it measures; others call `reserve` where
 * no query waits.
 */
export class Recorder {
  readonly #about: Recorded;
  readonly #size: number;
  readonly #full: Samples[] = [];
  #chunk: Samples;
  #next: Samples | undefined;
  #used = 0;

  /** @param capacity samples that are expected; more are taken, too */
  constructor(about: Recorded, capacity = CHUNK) {
    this.#about = about;
    this.#size = Math.max(1, capacity);
    this.#chunk = emptySamples(this.#size, about.k);
  }

  /** Samples taken so far. */
  get length(): number {
    return this.#full.length * this.#size + this.#used;
  }

  /** Makes sure that so many samples can be taken without an allocation; at most a chunk ahead. */
  reserve(samples: number): void {
    if (this.#used + samples > this.#size) this.#next ??= emptySamples(this.#size, this.#about.k);
  }

  /**
   * One query. Times are milliseconds since the trial's first pass began.
   *
   * @param hits undefined where the query failed; `failure` says why then
   */
  add(
    query: number,
    due: number,
    sent: number,
    answered: number,
    hits: Hits | undefined,
    failure: unknown,
  ): void {
    if (this.#used === this.#size) this.#grow();
    const i = this.#used++;
    const chunk = this.#chunk;
    chunk.query[i] = query;
    chunk.repetition[i] = this.#about.repetition;
    chunk.due[i] = due;
    chunk.sent[i] = sent;
    chunk.answered[i] = answered;
    if (hits === undefined) chunk.error[i] = messageOf(failure);
    else this.#addHits(i, hits, Math.min(this.#about.ks?.[query] ?? chunk.k, chunk.k));
  }

  #addHits(i: number, { keys, scores }: Hits, wanted: number): void {
    const { k, rows, scores: kept, returned } = this.#chunk;
    const { count } = this.#about;
    const n = Math.min(keys.length, wanted);
    for (let j = 0; j < n; j++) {
      const row = Number(keys[j]);
      rows[i * k + j] = Number.isInteger(row) && row >= 0 && row < count ? row : UNKNOWN_KEY;
      kept[i * k + j] = scores[j] ?? Number.NaN;
    }
    returned[i] = n;
  }

  #grow(): void {
    this.#full.push(this.#chunk);
    this.#chunk = this.#next ?? emptySamples(this.#size, this.#about.k);
    this.#next = undefined;
    this.#used = 0;
  }

  /** All samples in the order in which they were taken. */
  samples(): Samples {
    if (this.#full.length === 0 && this.#used === this.#size) return this.#chunk;
    return joinSamples([...this.#full, firstOf(this.#chunk, this.#used)]);
  }
}

function firstOf(samples: Samples, length: number): Samples {
  const { k } = samples;
  return {
    length,
    k,
    query: samples.query.subarray(0, length),
    repetition: samples.repetition.subarray(0, length),
    due: samples.due.subarray(0, length),
    sent: samples.sent.subarray(0, length),
    answered: samples.answered.subarray(0, length),
    error: samples.error.slice(0, length),
    returned: samples.returned.subarray(0, length),
    rows: samples.rows.subarray(0, length * k),
    scores: samples.scores.subarray(0, length * k),
    distances: samples.distances.subarray(0, length * k),
  };
}
