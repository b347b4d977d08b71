import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { readRegularText } from '../../common/regular-file.js';
import { FIELD_TYPES, METRICS } from '../../datasets/dataset.js';

/** What every part of a source becomes in a target, and which losses somebody has accepted: `mapping.yaml`. */

/** Kinds of losses; docs/migration.md says what each means. */
export const LOSSES = [
  'id-as-text',
  'vector-dropped',
  'vector-widened',
  'vector-rounded',
  'vector-normalised',
  'vector-absent',
  'vector-not-finite',
  'metric-not-told',
  'metric-changed',
  'field-dropped',
  'field-renamed',
  'field-as-text',
  'text-too-long',
  'timestamp-as-integer',
  'name-as-path',
  'missing-as-null',
  'null-as-missing',
  'empty-object-as-missing',
  'text-dropped',
  'uri-dropped',
  'tenant-dropped',
] as const;
export type LossKind = (typeof LOSSES)[number];

export const SEVERITIES = ['note', 'warning', 'serious'] as const;

const loss = z.strictObject({
  loss: z.enum(LOSSES),
  of: z.string().describe('field, vector or part that it is about; empty: the point'),
  points: z.int().nonnegative().describe('points that it concerns'),
  example: z.string().optional().describe('id of one of them'),
  severity: z.enum(SEVERITIES),
  remedy: z.string(),
  accepted: z.union([z.literal(false), z.string().min(1)]).describe('false, or why it is acceptable'),
});
export type Loss = z.infer<typeof loss>;

const vector = z.strictObject({
  from: z.string(),
  to: z.string().nullable().describe('null: it is dropped'),
  type: z.enum(['f32', 'f16', 'bf16', 'int8', 'bit']),
  metric: z.enum([...METRICS, 'hamming', 'jaccard']).nullable(),
});

const field = z.strictObject({
  from: z.string().describe('dotted for fields of nested objects'),
  to: z.string().nullable().describe('null: it is dropped'),
  as: z
    .enum(['is', 'text', 'integer'])
    .describe('is: the value itself; text: its JSON; integer: a timestamp as microseconds since 1970'),
  type: z.enum(FIELD_TYPES).nullable().describe('null: the target keeps it without a declared type'),
});

export const mappingSchema = z.strictObject({
  version: z.literal(1),
  source: z.strictObject({
    engine: z.string(),
    collection: z.string(),
    points: z.int().nonnegative(),
    sum: z.string().describe('of the export: a mapping is of exactly these points'),
  }),
  target: z.strictObject({
    engine: z.string(),
    place: z.string().describe('engine:address#collection'),
    ids: z.enum(['u32', 'u64', 'string', 'uuid']),
    index: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  vectors: z.array(vector).min(1),
  fields: z.array(field),
  text: z.boolean(),
  uri: z.boolean(),
  tenant: z.boolean(),
  losses: z.array(loss),
});
export type Mapping = z.infer<typeof mappingSchema>;
export type MappedField = z.infer<typeof field>;

const HEAD = `# What each part of the source becomes in the target. Change what you want otherwise, and accept each loss by
# writing why in place of "accepted: false"; "vecproof load" stops at those that are not.
`;

export function writeMapping(path: string, mapping: Mapping): void {
  writeFileAtomic(path, HEAD + stringify(mapping, { lineWidth: 0 }));
}

/** @throws InputError naming the file and what is wrong in it */
export function readMapping(path: string): { mapping: Mapping; hash: string } {
  let text: string;
  let given: unknown;
  try {
    text = readRegularText(path);
    given = parse(text);
  } catch (error) {
    throw new InputError(`the mapping cannot be read: ${messageOf(error)}`, {
      where: path,
      next: 'make one with "vecproof map"',
      cause: error,
    });
  }
  const parsed = mappingSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(`is not a mapping: ${issue?.path.join('.')}: ${issue?.message}`, {
      where: path,
      cause: parsed.error,
    });
  }
  return { mapping: parsed.data, hash: createHash('sha256').update(text).digest('hex') };
}
