import { z } from 'zod';
import type { Fault } from '../../../common/faults.js';
import { suggest } from '../../../common/nearest.js';
import type { ParameterSet } from '../../../common/parameters.js';
import type { ParsedWorkload, WorkloadKind } from '../../model/workload.js';
import { inSeconds, withDurations } from './durations.js';
import { MOST_THREADS } from './parts.js';

const between = (min: number, max: number, unit = '') => {
  const durations = unit === ' s' ? ', or a duration such as 30s, 10m or 8h' : '';
  const error = `must be a number from ${min} to ${max}${unit}${durations}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
};

export const places = (max = 1000) => {
  const error = `must be an integer from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error });
};

export const rate = () => between(0.1, 1_000_000, ' queries/s');

/** What every load has. */
export const common = {
  seconds: between(0.1, 86_400, ' s').default(10).describe('how long queries are sent and recorded'),
  warmUp: between(0, 3600, ' s')
    .default(1)
    .describe('seconds of the same load before, which are not recorded'),
  timeout: between(0.01, 3600, ' s').default(10).describe('seconds after which a query counts as failed'),
  threads: places(MOST_THREADS)
    .optional()
    .describe('threads that send, each with connections of its own; one if absent'),
};

const countError = 'must be an integer from 1 to 100000000 queries';
/** In place of a time. */
export const count = () =>
  z
    .int({ error: countError })
    .min(1, { error: countError })
    .max(100_000_000, { error: countError })
    .optional()
    .describe('recorded queries after which the pass ends; `seconds` is then no more than its limit');

/**
 * The static half of an executor, from a schema of its options.
 * @param limitOf seconds that a pass of so many queries may take, where none are given
 */
export function kindOf(
  schema: z.ZodObject,
  limitOf?: (options: ParameterSet) => number,
): Pick<WorkloadKind, 'optionSchemas' | 'parse'> {
  return {
    optionSchemas: () => {
      const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
      return withDurations(properties as Record<string, object>);
    },
    parse: (given) => {
      const { options: own, issues } = inSeconds(given);
      const options =
        limitOf !== undefined && Number(own['count']) >= 1 && own['seconds'] === undefined
          ? { ...own, seconds: limitOf(own) }
          : own;
      const parsed = parseWith(schema, options);
      if (issues.length === 0) return parsed;
      return { state: 'invalid', issues: [...issues, ...(parsed.state === 'invalid' ? parsed.issues : [])] };
    },
  };
}

function parseWith(schema: z.ZodObject, options: ParameterSet): ParsedWorkload {
  const parsed = z.strictObject(schema.shape).safeParse(options);
  if (parsed.success) return { state: 'ok', options: parsed.data as ParameterSet };
  const known = Object.keys(schema.shape);
  const issues = parsed.error.issues.flatMap((issue): Fault[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        path: [key],
        what: suggest('is not an option of this workload', key, known),
        got: options[key],
        inKey: true,
      }));
    const key = String(issue.path[0]);
    const got = options[key];
    return [
      {
        path: [key],
        what: got === undefined ? 'is missing' : issue.message,
        ...(got !== undefined && { got }),
      },
    ];
  });
  return { state: 'invalid', issues };
}
