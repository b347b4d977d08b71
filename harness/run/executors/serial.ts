import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectionLostError } from '../../../common/errors.js';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Hits } from '../../../engines/contract/search.js';
import type { Samples } from '../../model/samples.js';
import { SERIAL } from '../../model/workload.js';
import { Recorder } from '../recorder.js';
import type { Executor, Sending } from './executor.js';

/** Longest time without a turn of the event loop, so that signals and messages get through. */
const TURN_MS = 50;

/** The closed loop of one client: each query once, sent when the previous one was answered. */
export const serial: Omit<Executor, 'run'> & {
  run(sending: Sending, options: ParameterSet): Promise<Samples>;
} = {
  type: SERIAL.type,
  description: 'One client: each query is sent once the previous one has been answered.',
  optionSchemas: () => ({}),
  parse: (options) => {
    const issues = Object.keys(options).map((key) => ({
      path: [key],
      what: 'is not known: serial has no options',
      inKey: true,
    }));
    return issues.length === 0 ? { state: 'ok', options } : { state: 'invalid', issues };
  },
  plan: (_options, { repeat }) => ({ state: 'ok', passes: repeat }),
  run: runSerial,
};

/**
 * No signal goes with the queries: a listener for each would be part of its time. One that hangs is ended with its
 * process by the deadline of the search.
 */
async function runSerial({ search, ...pass }: Sending): Promise<Samples> {
  const { queries, order, filters, origin, signal } = pass;
  const recorder = new Recorder(pass, order.length);
  let turn = performance.now();
  for (let i = 0; i < order.length; i++) {
    const query = order[i]!;
    const vector = queries[query]!;
    const filter = filters?.[query];
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
    const sent = start - origin;
    recorder.add(query, sent, sent, end - origin, hits, failure);
    if (end - turn > TURN_MS) {
      pass.onProgress?.(i + 1);
      await nextTurn();
      signal.throwIfAborted();
      turn = performance.now();
    }
  }
  return recorder.samples();
}

function isPromise(answer: Hits | Promise<Hits>): answer is Promise<Hits> {
  return typeof (answer as Promise<Hits>).then === 'function';
}
