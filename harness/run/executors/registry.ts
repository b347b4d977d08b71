import { constantClients } from './constant-clients.js';
import { constantRate } from './constant-rate.js';
import type { Executor } from './executor.js';
import { rampingRate } from './ramping-rate.js';
import { searchUnderWrites } from './search-under-writes.js';
import { serial } from './serial.js';

/** Every workload that suites can name. A new one is a file beside this one and a row here. */
export const EXECUTORS: readonly Executor[] = [
  serial,
  constantClients,
  constantRate,
  rampingRate,
  searchUnderWrites,
];

/** Of a planned trial: its type was checked with the suite. */
export function executorOf({ type }: { type: string }): Executor {
  const found = EXECUTORS.find((each) => each.type === type);
  if (found === undefined) throw new Error(`there is no workload ${type}`);
  return found;
}
