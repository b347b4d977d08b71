import { z } from 'zod';
import { secondsOf } from '../../harness/run/executors/durations.js';

const share = z.number().min(0).max(1);
const DURATION = 'must be a number of seconds, or one with its unit such as 500ms, 60s or 5m';
const seconds = z.union(
  [
    z.number().positive(),
    z
      .string()
      .regex(/^\d+(\.\d+)? ?(ms|s|m|h)$/)
      .transform((text) => secondsOf(text)!),
  ],
  { error: DURATION },
);
const SHARE = 'must be a share from 0 to 1, or false';
/** false: it is shown, and judges nothing. */
const gate = (limit: z.ZodType<number, number | string>, value: number, description: string, error = SHARE) =>
  z
    .union([limit, z.literal(false)], { error })
    .default(value)
    .meta({ description: `${description} false: shown, and not judged.` });

/** `monitor` of a plan: docs/monitor.md. */
export const monitorSchema = z
  .strictObject({
    every: seconds
      .default(60)
      .meta({ description: 'Seconds from the start of a round to that of the next.' }),
    queries: z
      .int()
      .min(1)
      .max(10_000)
      .default(20)
      .meta({ description: 'Queries of a round, drawn at random with replacement.' }),
    k: z.int().min(1).max(1000).default(10).meta({ description: 'Hits of a query that names no k.' }),
    alpha: z
      .number()
      .gt(0)
      .lt(0.5)
      .default(0.05)
      .meta({ description: 'Chance of any false alarm of all gates together, over the whole watch.' }),
    lag: seconds
      .default(60)
      .meta({ description: 'Seconds that a change of the source may take until the target shows it.' }),
    timeout: seconds.default(10).meta({ description: 'Seconds after which a query counts as failed.' }),
    markers: z.enum(['ours', 'allowed', 'off']).default('ours').meta({
      description:
        'Marker points that are written into the target, searched and deleted again: only in a collection that a load of this tool has made, also in others, or nowhere.',
    }),
    gates: z
      .strictObject({
        overlap: gate(share, 0.9, 'Least mean share of the source’s hits that the target returns, too.'),
        empty: gate(
          share,
          0.02,
          'Most share of queries by tenant that only the target answers with nothing.',
        ),
        crossings: gate(
          share,
          0.02,
          'Most share of hits that only one side keeps under the application’s threshold.',
        ),
        scores: z
          .boolean()
          .default(true)
          .meta({ description: 'Alarm when the target’s scores are distributed otherwise than before.' }),
        concentration: gate(
          share,
          0.05,
          'How much more than the source’s the target’s answers may consist of the same points.',
        ),
        errors: gate(share, 0.01, 'Most share of queries that the target fails.'),
        visible: gate(
          seconds,
          10,
          'Seconds within which 95% of markers have to be found.',
          `${DURATION}, or false`,
        ),
        latency: z
          .union([z.number().positive(), z.literal(false)], {
            error: 'must be a number of milliseconds, or false',
          })
          .default(false)
          .meta({ description: 'Milliseconds within which 95% of the target’s answers have to come.' }),
        signals: gate(
          share,
          0.03,
          'How much worse than the source’s the application’s own signals of the target may be.',
        ),
        missing: z.boolean().default(true).meta({
          description:
            'Alarm at the first point of the source that the target does not hold once the lag has passed.',
        }),
        never: z.boolean().default(true).meta({
          description:
            'Alarm at the first point that breaks its filter, leaks or is served although deleted.',
        }),
      })
      .prefault({}),
  })
  .prefault({})
  .meta({ description: 'What is watched of source and target, and how: docs/monitor.md.' });

export type MonitorSettings = z.infer<typeof monitorSchema>;
