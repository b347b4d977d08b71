import { z } from 'zod';
import { INVALID_KINDS, METRICS } from '../../datasets/dataset.js';
import { priceSchema } from '../model/plan.js';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** A value, or a list of values that is swept. */
const sweptValue = z.union([scalar, z.array(scalar).min(1)]);
const swept = z.record(z.string(), sweptValue);

const SIZE = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|KB|MB|GB)$/;
const UNITS: Record<string, number> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** `4GiB`, `512MiB`, … in bytes; undefined if it is no size. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  return match === null ? undefined : Math.round(Number(match[1]) * (UNITS[match[2]!] ?? 1));
}

const seconds = z.number().positive();
const k = z.int().min(1).max(1000);

/** One contender of a suite. */
export const engineEntrySchema = z.strictObject({
  use: z
    // The engine `null` without quotes is YAML's null.
    .preprocess((given) => (given === null ? 'null' : given), z.string().min(1))
    .meta({ description: 'Engine (see `vecproof list engines`), or the path of a module that defines one.' }),
  label: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .meta({ description: 'Name in the report instead of engine and index type.' }),
  index: swept.default({}),
  search: swept.default({}),
  launch: z.string().min(1).optional().meta({
    description:
      'How the server is provided: docker (the default) starts a container, url uses a running one; some engines have further modes.',
  }),
  image: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Container image instead of the pinned one; best with a digest.' }),
  url: z.string().min(1).optional().meta({
    description:
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a suite's own way to name a variable.
      'Address of a running server; credentials as ${VARIABLES} or from the environment.',
  }),
  memory: z
    .union([z.string(), z.int().positive()])
    .optional()
    .meta({ description: 'Memory limit of the container, e.g. 4GiB.' }),
  cpus: z.number().positive().optional().meta({ description: 'CPUs that the container may use, e.g. 1.5.' }),
  cost: priceSchema.optional().meta({
    description: 'What an hour of the machine that the engine needs costs, for the price of its queries.',
  }),
});

const side = z.union([z.string().min(1), z.record(z.string(), scalar)]);

const workloadEntry = z.union([
  z.string().min(1),
  z.object({ type: z.string().min(1) }).catchall(sweptValue),
]);

/** Two trials of a suite that are compared answer by answer. */
export const parityEntrySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,59}$/)
    .optional()
    .meta({ description: 'Name in gates and reports; letters, digits, ".", "_" and "-".' }),
  reference: side.meta({
    description:
      'The trial to compare with: a series, build or trial id, or selectors such as { engine: …, ef: 64 }.',
  }),
  candidate: side.meta({ description: 'The trial to be compared, named in the same way.' }),
  k: k.optional().meta({ description: 'Hits compared; default: the suite’s largest k.' }),
  rebuild: z.boolean().default(true).meta({
    description: 'Build the reference a second time; what a rebuild alone changes is the noise floor.',
  }),
});

const skipInvalid = z.union([z.enum(INVALID_KINDS), z.array(z.enum(INVALID_KINDS)).min(1)]);

/** A dataset with what its files leave open. */
export const datasetBlockSchema = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .meta({ description: 'Catalog name, file, pattern or folder; or a list of files, in this order.' }),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,59}$/, 'must consist of letters, digits, ".", "_" and "-", at most 60')
    .optional()
    .meta({ description: 'Name in rows, gates and reports, instead of the dataset’s own.' }),
  metric: z.enum(METRICS).optional().meta({ description: 'Overrides what the file says.' }),
  queries: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'File with the queries, for a dataset that has none.' }),
  qrels: z.string().min(1).optional().meta({
    description: 'Relevance judgements of these queries: TREC’s four columns or BEIR’s three.',
  }),
  neighbors: z.string().min(1).optional().meta({
    description:
      'File with the exact neighbours of these queries by row (.ivecs, .ibin, big-ann’s .bin, npy): compared with the truth, never used as it.',
  }),
  id: z.string().min(1).optional().meta({
    description: 'Column of the points’ ids, or row-number; by default the first of the known names.',
  }),
  vector: z.string().min(1).optional().meta({
    description:
      'Column of the vectors; dots reach into objects (payload.vec), emb_* is one column for each dimension.',
  }),
  text: z.string().min(1).optional().meta({ description: 'Column of the points’ text.' }),
  skipInvalid: skipInvalid.optional().meta({
    description:
      'Vectors to leave out, counted in the report, instead of refusing the dataset: zero (under cosine), non-finite.',
  }),
});

const datasetEntrySchema = z.union([z.string().min(1), datasetBlockSchema]);

/** The shell of a suite; each engine's own schema checks `index` and `search`. */
export const suiteSchema = z.strictObject({
  version: z.literal(1).meta({ description: 'Version of the suite format.' }),
  name: z.string().min(1).max(80).meta({ description: 'Name of the suite; part of the run folder’s name.' }),
  description: z.string().optional(),
  dataset: datasetEntrySchema
    .optional()
    .meta({ description: 'Name from the catalog (see `vecproof list datasets`) or a path.' }),
  datasets: z.array(datasetEntrySchema).min(1).optional().meta({
    description:
      'Several datasets instead of one: each is measured with the whole suite and reported separately.',
  }),
  queries: z
    .strictObject({
      set: z.string().min(1).optional().meta({ description: 'Query set; default: the dataset’s first.' }),
      limit: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Measure a random sample of this many queries, drawn with the seed.' }),
      file: z.string().min(1).optional().meta({
        description:
          'JSON Lines with queries of your own: vectors or ids of the set, filters, groups, judgements.',
      }),
    })
    .default({}),
  filters: z
    .array(
      z.strictObject({
        group: z
          .string()
          .min(1)
          .meta({ description: 'Name under which its queries are reported and gated.' }),
        filter: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ description: 'As in docs/filters.md; absent: the group has none.' }),
        tenant: z.string().min(1).optional().meta({
          description:
            'Field that identifies the tenant of a row; rows of other tenants are counted as leaks.',
        }),
      }),
    )
    .min(1)
    .optional()
    .meta({ description: 'Each of these filters is applied to every query of the set.' }),
  fields: z.array(z.string().min(1)).min(1).optional().meta({
    description: 'Metadata fields that engines load in addition to those that filters name.',
  }),
  relevance: z
    .strictObject({
      level: z.int().min(1).max(1000).default(1).meta({
        description:
          'Lowest grade that counts as relevant for MRR, MAP, precision and success (trec_eval’s -l).',
      }),
      excludeSelf: z.boolean().default(false).meta({
        description:
          'Leave the document with the query’s own id out of its answer, as BEIR does; one hit more than k is asked for.',
      }),
      missing: z.enum(['ideal', 'drop', 'refuse']).default('ideal').meta({
        description:
          'Judged documents that the dataset lacks: ideal counts them as never found (trec_eval), drop leaves them out, refuse ends the run.',
      }),
    })
    .prefault({})
    .meta({ description: 'How relevance judgements are used; see docs/measures.md.' }),
  k: z
    .union([k, z.array(k).min(1)])
    .default(10)
    .meta({ description: 'Neighbours asked for; of a list each is a search of its own (see depth).' }),
  depth: z.enum(['each', 'largest']).default('each').meta({
    description:
      'Of several k: each is asked for by itself, or all are measured in one search for the largest.',
  }),
  repeat: z
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .meta({ description: 'Passes over the queries, interleaved over the settings.' }),
  interleave: z.boolean().default(false).meta({
    description:
      'All builds are kept open at the same time, and their passes alternate (A B B A) as those of the settings of one build do; see docs/suites.md.',
  }),
  remeasure: z
    .strictObject({
      busy: z.int().min(0).max(100).default(3).meta({
        description:
          'Most further passes for a trial whose passes were disturbed by other programs; an undisturbed pass replaces a disturbed one.',
      }),
    })
    .prefault({})
    .meta({ description: 'What is measured again automatically, while the build exists.' }),
  builds: z.int().min(1).max(100).default(1).meta({
    description:
      'How often each build is made, each time with a different seed: gates on a baseline then know how much a rebuild alone changes. 3 for nightly gates.',
  }),
  warmup: z.int().min(0).default(100).meta({ description: 'Untimed queries before each pass.' }),
  seed: z
    .int()
    .min(0)
    .default(42)
    .meta({ description: 'Seed for the order of the queries and for the engines.' }),
  threads: z.int().min(1).max(1024).default(1).meta({
    description: 'Threads an engine may use to build; with 1, builds are repeatable if the engine allows it.',
  }),
  memoryLimit: z.union([z.string(), z.int().positive()]).optional().meta({
    description:
      'Resident memory a build’s process may use, e.g. 4GiB; a build that exceeds it is killed and recorded as failed.',
  }),
  deadline: z
    .strictObject({
      create: seconds.default(180),
      load: seconds.default(1800),
      index: seconds.default(3600),
      search: seconds.default(600),
    })
    .prefault({})
    .meta({
      description:
        'Seconds a phase may take (search: one pass) before its process is killed and recorded as failed.',
    }),
  workloads: z.array(workloadEntry).min(1).default(['serial']).meta({
    description:
      'How queries are sent: names, or maps with a type and its options; lists of values are swept. Each setting is measured under each workload.',
  }),
  load: z
    .strictObject({
      p99: z.number().positive().max(3_600_000).optional().meta({
        description:
          'Limit of the 99th percentile of latency, ms: reports tell the highest rate that keeps it. Default: 50, and 10 and 200 beside it.',
      }),
    })
    .optional()
    .meta({ description: 'How reports read loads.' }),
  engines: z.array(engineEntrySchema).min(1),
  parity: z
    .preprocess(
      (given) => (given === undefined || Array.isArray(given) ? given : [given]),
      z.array(parityEntrySchema).min(1).optional(),
    )
    .optional()
    .meta({ description: 'Trials to be compared answer by answer, one or a list; see docs/parity.md.' }),
  gates: z.unknown().optional().meta({
    description: 'Thresholds by measure, e.g. recall@10{ef:64}: mean >= 0.95; see docs/gates.md.',
  }),
});

export type Suite = z.infer<typeof suiteSchema>;
export type DatasetBlock = z.infer<typeof datasetBlockSchema>;
export type EngineEntry = Suite['engines'][number];
export type SweptValue = EngineEntry['index'][string];
