import { z } from 'zod';
import { CHECK_NAMES, SEVERITIES } from './catalogue.js';

/** What `vecproof validate` says of a place: `validation.json`. */
export const VALIDATION_VERSION = 1;

const count = z.int().nonnegative();

const finding = z.strictObject({
  check: z.enum(CHECK_NAMES),
  severity: z.enum(SEVERITIES),
  of: z.string().describe('field, vector, part or tenant that it is about; empty: the points'),
  points: count.describe('points that it concerns; 0: the collection as a whole'),
  examples: z.array(z.string()).describe('ids of some of them, at most 5'),
  what: z.string(),
  remedy: z.string(),
});

const outcome = z.strictObject({
  check: z.enum(CHECK_NAMES),
  finds: z.string(),
  severity: z.enum(SEVERITIES),
  state: z.enum(['found', 'clean', 'not-checked']),
  reason: z.string().optional().describe('why it was not checked'),
});

export const validationSchema = z.strictObject({
  format: z.literal('vecproof-validation'),
  version: z.literal(VALIDATION_VERSION),
  tool: z.string(),
  takenAt: z.iso.datetime(),
  place: z.string(),
  target: z.string().nullable(),
  points: count,
  failOn: z.enum(SEVERITIES).describe('findings of this severity and above fail'),
  state: z.enum(['passed', 'failed']),
  counts: z.strictObject({ error: count, warning: count, note: count }).describe('findings by severity'),
  checks: z.array(outcome),
  findings: z.array(finding),
});
export type Validation = z.infer<typeof validationSchema>;
export type Finding = z.infer<typeof finding>;

/** Of `validation.json`, for other readers. */
export function validationJsonSchema(): unknown {
  return { title: 'vecproof validation, version 1', ...z.toJSONSchema(validationSchema) };
}
