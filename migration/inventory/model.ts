import { z } from 'zod';
import { FIELD_TYPES, METRICS } from '../../datasets/dataset.js';
import { PROBES, type ProbeName } from '../probe/probes.js';

/** What `vecproof inventory` finds of a collection: `inventory.json`. */
export const INVENTORY_VERSION = 1;

const count = z.int().nonnegative();
const met = z.strictObject({
  count,
  examples: z.array(z.string()).describe('ids of the first ones, at most 5'),
});
const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** Integers beyond ±(2^53 - 1) as their digits. */
const number = z.union([z.number(), z.string().regex(/^-?\d+$/)]);
const metric = z.enum(METRICS).nullable();

const measured = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('measured'),
    metric: z.enum([...METRICS, 'l1']),
    form: z.string().describe('what its scores are, e.g. "1-cos" or "squared"'),
    hits: count.describe('scores that were compared'),
  }),
  z.strictObject({
    state: z.literal('approximate'),
    metric: z.enum([...METRICS, 'l1']),
    form: z.string(),
    hits: count,
    error: z.number().describe('median relative error of its scores, which a quantized index rounds'),
  }),
  z.strictObject({ state: z.literal('not-established'), reason: z.string(), hits: count }),
  z.strictObject({ state: z.literal('not-asked'), reason: z.string() }),
]);

const vector = z.strictObject({
  name: z.string(),
  kind: z.enum(['dense', 'sparse', 'multi']),
  type: z.enum(['f32', 'f16', 'bf16', 'int8', 'bit']),
  dimensions: count,
  declared: metric.describe('as the engine declares it; null: it does not'),
  measured: measured.describe('by its scores for known vectors'),
  points: count,
  absent: met,
  zero: met,
  notFinite: met,
  wrongLength: met,
  unit: count.describe('dense ones whose length is within 1e-3 of 1'),
  notUnit: met,
  norms: z
    .strictObject({
      min: z.number(),
      mean: z.number(),
      max: z.number(),
      p1: z.number(),
      median: z.number(),
      p99: z.number(),
    })
    .nullable()
    .describe('quantiles are of a sample of 4,096'),
});

const cardinality = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('exact'), count }),
  z.strictObject({
    how: z.literal('estimate'),
    count,
    error: z.number().describe('one standard deviation, relative (HyperLogLog)'),
  }),
]);

const texts = z.strictObject({
  texts: count,
  longestBytes: count.nullable(),
  longestId: z.string().nullable(),
  times: z.record(z.string(), met).describe('by form, such as "time without a zone"'),
  numeric: met.describe('texts that are numbers'),
  damaged: z.record(z.string(), met).describe('by what is wrong with their characters'),
  composed: met.describe('texts with signs that Unicode can also write decomposed'),
  decomposed: met,
});

const field = z.strictObject({
  name: z.string().describe('dotted for fields of nested objects'),
  native: z.string().nullable().describe("the engine's own name of its type"),
  type: z.enum(FIELD_TYPES).nullable().describe('portable type; null: its values are of several types'),
  types: z.record(z.string(), met).describe('types of its values'),
  values: count,
  nulls: count,
  missing: count,
  scalars: count,
  arrays: count,
  distinct: cardinality,
  range: z.strictObject({ min: number, max: number }).nullable(),
  beyondDoubles: met.describe('integers outside of ±(2^53 - 1)'),
  texts,
});

const probe = z.discriminatedUnion('state', [
  z.strictObject({
    probe: z.enum(Object.keys(PROBES) as [ProbeName, ...ProbeName[]]),
    state: z.enum(['same', 'different']),
    field: z.string(),
    filter: z.record(z.string(), z.unknown()),
    expected: count.describe('points that pass by the portable meaning (docs/filters.md)'),
    found: count.describe('points that the engine itself counted'),
  }),
  z.strictObject({
    probe: z.enum(Object.keys(PROBES) as [ProbeName, ...ProbeName[]]),
    state: z.literal('not-asked'),
    reason: z.string(),
  }),
]);

const usedFilter = z.strictObject({
  filter: z.unknown(),
  queries: count.describe('queries of the file that use it'),
  passes: count.nullable().describe('points that pass by the portable meaning; null: not countable'),
  found: count.nullable().describe('points that the engine counted; null: not asked'),
  problem: z.string().nullable(),
});

const queries = z.strictObject({
  file: z.string(),
  queries: count,
  filtered: count,
  fields: z.array(z.strictObject({ name: z.string(), operators: z.array(z.string()), queries: count })),
  filters: z.array(usedFilter).describe('the most used ones, at most 50'),
  k: z.strictObject({ min: count, max: count }).nullable(),
  thresholds: z
    .strictObject({ queries: count, min: z.number(), median: z.number(), max: z.number() })
    .nullable()
    .describe('score thresholds that the application applies'),
});

const warning = z.strictObject({
  about: z.string().describe('what it is about: a vector, a field, ids, …'),
  what: z.string(),
});

export const inventorySchema = z.strictObject({
  format: z.literal('vecproof-inventory'),
  version: z.literal(INVENTORY_VERSION),
  tool: z.string(),
  takenAt: z.iso.datetime(),
  place: z.string().describe('without credentials'),
  engine: z.string(),
  engineVersion: z.string().nullable(),
  collection: z.string(),
  collections: z.array(z.string()).describe('all that are at the place'),
  consistency: z.enum(['snapshot', 'repaired', 'best-effort']),
  watermark: z.string().nullable(),
  counts: z.strictObject({
    counter: count.describe("by the engine's own counter"),
    scanned: count.describe('points that a scan gave'),
    distinct: count.describe('different ids among them'),
    repeated: met.describe('ids that came more than once'),
    byId: z
      .strictObject({
        asked: count.describe('different ids asked for again, one by one'),
        found: count,
        withVector: count.describe('of these, points that have all vectors that the scan gave'),
        differing: met.describe('points whose vectors are others when asked for by id'),
      })
      .nullable()
      .describe('null: not asked'),
  }),
  ids: z.strictObject({
    kind: z.enum(['u32', 'u64', 'string', 'uuid']).nullable(),
    integer: count,
    string: count,
    uuid: count,
    empty: count,
    beyondDoubles: met,
    longestBytes: count,
    texts,
    sum: z.string().describe('sum of the hashes of the different ids modulo 2^128: equal for the same ids'),
  }),
  tenants: z.strictObject({
    points: count.describe('points with a tenant'),
    without: met,
    distinct: cardinality,
    largest: z.array(z.strictObject({ tenant: z.string(), points: count })).describe('at most 50'),
    shared: met.describe('ids that are in several tenants'),
  }),
  parts: z.strictObject({ text: texts, uri: texts, tenant: texts }),
  vectors: z.array(vector),
  fields: z.array(field),
  moreFields: count.describe('values of fields beyond the first 2,000'),
  index: z.record(z.string(), scalar),
  facts: z
    .record(z.string(), z.unknown())
    .describe('partitions, aliases, limits, TTL, automatic ids and the like, as the engine tells them'),
  fingerprint: z.array(probe),
  queries: queries.nullable(),
  warnings: z.array(warning),
});
export type Inventory = z.infer<typeof inventorySchema>;
export type InventoryField = z.infer<typeof field>;
export type InventoryVector = z.infer<typeof vector>;

/** Of `inventory.json`, for other readers. */
export function inventoryJsonSchema(): unknown {
  return { title: 'vecproof inventory, version 1', ...z.toJSONSchema(inventorySchema) };
}
