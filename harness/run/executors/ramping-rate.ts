import { z } from 'zod';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Executor } from './executor.js';
import { openLoopOf, planOpenLoop, runOpenLoop } from './open-loop.js';
import { common, kindOf, places, rate } from './options.js';
import { ARRIVALS, type Ramp } from './schedule.js';

const options = z.object({
  from: rate().describe('queries per second at the beginning'),
  to: rate().describe('queries per second at the end'),
  arrivals: z.enum(ARRIVALS, { error: `must be one of ${ARRIVALS.join(', ')}` }).default('poisson'),
  inFlight: places()
    .default(64)
    .describe('queries on their way at a time; others wait, and their wait counts'),
  ...common,
});

/** The open loop with a rate that rises or falls: where an engine stops keeping up. */
export const rampingRate: Executor = {
  type: 'ramping-rate',
  description:
    'A rate of queries that changes linearly over the pass; latency counts from when a query was due.',
  ...kindOf(options),
  plan: (given, shape) => planOpenLoop(given, shape),
  run: (pass, given) => runOpenLoop(pass, openLoopOf(given, rampOf(given))),
};

/** The warm-up is the beginning of the ramp. */
function rampOf(given: ParameterSet): Ramp {
  const { from, to, seconds, warmUp } = options.parse(given);
  return { from, to, seconds: warmUp + seconds };
}
