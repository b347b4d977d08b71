import type { ParameterSet } from '../../../common/parameters.js';
import type { Recording } from '../recorder.js';
import type { Pass, TrialPlan, TrialShape } from './executor.js';
import { Load, type Place } from './load.js';
import { partOf, planThreads } from './parts.js';
import { type Arrivals, dueTimes, type Ramp } from './schedule.js';
import { Waiting } from './wait.js';

export interface OpenLoop {
  /** From the beginning of the warm-up on. */
  ramp: Ramp;
  arrivals: Arrivals;
  warmUp: number;
  inFlight: number;
  timeout: number;
  /** Queries after the warm-up, of all parts, behind which nothing is due; absent: the ramp's end. */
  count?: number | undefined;
}

export const planOpenLoop = (options: ParameterSet, shape: TrialShape): TrialPlan =>
  planThreads(options, shape) ?? { state: 'ok', passes: shape.repeat };

/**
 * Queries are due at their times, whatever the engine does meanwhile, and their latency counts from then: a stall falls on
 * all that were due while it lasted. Those that find no free place wait; those that waited as long as the time-out are given
 * up and recorded as not sent.
 */
export async function runOpenLoop(pass: Pass, { ramp, arrivals, ...options }: OpenLoop): Promise<Recording> {
  const { order, signal } = pass;
  const most = options.count ?? Number.POSITIVE_INFINITY;
  const { index: first, of: step } = pass.part ?? { index: 0, of: 1 };
  const load = await Load.open(pass, {
    // One that blocks the process can have no second query on its way.
    places: pass.concurrent ? partOf(options.inFlight, pass.part) : 1,
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
  await load.begin();
  const waiting = new Waiting(signal);
  let [at, recorded] = [0, 0];
  for (const due of dueTimes(ramp, arrivals, pass.seed + pass.repetition)) {
    if (due >= options.warmUp * 1000 && recorded++ >= most) break;
    const number = at++;
    if (number % step !== first) continue;
    const query = order[number % order.length]!;
    await waiting.for(() => due - load.now());
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
    if (number % 256 === 0) pass.onProgress?.(load.recorded);
  }
  pass.onSpun?.(waiting.spun);
  while (underway.size > 0) {
    await Promise.race(underway);
    signal.throwIfAborted();
  }
  return load.recording();
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
    ...(given['count'] !== undefined && { count: Number(given['count']) }),
  };
}
