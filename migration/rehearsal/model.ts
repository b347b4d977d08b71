import { z } from 'zod';
import { DIFFERENCES } from './ledger.js';
import { SIDES } from './protocol.js';
import { WINDOW_NAMES } from './windows.js';

const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative().describe('since the rehearsal began, milliseconds');
const window = z.enum(WINDOW_NAMES);
const side = z.enum(SIDES);
const bySide = z.strictObject({ source: count, target: count });

const differences = z
  .strictObject(
    Object.fromEntries(DIFFERENCES.map((kind) => [kind, count.optional()])) as Record<
      (typeof DIFFERENCES)[number],
      z.ZodOptional<typeof count>
    >,
  )
  .describe('rows by how they differ from what was acknowledged; a kind that is absent: none');

const gate = z.strictObject({
  condition: z.string(),
  state: z.enum(['open', 'closed']).describe('at the end of the time that it was given'),
  found: z.string().describe('what it was decided by'),
  closed: count.describe('times that it was asked and not open yet'),
});
export type GateResult = z.infer<typeof gate>;

const windowResult = z.strictObject({
  window,
  title: z.string(),
  does: z.string(),
  at: milliseconds,
  seconds: z.number().nonnegative(),
  entry: gate,
  exit: gate,
  /** Measured at the end of the window, with writes held for a moment. */
  ifCutOver: differences.describe('what would be lost if the target took over at the end of this window'),
  ifBack: differences.describe('what would be lost if one went back to the source then'),
  back: z.string().describe('how one goes back'),
  wentBack: z.array(z.string()).describe('decisions to go back that were taken, each with its reason'),
});
export type WindowResult = z.infer<typeof windowResult>;

const faultResult = z.strictObject({
  fault: z.string(),
  title: z.string(),
  window,
  at: milliseconds,
  seconds: z.number().nonnegative(),
  state: z.enum(['caught', 'missed']),
  expected: z.array(z.string()).describe('one of these was to notice it'),
  caughtBy: z.array(z.strictObject({ by: z.string(), words: z.string() })),
  wouldHaveLost: differences
    .optional()
    .describe(
      'when it was noticed, before anything was done about it; absent: the target was not complete yet',
    ),
  after: differences.describe('once it was over; empty: nothing was lost'),
});
export type FaultResult = z.infer<typeof faultResult>;

/** The result of `vecproof rehearse`: `rehearsal.json`. */
export const rehearsalSchema = z.strictObject({
  version: z.literal(1),
  vecproof: z.string(),
  name: z.string(),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  seed: z.int(),
  state: z
    .enum(['safe', 'lost', 'missed', 'stopped'])
    .describe(
      'safe: nothing was lost and every planted fault was noticed; lost: something acknowledged was; missed: a fault was not noticed; stopped: a gate stayed closed',
    ),
  answer: z.string(),
  sides: z.strictObject({
    source: z.strictObject({ engine: z.string(), version: z.string(), where: z.string() }),
    target: z.strictObject({ engine: z.string(), version: z.string(), where: z.string() }),
  }),
  data: z.strictObject({ from: z.string(), points: count, leftOut: z.array(z.string()) }),
  traffic: z.strictObject({
    from: z.string(),
    writesPerSecond: z.number(),
    readsPerSecond: z.number(),
    embeddingLag: z.number().describe('milliseconds between a text and its vector'),
    written: count.describe('acknowledged'),
    unknown: count.describe(
      'writes without an answer: they may have happened or not, and both sides have to agree',
    ),
    read: count,
    failedReads: count,
    answeredBy: bySide,
    stale: bySide.describe('rows in answers of which an older state was served than was acknowledged before'),
    deletedServed: bySide.describe('rows in answers whose deletion had been acknowledged before'),
    stalest: z.strictObject({ source: z.number(), target: z.number() }).describe('of both, milliseconds'),
  }),
  windows: z.array(windowResult),
  faults: z.array(faultResult),
  lost: z
    .array(
      z.strictObject({
        side,
        kind: z.enum(DIFFERENCES),
        id: z.string(),
        expected: count.optional().describe('number of the write that was acknowledged last'),
        found: count.optional(),
      }),
    )
    .describe('in the end; empty: nothing'),
  timeline: z.array(
    z.strictObject({
      at: milliseconds,
      window,
      kind: z.enum(['window', 'gate', 'fault', 'caught', 'healed', 'killed', 'started', 'decision', 'note']),
      words: z.string(),
    }),
  ),
  samples: z.array(
    z.strictObject({
      at: milliseconds,
      written: count,
      read: count,
      failedReads: count,
      backlog: count.describe('changes that the target did not have yet'),
      share: z.number().min(0).max(1).describe('of reads that the target answered'),
    }),
  ),
});
export type Rehearsal = z.infer<typeof rehearsalSchema>;
export type TimelineEntry = Rehearsal['timeline'][number];

/** Of `rehearsal.json`, for other readers. */
export function rehearsalJsonSchema(): unknown {
  return { title: 'vecproof rehearsal', ...z.toJSONSchema(rehearsalSchema) };
}
