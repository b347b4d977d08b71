import { z } from 'zod';
import { PARTS_OF_A_POINT } from './compare.js';
import { VERIFY_CHECKS, VERIFY_FINDINGS, type VerifyCheck } from './findings.js';

const count = z.int().nonnegative();
const check = z.enum(Object.keys(VERIFY_CHECKS) as [VerifyCheck, ...VerifyCheck[]]);
const side = z.strictObject({
  place: z.string().describe('without credentials'),
  counter: count.describe('points by its own counter'),
  read: count,
  consistency: z.enum(['snapshot', 'repaired', 'best-effort']),
});

/** The result of `vecproof verify`: `verify.json`. */
export const verificationSchema = z.strictObject({
  state: z.enum(['equal', 'different']),
  source: side,
  target: side,
  counts: z.strictObject({
    matching: count,
    mismatched: count,
    missing: count.describe('in the source alone'),
    extra: count.describe('in the target alone'),
    duplicateInSource: count,
    duplicateInTarget: count,
  }),
  accepted: z
    .array(z.strictObject({ reason: z.string(), points: count, examples: z.array(z.string()) }))
    .describe('points that the target refused and somebody has accepted to stay out, by the reason'),
  samples: z.array(
    z.strictObject({
      type: z.enum(['integer', 'string', 'uuid']),
      id: z.string(),
      kind: z.enum(['missing', 'extra', 'mismatched', 'duplicate']),
      differs: z.array(z.enum(PARTS_OF_A_POINT)),
      words: z.array(z.string()).describe('what differs, source first'),
    }),
  ),
  checks: z.array(
    z.strictObject({
      check,
      title: z.string(),
      state: z.enum(['same', 'different', 'not-asked']),
      what: z.string().describe('what was compared, or why it was not'),
    }),
  ),
  findings: z.array(
    z.strictObject({
      check,
      finding: z.enum(VERIFY_FINDINGS),
      of: z.string().describe('field, vector, tenant or filter that it is about; empty: the points'),
      what: z.string(),
      examples: z.array(z.string()).describe('ids of some points, at most 5'),
    }),
  ),
  tenants: z
    .array(z.strictObject({ tenant: z.string(), source: count, target: count }))
    .describe('points of the largest 50'),
  mapping: z.string().optional().describe('SHA-256 of the mapping, where one was given'),
});

/** Of `verify.json`, for other readers. */
export function verificationJsonSchema(): unknown {
  return { title: 'vecproof verification', ...z.toJSONSchema(verificationSchema) };
}
