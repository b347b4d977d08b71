import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Recording } from '../recorder.js';
import type { Pass, TrialPlan, TrialShape } from './executor.js';
import { Load, type Place } from './load.js';
import { type Arrivals, dueTimes, type Ramp } from './schedule.js';

/** A timer fires up to so late (ms): what is due sooner is waited for by turns of the event loop. */
const TIMER_MS = 1.5;

export interface OpenLoop {
  /** From the beginning of the warm-up on. */
  ramp: Ramp;
  arrivals: Arrivals;
  warmUp: number;
  inFlight: number;
  timeout: number;
}

export const planOpenLoop = ({ repeat }: TrialShape): TrialPlan => ({ state: 'ok', passes: repeat });

/**
 * Queries are due at their times, whatever the engine does meanwhile, and their latency counts from then: a stall falls on
 * all that were due while it lasted. Those that find no free place wait; those that waited as long as the time-out are given
 * up and recorded as not sent.
 */
export async function runOpenLoop(pass: Pass, { ramp, arrivals, ...options }: OpenLoop): Promise<Recording> {
  const { order, signal } = pass;
  const load = await Load.open(pass, {
    // One that blocks the process can have no second query on its way.
    places: pass.concurrent ? options.inFlight : 1,
    timeoutSeconds: options.timeout,
    recordFrom: options.warmUp * 1000,
  });
  const free: Place[] = [...load.places];
  const underway = new Set<Promise<void>>();
  /** Called when a place becomes free. */
  let onFree: (() => void) | undefined;
  let broken: { error: unknown } | undefined;
  const send = (place: Place, query: number, due: number): void => {
    const asked = load.ask(place, query, due);
    if (asked === undefined) {
      free.push(place);
      return;
    }
    const done = asked
      .catch((error: unknown) => {
        broken ??= { error };
      })
      .then(() => {
        underway.delete(done);
        free.push(place);
        onFree?.();
      });
    underway.add(done);
  };
  load.begin();
  let at = 0;
  for (const due of dueTimes(ramp, arrivals, pass.seed + pass.repetition)) {
    const query = order[at++ % order.length]!;
    await waitFor(due, load, signal);
    while (free.length === 0) {
      const left = due + options.timeout * 1000 - load.now();
      if (left <= 0) break;
      await freed(left, (take) => {
        onFree = take;
      });
      signal.throwIfAborted();
    }
    const place = free.pop();
    if (place === undefined || load.now() > due + options.timeout * 1000) {
      load.giveUp(query, due);
      if (place !== undefined) free.push(place);
    } else send(place, query, due);
    if (broken !== undefined) throw broken.error;
    if (at % 256 === 0) pass.onProgress?.(load.recorded);
  }
  while (underway.size > 0) {
    await Promise.race(underway);
    signal.throwIfAborted();
  }
  return load.recording();
}

/** Until a query is due; at least one turn of the event loop where it already was, so that answers are taken. */
async function waitFor(due: number, load: Load, signal: AbortSignal): Promise<void> {
  let left = due - load.now();
  if (left > TIMER_MS) await pause(left - TIMER_MS, undefined, { signal });
  do {
    await nextTurn();
    left = due - load.now();
  } while (left > 0);
  signal.throwIfAborted();
}

/** Resolves when a place is free, or after so many ms. */
function freed(ms: number, register: (take: (() => void) | undefined) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      register(undefined);
      resolve();
    };
    const timer = setTimeout(end, ms);
    register(end);
  });
}

/** Options of an open loop beside its rate. */
export function openLoopOf(given: ParameterSet, ramp: Ramp): OpenLoop {
  return {
    ramp,
    arrivals: given['arrivals'] as Arrivals,
    warmUp: Number(given['warmUp']),
    inFlight: Number(given['inFlight']),
    timeout: Number(given['timeout']),
  };
}
