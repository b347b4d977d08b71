import { z } from 'zod';

/** `record.json`: what a migration was, item by item of the checklist, with its evidence. `record.schema.json` is its schema. */

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const file = z.strictObject({
  file: z.string().describe('below the folder of the record'),
  sha256: digest,
  bytes: z.int().nonnegative(),
});
export type RecordedFile = z.infer<typeof file>;

const decision = z.strictObject({
  time: z.string(),
  stage: z.string(),
  decision: z.string(),
  words: z.string(),
  reason: z.string(),
  by: z.string(),
});

export const ITEM_STATES = ['done', 'open', 'failed'] as const;

const stage = z.strictObject({
  stage: z.string(),
  state: z.enum(['not begun', 'under way', 'waiting', 'failed', 'doubted', 'outdated', 'done']),
  why: z.string().optional(),
  attempts: z.int().nonnegative(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  seconds: z.number().optional(),
});
export type RecordedStage = z.infer<typeof stage>;

const item = z.strictObject({
  item: z.string(),
  title: z.string(),
  state: z.enum(ITEM_STATES),
  says: z.string().optional().describe('what was found, from the evidence'),
  stages: z.array(stage),
  evidence: z.array(file.extend({ intact: z.boolean() })),
  decisions: z.array(decision),
  open: z.array(z.string()).describe('what is missing; empty exactly where it is done'),
});
export type RecordItem = z.infer<typeof item>;

export const recordSchema = z.strictObject({
  version: z.literal(1),
  vecproof: z.string().describe('version that made the record'),
  madeAt: z.string(),
  name: z.string(),
  source: z.string(),
  target: z.string(),
  state: z.enum(['complete', 'open', 'failed']),
  answer: z.string(),
  plan: z.strictObject({ sha256: digest, changedAt: z.array(z.string()) }),
  log: z
    .strictObject({ file: z.string(), events: z.int(), head: digest })
    .describe('each line of the log holds the hash of the one before: the head stands for all of them'),
  items: z.array(item),
  others: z.array(stage).describe('stages that are no part of an item'),
  interventions: z.array(
    z.strictObject({ time: z.string(), what: z.string(), by: z.string(), reason: z.string() }),
  ),
  learnt: z.strictObject({
    index: z.record(z.string(), z.unknown()),
    search: z.record(z.string(), z.unknown()),
    k: z.int().optional(),
    thresholds: z.array(
      z.strictObject({ source: z.number(), target: z.number().nullable(), why: z.string() }),
    ),
    verdicts: z.array(
      z.strictObject({ gate: z.string(), expected: z.string(), found: z.string(), state: z.string() }),
    ),
    kept: z
      .array(file)
      .describe('query set and thresholds, copied so that the next change can be held to them'),
    next: z.string().describe('the command for it; empty: nothing was kept'),
    open: z.array(z.string()),
  }),
  watch: z
    .strictObject({
      state: z.string(),
      since: z.string(),
      at: z.string(),
      rounds: z.int(),
      alpha: z.number(),
      alerts: z.int(),
      gates: z.array(
        z.strictObject({ name: z.string(), limit: z.string(), verdict: z.string(), observed: z.int() }),
      ),
    })
    .nullable(),
  files: z.array(file).describe('every file that the record stands on'),
  sum: digest.describe('SHA-256 of this record as JSON with sorted keys and without the sum'),
});
export type MigrationRecord = z.infer<typeof recordSchema>;

export function recordJsonSchema(): unknown {
  return { title: 'vecproof record, version 1', ...z.toJSONSchema(recordSchema) };
}

export const RECORD = { json: 'record.json', page: 'record.html', kept: 'kept' } as const;
