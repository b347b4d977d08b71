import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectionLostError, messageOf } from '../../common/errors.js';
import type { Hits, NativeFilter, PreparedSearch } from '../../engines/contract/search.js';
import type { Samples } from '../model/samples.js';
import { emptySamples } from '../store/samples.js';

/** Longest time without a turn of the event loop, so that signals and messages get through. */
const TURN_MS = 50;

export interface PassOptions {
  /** One array per query. */
  queries: readonly Float32Array[];
  /** Indexes into `queries`, in the order they are sent. */
  order: Int32Array;
  k: number;
  /** By query, as translated for the search; absent: none has a filter. */
  filters?: readonly (NativeFilter | undefined)[] | undefined;
  /** By query, hits that count where it asks for fewer than k. */
  ks?: Int32Array | undefined;
  /** Points in the dataset: keys outside 0 .. count-1 are recorded as -2. */
  count: number;
  repetition: number;
  /** Origin of the recorded times, as of performance.now(). */
  origin: number;
  signal: AbortSignal;
  onProgress?: (done: number) => void;
}

/**
 * One pass of the serial closed loop: each query is sent when the previous one was answered. Only the engine's
 * call stands between `sent` and `answered`; no retries. An error is a recorded sample; a lost connection ends the
 * pass.
 */
export async function runPass(search: PreparedSearch, options: PassOptions): Promise<Samples> {
  const { queries, order, k, filters, ks, origin, signal } = options;
  const samples = emptySamples(order.length, k);
  const { sent, answered } = samples;
  let turn = performance.now();
  for (let i = 0; i < order.length; i++) {
    const vector = queries[order[i]!]!;
    const filter = filters?.[order[i]!];
    let hits: Hits | undefined;
    let failure: unknown;
    let end: number;
    const start = performance.now();
    try {
      const answer = search.query(vector, filter);
      hits = isPromise(answer) ? await answer : answer;
      end = performance.now();
    } catch (error) {
      end = performance.now();
      if (error instanceof ConnectionLostError) throw error;
      failure = error ?? new Error('the engine threw nothing');
    }
    sent[i] = start - origin;
    answered[i] = end - origin;
    if (hits === undefined) samples.error[i] = messageOf(failure);
    else recordHits(samples, i, hits, options.count, ks?.[order[i]!] ?? k);
    if (end - turn > TURN_MS) {
      options.onProgress?.(i + 1);
      await nextTurn();
      signal.throwIfAborted();
      turn = performance.now();
    }
  }
  samples.due.set(sent);
  samples.query.set(order);
  samples.repetition.fill(options.repetition);
  return samples;
}

function isPromise(answer: Hits | Promise<Hits>): answer is Promise<Hits> {
  return typeof (answer as Promise<Hits>).then === 'function';
}

function recordHits(
  samples: Samples,
  i: number,
  { keys, scores }: Hits,
  count: number,
  wanted: number,
): void {
  const { k } = samples;
  const n = Math.min(keys.length, wanted);
  for (let j = 0; j < n; j++) {
    const row = Number(keys[j]);
    samples.rows[i * k + j] = Number.isInteger(row) && row >= 0 && row < count ? row : -2;
    samples.scores[i * k + j] = scores[j] ?? Number.NaN;
  }
  samples.returned[i] = n;
}
