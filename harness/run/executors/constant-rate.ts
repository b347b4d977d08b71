import { z } from 'zod';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Executor } from './executor.js';
import { openLoopOf, planOpenLoop, runOpenLoop } from './open-loop.js';
import { common, kindOf, places, rate } from './options.js';
import { ARRIVALS, type Ramp } from './schedule.js';

const options = z.object({
  rate: rate().describe('queries that are due per second'),
  arrivals: z.enum(ARRIVALS, { error: `must be one of ${ARRIVALS.join(', ')}` }).default('poisson'),
  inFlight: places()
    .default(64)
    .describe('queries on their way at a time; others wait, and their wait counts'),
  ...common,
});

/** The open loop: users do not wait for each other, and a stall falls on all who come while it lasts. */
export const constantRate: Executor = {
  type: 'constant-rate',
  description:
    'So many queries per second, whether earlier ones were answered or not; latency counts from when a query was due.',
  ...kindOf(options),
  plan: (given, shape) => planOpenLoop(given, shape),
  run: (pass, given) => runOpenLoop(pass, openLoopOf(given, rampOf(given))),
};

function rampOf(given: ParameterSet): Ramp {
  const { rate: perSecond, seconds, warmUp } = options.parse(given);
  return { from: perSecond, to: perSecond, seconds: warmUp + seconds };
}
