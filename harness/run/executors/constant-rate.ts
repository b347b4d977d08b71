import { z } from 'zod';
import type { ParameterSet } from '../../../common/parameters.js';
import type { Executor } from './executor.js';
import { openLoopOf, planOpenLoop, runOpenLoop } from './open-loop.js';
import { common, count, kindOf, places, rate } from './options.js';
import { ARRIVALS, type Ramp } from './schedule.js';

const options = z.object({
  rate: rate().describe('queries that are due per second'),
  arrivals: z.enum(ARRIVALS, { error: `must be one of ${ARRIVALS.join(', ')}` }).default('poisson'),
  inFlight: places()
    .default(64)
    .describe('queries on their way at a time; others wait, and their wait counts'),
  count: count(),
  ...common,
});

/** The open loop: users do not wait for each other, and a stall falls on all who come while it lasts. */
export const constantRate: Executor = {
  type: 'constant-rate',
  description:
    'So many queries per second, whether earlier ones were answered or not; latency counts from when a query was due.',
  ...kindOf(options, secondsFor),
  plan: (given, shape) => planOpenLoop(given, shape),
  run: (pass, given) => runOpenLoop(pass, openLoopOf(given, rampOf(given))),
};

/** That so many are due in, by far the most times. */
function secondsFor(given: ParameterSet): number {
  const [most, perSecond] = [Number(given['count']), Number(given['rate'])];
  return Math.max(0.1, Math.min(86_400, (most + 6 * Math.sqrt(most) + 10) / perSecond));
}

function rampOf(given: ParameterSet): Ramp {
  const { rate: perSecond, seconds, warmUp } = options.parse(given);
  return { from: perSecond, to: perSecond, seconds: warmUp + seconds };
}
