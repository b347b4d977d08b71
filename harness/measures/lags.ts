import { Latencies } from './latencies.js';

/** Samples that are kept for the next ones: of a longer pass the others are settled twice as often. */
const WINDOW = 100_000;

/** One query as far as its place on the way is concerned, ms. */
interface Sent {
  due: number;
  sent: number;
  answered: number;
  /** It was given up before it found a place. */
  unsent: boolean;
}

/**
 * How late the queries of one pass of an open loop were sent though a place was free, and how many found none: as many
 * earlier ones were on their way then as there are places, or waited. Takes the samples in about the order in which they
 * ended, and keeps no more of them than are on their way within `longest`.
 */
export class Lags {
  readonly #places: number;
  readonly #longest: number;
  readonly #window: number;
  #open: Sent[] = [];
  /** When queries ended that may have been on their way when an open one was due. */
  #ends: number[] = [];
  /** Queries due, and queries ended, before those that are open. */
  #dueBefore = 0;
  #endedBefore = 0;
  /** End of the last query sent, and whether two were ever on their way together. */
  #lastEnd = Number.NEGATIVE_INFINITY;
  #overlap = false;
  /** By the number of places that there may have been. */
  readonly #many = { queued: 0, free: new Latencies() };
  readonly #one = { queued: 0, free: new Latencies() };

  /**
   * @param places queries that may be on their way at a time
   * @param longest ms from due to answered, at most
   * @param window samples that are kept for the next ones
   */
  constructor(places: number, longest: number, window = WINDOW) {
    this.#places = places;
    this.#longest = longest;
    this.#window = window;
  }

  add(due: number, sent: number, answered: number, unsent: boolean): void {
    this.#open.push({ due, sent, answered, unsent });
    this.#ends.push(answered);
    if (this.#open.length < 2 * this.#window) return;
    this.#open.sort(byDue);
    this.#settle(Math.max(latest(this.#ends) - this.#longest, this.#open[this.#window]!.due));
  }

  /**
   * If no two queries were ever on their way together, one was due while another was on its way only where the engine
   * blocks the process: it had one place, however many the workload gives.
   *
   * @returns times from due to sent of the queries that found a free place, and how many found none
   */
  end(): { free: Latencies; queued: number } {
    this.#settle(Number.POSITIVE_INFINITY);
    return this.#overlap ? this.#many : this.#one;
  }

  /** Counts those due before `horizon`: no other that is due so early will come. */
  #settle(horizon: number): void {
    this.#open.sort(byDue);
    this.#ends.sort((a, b) => a - b);
    const settled = this.#open.filter(({ due }) => due < horizon);
    let ended = 0;
    for (const [before, { due, sent, unsent }] of settled.entries()) {
      while (ended < this.#ends.length && this.#ends[ended]! <= due) ended++;
      const underway = this.#dueBefore + before - (this.#endedBefore + ended);
      for (const [places, found] of [
        [this.#places, this.#many],
        [1, this.#one],
      ] as const) {
        if (unsent || underway >= places) found.queued++;
        else found.free.add(sent - due);
      }
    }
    this.#noteOverlap(settled);
    this.#open = this.#open.slice(settled.length);
    this.#dueBefore += settled.length;
    this.#ends = this.#ends.slice(ended);
    this.#endedBefore += ended;
  }

  #noteOverlap(settled: readonly Sent[]): void {
    if (this.#overlap) return;
    for (const { sent, answered } of settled.toSorted((a, b) => a.sent - b.sent)) {
      if (sent < this.#lastEnd) this.#overlap = true;
      this.#lastEnd = answered;
    }
  }
}

const byDue = (a: Sent, b: Sent): number => a.due - b.due;

const latest = (ends: readonly number[]): number =>
  ends.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
