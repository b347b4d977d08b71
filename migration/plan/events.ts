import { z } from 'zod';

/** What happens to a migration, in the order in which it happens: `events.jsonl`. All state is derived from it. */

export const STAGE_NAMES = [
  'capture',
  'inventory',
  'export',
  'validate',
  'map',
  'load',
  'verify',
  'parity',
  'synchronise',
  'shadow',
  'confirm',
  'ramp',
  'observe',
  'finish',
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

const time = z.iso.datetime();
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const stage = z.enum(STAGE_NAMES);

const evidence = z.strictObject({
  file: z.string().describe('below the folder of the migration'),
  sha256: digest,
  bytes: z.int().nonnegative(),
});
/** A file that a stage has left, as it was then. */
export type Evidence = z.infer<typeof evidence>;

const decision = z.strictObject({
  id: z.string().describe('what is written behind --accept'),
  subject: digest.describe('hash of exactly what is to be accepted: another one is another decision'),
  words: z.string(),
  details: z.array(z.string()),
});
/** Something that a person has to answer for before the migration goes on. */
export type Decision = z.infer<typeof decision>;

const ended = {
  type: z.literal('stage-ended'),
  time,
  stage,
  key: digest,
  seconds: z.number().nonnegative(),
  evidence: z.array(evidence),
};

export const eventSchema = z.union([
  z.strictObject({
    type: z.literal('plan'),
    time,
    vecproof: z.string(),
    sha256: digest,
    changed: z.array(z.string()).describe('parts of the plan that differ from the one before'),
  }),
  z.strictObject({
    type: z.literal('stage-started'),
    time,
    stage,
    key: digest.describe('hash of everything that the stage depends on'),
    inputs: z.record(z.string(), digest),
    thresholds: digest.optional().describe('that were in force'),
  }),
  z.strictObject({
    ...ended,
    /** `done` as soon as the decisions are taken; `blocked`: nothing was done, it begins once they are. */
    state: z.enum(['done', 'blocked']),
    digest: digest.describe('of the result, for the stages that depend on it'),
    decisions: z.array(decision),
  }),
  z.strictObject({
    ...ended,
    state: z.literal('failed'),
    problem: z.string(),
    exitCode: z.union([z.literal(1), z.literal(2), z.literal(3)]),
    waits: z.literal(true).optional().describe('nothing is wrong: more traffic or time has to pass'),
  }),
  z.strictObject({
    type: z.literal('distrusted'),
    time,
    stage,
    why: z.string(),
  }),
  z.strictObject({
    type: z.enum(['paused', 'resumed', 'rolled-back']).describe('somebody has decided so'),
    time,
    by: z.string(),
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal('again').describe('somebody wants the stage to run anew'),
    time,
    stage,
    by: z.string(),
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal('accepted'),
    time,
    stage,
    decision: z.string(),
    subject: digest,
    words: z.string(),
    reason: z.string(),
    by: z.string(),
  }),
]);
export type PlanEvent = z.infer<typeof eventSchema>;
export type Started = Extract<PlanEvent, { type: 'stage-started' }>;
export type Ended = Extract<PlanEvent, { type: 'stage-ended' }>;
export type Accepted = Extract<PlanEvent, { type: 'accepted' }>;
