import { z } from 'zod';
import { parseSize } from '../../harness/suite/schema.js';
import { DETAIL_NAMES } from '../export/details.js';
import { PART_FORMATS } from '../export/written-part.js';
import { ID_RULES } from '../mapping/mapping.js';
import { OPERATION_KINDS } from '../rehearsal/operations.js';
import { SEVERITIES } from '../validate/catalogue.js';
import { monitorSchema } from './monitor-schema.js';

/** `plan.yaml` of a migration: docs/migration.md. Parts are of one stage each, so that a change shows what it concerns. */

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const rename = z.string().min(1).nullable();
const place = z.string().min(1);
const search = z.record(z.string(), scalar).default({});
const names = z.array(z.string().min(1)).default([]);

export const planSchema = z.strictObject({
  version: z.literal(1).meta({ description: 'Version of the plan format.' }),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,59}$/, 'must consist of letters, digits, ".", "_" and "-", at most 60')
    .meta({ description: 'Name of the migration, and of its folder below .migrations/.' }),
  description: z.string().optional(),
  connections: z
    .record(
      z.string().regex(/^[A-Za-z][\w-]*$/, 'must be a letter, then letters, digits, "_" and "-"'),
      place,
    )
    .default({})
    .meta({
      description:
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a plan's own way to name a variable.
        'Names for places (engine:address); ${VARIABLES} come from the environment. Credentials stay there.',
    }),
  source: place.meta({
    description:
      'What is moved: name#collection of a connection, engine:address#collection, or export:folder.',
  }),
  target: place.meta({
    description:
      'Where it goes, with the name of the new collection: name#collection or engine:address#collection.',
  }),
  queries: z.string().min(1).optional().meta({
    description:
      'Queries of the application (JSON Lines): their filters are looked at by the inventory and translated by the mapping.',
  }),
  inventory: z
    .strictObject({
      byId: z
        .int()
        .min(0)
        .optional()
        .meta({ description: 'Ids that are asked for again one by one; default: all.' }),
      tenant: z.string().min(1).optional().meta({ description: 'Field that says whose a point is.' }),
    })
    .prefault({}),
  export: z
    .strictObject({
      format: z.enum(PART_FORMATS).optional().meta({ description: 'How points stand in the files.' }),
      partRows: z.int().min(1).optional().meta({ description: 'Points of a file.' }),
      batch: z.int().min(1).optional().meta({ description: 'Most points of a page of the source.' }),
      workers: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Ranges of the source that are read at the same time.' }),
      rate: z.int().min(1).optional().meta({ description: 'Most points in a second.' }),
    })
    .prefault({}),
  validate: z
    .strictObject({
      failOn: z
        .enum(SEVERITIES)
        .default('error')
        .meta({ description: 'Least severity of findings that somebody has to answer for.' }),
      embed: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'Module that embeds texts: a sample is made again.' }),
    })
    .prefault({}),
  map: z
    .strictObject({
      index: z
        .record(z.string(), scalar)
        .default({})
        .meta({ description: 'Index parameters of the target, by the names that suites use.' }),
      vectors: z
        .record(z.string(), z.strictObject({ to: rename.optional(), metric: z.string().optional() }))
        .default({})
        .meta({ description: 'By name in the source: the name in the target (null: dropped), the metric.' }),
      fields: z
        .record(z.string(), rename)
        .default({})
        .meta({ description: 'By name in the source: the name in the target; null: dropped.' }),
      details: z.partialRecord(z.enum(DETAIL_NAMES), rename).default({}).meta({
        description:
          'Version, provenance, namespace and partition: the metadata field of the target that holds it; null: dropped.',
      }),
      text: z.boolean().optional().meta({ description: 'false: texts are not moved.' }),
      uri: z.boolean().optional().meta({ description: 'false: URIs are not moved.' }),
      tenant: z.boolean().optional().meta({ description: 'false: tenants are not moved.' }),
      ids: z.enum(ID_RULES).optional().meta({ description: 'How ids become those of the target.' }),
      idFile: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'Map of ids (Parquet), for the rule "file".' }),
      keepId: z.string().min(1).optional().meta({ description: 'Field of the target for the source’s id.' }),
      required: names.meta({ description: 'Fields without which a point is never loaded: permissions.' }),
      keyword: names.meta({ description: 'Text fields that are searched by keywords.' }),
      displayed: names.meta({ description: 'Text fields that people see.' }),
      context: names.meta({ description: 'Text fields that only a model reads.' }),
      thresholds: z
        .array(z.number())
        .default([])
        .meta({ description: 'Scores below (or above) which the application drops hits, to be translated.' }),
      k: z.int().min(1).optional().meta({ description: 'Hits of a query, for the proposal of an index.' }),
      updates: z
        .number()
        .min(0)
        .max(1)
        .optional()
        .meta({ description: 'Share of points written anew each day.' }),
      memory: z
        .string()
        .refine((text) => parseSize(text) !== undefined, 'must be a size such as 2GiB')
        .optional()
        .meta({ description: 'Most memory of the index, such as 2GiB.' }),
      latency: z.number().positive().optional().meta({ description: 'Longest search, milliseconds.' }),
    })
    .prefault({})
    .meta({ description: 'Where the mapping is to differ from what is proposed.' }),
  load: z
    .strictObject({
      batch: z.int().min(1).optional().meta({ description: 'Most points of a batch.' }),
      batchBytes: z
        .string()
        .refine((text) => parseSize(text) !== undefined, 'must be a size such as 2MiB')
        .optional()
        .meta({ description: 'Most bytes of a batch, such as 2MiB; 4MiB by default.' }),
      workers: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Connections that write at the same time, where the target takes several.' }),
      rate: z.int().min(1).optional().meta({ description: 'Most points in a second.' }),
    })
    .prefault({}),
  verify: z
    .strictObject({
      against: z.enum(['export', 'source']).default('export').meta({
        description: 'What the target is compared with: what was exported, or the source as it is now.',
      }),
      samples: z.int().min(0).default(10).meta({ description: 'Differences that are shown in words.' }),
    })
    .prefault({}),
  parity: z
    .strictObject({
      thresholds: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'File with thresholds, workload and k; the preset "migration" otherwise.' }),
      k: z.int().min(1).max(1000).optional().meta({ description: 'Hits compared; 10 by default.' }),
      repeat: z.int().min(1).max(100).optional().meta({ description: 'Passes over the queries.' }),
      vector: z.string().optional().meta({ description: 'Vector that is searched; the first by default.' }),
      required: names.meta({
        description: 'Fields that every point returned must have, beside the mapping’s.',
      }),
      sourceSearch: search.meta({
        description: 'Search parameters of the source, as the application sets them.',
      }),
      targetSearch: search.meta({ description: 'And of the target.' }),
      warmup: z.int().min(0).default(20).meta({ description: 'Queries before those that count.' }),
      seed: z.int().min(0).default(42),
    })
    .prefault({}),
  embedding: z
    .strictObject({
      change: z.string().min(1).meta({
        description:
          'Why vectors are made anew in this migration. Without it, that is refused where it is found.',
      }),
    })
    .optional(),
  cutover: z
    .strictObject({
      log: place.meta({
        description:
          'Where the application’s DualWriter logs: postgres://host/database, a folder (PGlite), or kafka://broker:9092/topic.',
      }),
      versions: place.optional().meta({
        description:
          'Of a log in Kafka: where versions of the target’s rows are kept, postgres://host/database or a folder (PGlite).',
      }),
      schema: z.string().min(1).optional().meta({ description: 'Of the log’s tables.' }),
      collection: z.string().min(1).optional().meta({
        description: 'Name of the collection in the log; the source’s by default.',
      }),
      writers: names.meta({
        description: 'Instances of the application that write. Each has to have switched capture on.',
      }),
      embeddings: names.meta({ description: 'Versions of embeddings that both sides take; none: any.' }),
      lag: z.number().positive().default(30).meta({
        description: 'Seconds that the target may be behind the log before it counts as not followed.',
      }),
      shadow: z
        .strictObject({
          queries: z.int().min(1).default(1000).meta({ description: 'Comparisons that are needed.' }),
          agreement: z.number().min(0).max(1).default(0.95).meta({
            description: 'Mean agreement that they have to show.',
          }),
        })
        .prefault({}),
      ramp: z
        .strictObject({
          shares: z
            .array(z.number().positive().max(1))
            .min(1)
            .refine(
              (shares) => shares.every((share, i) => share > (shares[i - 1] ?? 0)) && shares.at(-1) === 1,
              'must ascend to 1',
            )
            .default([0.01, 0.05, 0.25, 0.5, 1])
            .meta({ description: 'Shares of reads that the target answers, one after the other.' }),
          reads: z.int().min(1).default(1000).meta({ description: 'Reads of the target at each share.' }),
          errors: z.number().min(0).max(1).default(0.001).meta({
            description: 'Most of them that may fail; above it the source answers all again.',
          }),
        })
        .prefault({}),
      observe: z
        .strictObject({
          hours: z.number().min(0).default(24).meta({ description: 'While the target answers all reads.' }),
        })
        .prefault({}),
    })
    .optional()
    .meta({ description: 'The cutover, of an application that writes through vecproof/cutover.' }),
  rehearse: z
    .strictObject({
      data: z.enum(['bundled', 'source']).default('bundled').meta({
        description:
          'Points that are rehearsed with: of the bundled dataset, or the first ones of the source.',
      }),
      points: z.int().min(50).max(20_000).default(300).meta({ description: 'How many.' }),
      source: place.optional().meta({
        description:
          'Where the scratch collection of the source’s side is made: docker, or engine:address. Default: a folder.',
      }),
      target: place.optional().meta({ description: 'And that of the target’s side.' }),
      writes: z.number().min(1).default(40).meta({ description: 'Of the application, in a second.' }),
      reads: z.number().min(1).default(40).meta({ description: 'Of the application, in a second.' }),
      embeddingLag: z
        .number()
        .min(0)
        .default(50)
        .meta({ description: 'Milliseconds between a text and the vector of it.' }),
      mix: z
        .partialRecord(z.enum(OPERATION_KINDS), z.number().min(0))
        .default({})
        .meta({ description: 'Shares of the kinds of writes.' }),
      patience: z.number().min(1).default(60).meta({
        description:
          'Seconds that a gate may stay closed, without anything moving on, before the rehearsal ends there.',
      }),
      mapping: z.boolean().default(false).meta({
        description:
          'Whether rows become those of the target as the mapping of the plan wants them; otherwise they stay as they are.',
      }),
      queries: z.string().min(1).optional().meta({
        description: 'File with queries of the application: the reads ask these, in place of made-up ones.',
      }),
      changes: z.string().min(1).optional().meta({
        description:
          'File with changes that the application has made: the writes are these, in their order, in place of made-up ones.',
      }),
      seed: z.int().min(0).default(42),
    })
    .prefault({})
    .meta({ description: 'How "vecproof rehearse" rehearses the cutover.' }),
  monitor: monitorSchema,
});

export type Plan = z.infer<typeof planSchema>;

/** JSON Schema of a plan for editors, published as `migration/plan/plan.schema.json`. */
export function planJsonSchema(): unknown {
  return {
    ...z.toJSONSchema(planSchema, { target: 'draft-2020-12', io: 'input' }),
    title: 'A plan of a vecproof migration',
  };
}

/** Keys that the schema knows at a path; undefined: any. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] | undefined {
  let at: z.core.$ZodType | undefined = planSchema;
  for (const part of path) {
    const shape = shapeOf(at);
    at = shape === undefined ? recordValue(at) : shape[String(part)];
    if (at === undefined) return undefined;
  }
  const shape = shapeOf(at);
  return shape && Object.keys(shape);
}

function shapeOf(schema: z.core.$ZodType | undefined): Record<string, z.core.$ZodType> | undefined {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function recordValue(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodRecord ? inner.valueType : undefined;
}

function unwrapped(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let at = schema;
  while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
    at = at.unwrap();
  return at;
}
