import { messageOf } from '../../common/errors.js';
import type { Hits } from '../../engines/contract/search.js';
import { type Samples, UNKNOWN_KEY } from '../model/samples.js';
import { clearSamples, emptySamples, joinSamples } from '../store/samples.js';
import { firstOf, KeptAnswers } from './kept-answers.js';
import { Spool, type Spooled } from './spool.js';

/** Samples of one chunk where nobody knows how many there will be; of chunks that are spooled while queries are due. */
const CHUNK = 4096;
const SPOOLED_CHUNK = 1024;

/** What all samples of a pass have in common. */
export interface Recorded {
  k: number;
  /** Points in the dataset: keys outside 0 .. count-1 are recorded as `UNKNOWN_KEY`. */
  count: number;
  /** By query, hits that count where it asks for fewer than k. */
  ks?: Int32Array | undefined;
  repetition: number;
  /** Where times go of which there are too many for memory; absent: all samples are kept there. */
  spool?: SpoolPlace | undefined;
}

export interface SpoolPlace {
  /** A file that is not there. */
  path: string;
  /** Of the choice of answers. */
  seed: number;
  /** Recorders of one pass, which share its memory; absent: one. */
  parts?: number | undefined;
  /** Samples from which on they are spooled, and answers that are kept then; what is usual where absent. */
  most?: number | undefined;
  room?: number | undefined;
}

/** The samples of a pass. */
export interface Recording extends Samples {
  /** Present where there were too many: times of all of them, of which the samples are a random part. */
  all?: AllTimes | undefined;
}

export interface AllTimes {
  spools: readonly Spooled[];
  /** Chance that a sample had of being kept with its answer. */
  kept: number;
}

/** Of the place of a pass, that of one of several recorders. */
export const partOfSpool = (place: SpoolPlace, { index, of }: { index: number; of: number }): SpoolPlace => ({
  ...place,
  path: `${place.path}.${index}`,
  seed: place.seed + index * SEED_STEP,
  parts: of,
});

/** Passes have seeds that follow each other. */
const SEED_STEP = 1_000_003;

/** Samples that are kept in memory, and answers of which are kept where there are more; fewer where answers are long. */
const MOST = { samples: 50_000, bytes: 16 * 2 ** 20 };
const ROOM = { samples: 25_000, bytes: 8 * 2 ** 20 };

/** Bytes of a sample: its times, and for each hit a row, a score and a distance. */
const sizeOf = (k: number): number => 40 + 20 * k;
const within = ({ samples, bytes }: typeof MOST, k: number, parts: number): number =>
  Math.max(1, Math.floor(Math.min(samples, bytes / sizeOf(k)) / parts));

/**
 * Takes the samples of one pass into typed arrays, a chunk at a time: it grows without copying what it has. An executor
 * that knows its number of queries gives it, and nothing is allocated while it measures; others call `reserve` where
 * no query waits. With a `spool` memory stays bounded, however long the pass is: once it has too many samples, times go to a
 * file, and a random part of the answers is kept.
 */
export class Recorder {
  readonly #about: Recorded;
  readonly #size: number;
  readonly #most: number;
  readonly #full: Samples[] = [];
  #chunk: Samples;
  #next: Samples | undefined;
  #used = 0;
  #long: { spool: Spool; kept: KeptAnswers; samples: number } | undefined;

  /** @param capacity samples that are expected; more are taken, too */
  constructor(about: Recorded, capacity?: number) {
    this.#about = about;
    const { spool, k } = about;
    this.#most =
      spool === undefined ? Number.POSITIVE_INFINITY : (spool.most ?? within(MOST, k, spool.parts ?? 1));
    const usual = spool === undefined ? CHUNK : Math.min(SPOOLED_CHUNK, this.#most);
    this.#size = Math.max(1, capacity ?? usual);
    this.#chunk = emptySamples(this.#size, k);
  }

  /** Samples taken so far. */
  get length(): number {
    return (this.#long?.samples ?? 0) + this.#full.length * this.#size + this.#used;
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
    if (this.#long !== undefined || this.length > this.#most) this.#spill(2);
  }

  /** Takes the first full chunks out of memory: two for each that comes, so that no query waits for all of them. */
  #spill(chunks: number): void {
    const { k, repetition, spool } = this.#about;
    const { path, seed, parts = 1, room = within(ROOM, k, parts) } = spool!;
    this.#long ??= {
      spool: new Spool(path, repetition),
      kept: new KeptAnswers(room, k, seed + repetition),
      samples: 0,
    };
    for (const chunk of this.#full.splice(0, chunks)) {
      this.#take(chunk, this.#size);
      // Used again: what is left to the garbage collector stays for a while.
      this.#next ??= clearSamples(chunk);
    }
  }

  #take(chunk: Samples, length: number): void {
    const { spool, kept, samples } = this.#long!;
    spool.add(firstOf(chunk, length));
    kept.add(chunk, length, samples);
    this.#long!.samples += length;
  }

  /** All samples in the order in which they were taken; of a recorder without a `spool`. */
  samples(): Samples {
    if (this.#full.length === 0 && this.#used === this.#size) return this.#chunk;
    return joinSamples([...this.#full, firstOf(this.#chunk, this.#used)]);
  }

  /** The pass, once it has ended. Rejects where its times could not be written. */
  async recording(): Promise<Recording> {
    if (this.#long === undefined) return this.samples();
    this.#spill(Number.POSITIVE_INFINITY);
    this.#take(this.#chunk, this.#used);
    this.#used = 0;
    const all = await this.#long.spool.end();
    const { kept } = this.#long;
    return { ...kept.samples(), all: { spools: [all], kept: kept.share } };
  }
}
