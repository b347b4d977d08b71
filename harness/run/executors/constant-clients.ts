import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Recording } from '../recorder.js';
import { COUNTERS, type Executor, type Pass } from './executor.js';
import { Load } from './load.js';
import { common, count, kindOf, places } from './options.js';
import { partOf, planThreads } from './parts.js';

/** Longest time without a turn of the event loop, so that signals and messages get through. */
const TURN_MS = 50;
/** Limit of a pass that ends by the number of its queries. */
const LONGEST_SECONDS = 3600;

const options = z.object({
  clients: places().describe('clients that send side by side'),
  count: count(),
  ...common,
});

/** The closed loop: its throughput is that of a loaded engine, its latency that of clients that are ready to wait. */
export const constantClients: Executor = {
  type: 'constant-clients',
  description:
    'So many clients at a time, each of which sends its next query once the previous one was answered.',
  // Longer than anybody waits for a pass: the deadline of the search is what ends one that hangs.
  ...kindOf(options, () => LONGEST_SECONDS),
  plan: (given, shape) =>
    shape.execution === 'blocking' && shape.shares !== true && Number(given['clients']) > 1
      ? {
          state: 'refused',
          reason: `a query holds the process until it is answered: ${given['clients']} clients would wait in line for each other, and its index cannot be opened a second time; measure it with one`,
        }
      : (planThreads(given, shape) ?? { state: 'ok', passes: shape.repeat }),
  run: runClients,
};

async function runClients(pass: Pass, given: ParameterSet): Promise<Recording> {
  const { clients, seconds, warmUp, timeout, count: most = Number.POSITIVE_INFINITY } = options.parse(given);
  const load = await Load.open(pass, {
    places: partOf(clients, pass.part),
    timeoutSeconds: timeout,
    recordFrom: warmUp * 1000,
  });
  const { order, signal } = pass;
  const end = (warmUp + seconds) * 1000;
  // Over all threads each query is sent in its turn.
  const counters = pass.part?.counters ?? new Int32Array(COUNTERS);
  await load.begin();
  const client = async (place: (typeof load.places)[number]) => {
    let turn = load.now();
    while (!signal.aborted) {
      const now = load.now();
      if (now >= end) return;
      if (now >= warmUp * 1000 && Atomics.add(counters, 1, 1) >= most) return;
      const asked = load.ask(place, order[Atomics.add(counters, 0, 1) % order.length]!);
      if (asked !== undefined) await asked;
      if (now - turn <= TURN_MS) continue;
      pass.onProgress?.(load.recorded);
      await nextTurn();
      turn = load.now();
    }
  };
  await Promise.all(load.places.map(client));
  signal.throwIfAborted();
  return load.recording();
}
