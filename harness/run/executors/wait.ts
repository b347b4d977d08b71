import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** A timer fires up to so late (ms): what is due sooner is waited for by turns of the event loop. */
const TIMER_MS = 1.5;
/** A turn that is shorter (ms) has done nothing: taking an answer from a socket takes longer. */
const EMPTY_TURN_MS = 0.02;
/** Without a turn for longer (ms), answers that have come wait to be taken. */
const TURN_MS = 0.5;

/** Waits for moments more exactly than timers do, and counts what that costs. */
export class Waiting {
  readonly #signal: AbortSignal;
  /** CPU time (ms) of turns of the event loop in which nothing else was done. */
  spun = 0;
  #turned = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Where the time has come already, a turn of the event loop now and then, so that answers are taken. Rejects with the signal's
   * reason.
   *
   * @param left ms until then
   */
  async for(left: () => number): Promise<void> {
    let rest = left();
    if (rest <= 0 && performance.now() - this.#turned < TURN_MS) return;
    if (rest > TIMER_MS) {
      await pause(rest - TIMER_MS, undefined, { signal: this.#signal });
      rest = left();
    }
    do {
      const before = rest;
      await nextTurn();
      rest = left();
      if (before - rest < EMPTY_TURN_MS) this.spun += before - rest;
    } while (rest > 0);
    this.#turned = performance.now();
    this.#signal.throwIfAborted();
  }
}

/** @param moment as of performance.now() */
export async function waitUntil(moment: number, signal: AbortSignal): Promise<void> {
  if (moment > performance.now()) await new Waiting(signal).for(() => moment - performance.now());
}
