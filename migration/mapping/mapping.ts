import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { readRegularText } from '../../common/regular-file.js';
import { FIELD_TYPES, METRICS } from '../../datasets/dataset.js';
import { SCORE_FORMS } from '../../harness/measures/scores.js';
import { DETAIL_NAMES } from '../export/details.js';

/** What every part of a source becomes in a target, and which losses somebody has accepted: `mapping.yaml`. */

/** Kinds of losses; docs/migration.md says what each means. */
export const LOSSES = [
  'id-as-text',
  'id-mapped',
  'auto-ids-dropped',
  'ttl-dropped',
  'vector-dropped',
  'vector-widened',
  'vector-rounded',
  'vector-normalised',
  'vector-absent',
  'vector-not-finite',
  'metric-not-told',
  'metric-contradicted',
  'metric-changed',
  'metric-not-available',
  'threshold-untranslatable',
  'required-missing',
  'filter-untranslatable',
  'filter-means-other',
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
  'namespace-dropped',
  'partition-dropped',
  'version-dropped',
  'provenance-dropped',
] as const;
export type LossKind = (typeof LOSSES)[number];

/** How ids of the source become those of the target. */
export const ID_RULES = ['identity', 'text', 'typed', 'tenant', 'uuid5', 'file'] as const;
export type IdRule = (typeof ID_RULES)[number];

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
  metric: z.enum(METRICS).nullable(),
  scores: z
    .strictObject({
      source: z.enum(SCORE_FORMS).nullable().describe('form of the source’s own scores; null: not known'),
      target: z.enum(SCORE_FORMS).nullable().describe('and of the target’s'),
      rule: z.string().describe('target score from source score; empty: the same, or there is none'),
    })
    .optional(),
});
export type MappedVector = z.infer<typeof vector>;

const field = z.strictObject({
  from: z.string().describe('dotted for fields of nested objects'),
  to: z.string().nullable().describe('null: it is dropped'),
  as: z
    .enum(['is', 'text', 'integer'])
    .describe('is: the value itself; text: its JSON; integer: a timestamp as microseconds since 1970'),
  type: z.enum(FIELD_TYPES).nullable().describe('null: the target keeps it without a declared type'),
  required: z
    .boolean()
    .default(false)
    .describe('permissions, visibility, owner: a point without a value (missing or null) is never loaded'),
  filterable: z
    .boolean()
    .default(false)
    .describe('filters of the application use it: the target indexes it, where it has such indexes'),
  role: z
    .enum(['stored', 'keyword', 'displayed', 'context'])
    .optional()
    .describe('of a text: stored; searched by keywords; shown to people; context for a model alone'),
  tokenizer: z.string().nullable().optional().describe('of a text searched by keywords; null: not known'),
});

const detail = z.strictObject({
  from: z.enum(DETAIL_NAMES),
  to: z
    .string()
    .min(1)
    .nullable()
    .describe('metadata field of the target that holds it; null: it is dropped'),
  type: z.enum(FIELD_TYPES),
});

const ids = z.strictObject({
  how: z
    .enum(ID_RULES)
    .describe(
      'identity: as they are; text: integers and UUIDs as their text; typed: text with i:, s: or u: before it; tenant: that, with the tenant and a slash before it, where tenants have the same ids; uuid5: UUID of version 5 of the typed text; file: by the map in "file"',
    ),
  keep: z
    .string()
    .nullable()
    .default(null)
    .describe('field of the target that holds the typed id of the source; null: none'),
  file: z
    .string()
    .nullable()
    .default(null)
    .describe('map of ids beside the mapping, for looking them up; of "file": the map itself'),
  sha256: z.string().nullable().default(null).describe('of that file'),
  native: z
    .string()
    .nullable()
    .default(null)
    .describe('what the target itself makes of such ids; null: nothing'),
});
export type MappedIds = z.infer<typeof ids>;

const tenancy = z.strictObject({
  how: z
    .enum(['collection', 'native', 'field', 'metadata', 'none'])
    .describe(
      'collection: one for each tenant, whose name has {tenant}; native: the target’s own tenants; field: a column beside the metadata; metadata: a metadata field; none',
    ),
  of: z.string().nullable().describe('field of the source; null: the tenant of each point, or none'),
  notAvailable: z.array(z.strictObject({ how: z.string(), why: z.string() })),
});

const threshold = z.strictObject({
  vector: z.string(),
  source: z.number().describe('the application’s threshold on the source’s scores'),
  target: z.number().nullable().describe('the same on the target’s; null: there is none'),
  keeps: z.enum(['at least', 'at most']).nullable().describe('which scores of the target pass it'),
  why: z.string(),
});
export type MappedThreshold = z.infer<typeof threshold>;

const filterShape = z.strictObject({
  shape: z.string().describe('fields and operators, without values'),
  queries: z.int().positive(),
  group: z.string().describe('of the first of them'),
  state: z.enum(['same', 'translated', 'means-other', 'untranslatable']),
  source: z.string().describe('JSON of the first of them'),
  target: z.string().nullable().describe('the same for the target'),
  native: z
    .string()
    .nullable()
    .default(null)
    .describe('as the target’s engine is asked it; null: not in one text'),
  why: z.string(),
});
export type MappedFilter = z.infer<typeof filterShape>;

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
    search: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .describe('to begin with, when its searches are tuned'),
    reason: z
      .array(z.string())
      .default([])
      .describe('why this index: a starting point, to be tuned by measuring'),
  }),
  ids: ids.default({ how: 'identity', keep: null, file: null, sha256: null, native: null }),
  vectors: z.array(vector).min(1),
  fields: z.array(field),
  details: z
    .array(detail)
    .default([])
    .describe('version, provenance, namespace and partition, of which no target has a place of its own'),
  text: z.boolean(),
  uri: z.boolean(),
  tenant: z.boolean(),
  tenancy: tenancy.default({ how: 'none', of: null, notAvailable: [] }),
  hybrid: z
    .strictObject({
      sparse: z.array(z.string()).describe('sparse vectors of the target'),
      keyword: z.array(z.string()).describe('fields of the target that are searched by keywords'),
      fusion: z.string(),
    })
    .default({ sparse: [], keyword: [], fusion: '' })
    .describe('apart from the index of the vectors'),
  filters: z.array(filterShape).default([]).describe('of the application’s queries'),
  thresholds: z.array(threshold).default([]),
  losses: z.array(loss),
});
export type Mapping = z.infer<typeof mappingSchema>;
export type MappedField = z.infer<typeof field>;

const HEAD = `# What each part of the source becomes in the target. Change what you want otherwise, and accept each loss by
# writing why in place of "accepted: false"; "vecproof load" stops at those that are not.
`;

/** Of `mapping.yaml`, for editors. */
export function mappingJsonSchema(): unknown {
  return { title: 'vecproof mapping, version 1', ...z.toJSONSchema(mappingSchema, { io: 'input' }) };
}

export function writeMapping(path: string, mapping: Mapping): void {
  writeFileAtomic(path, HEAD + stringify(mapping, { lineWidth: 0 }), { shared: true });
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
