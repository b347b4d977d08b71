import { setTimeout as pause } from 'node:timers/promises';

/** Keeps several streams together from going faster than a number of points in a second. */
export class Pace {
  readonly #rate: number | undefined;
  readonly #started = performance.now();
  #points = 0;

  /** @param rate undefined: as fast as it goes */
  constructor(rate: number | undefined) {
    this.#rate = rate;
  }

  /** Waits until so many more points may have been moved. */
  async after(points: number, signal: AbortSignal): Promise<void> {
    this.#points += points;
    if (this.#rate === undefined) return;
    const ahead = (this.#points / this.#rate) * 1000 - (performance.now() - this.#started);
    if (ahead > 0) await pause(ahead, undefined, { signal });
  }
}
