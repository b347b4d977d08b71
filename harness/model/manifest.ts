import { z } from 'zod';
import {
  depthSchema,
  dimensionsSchema,
  idSchema,
  MOST_BUILDS,
  MOST_TRIALS,
  partFolderSchema,
  passesSchema,
  queriesSchema,
  rowsSchema,
  runIdSchema,
} from './names.js';
import { instructionsSchema } from './native.js';
import { plannedBuildSchema, plannedParitySchema } from './plan.js';
import { lockStateSchema } from './verdict.js';

/** Number of the run folder's format. A folder with a higher one is refused. */
export const RUN_SCHEMA = 1;

const metricSchema = z.enum(['cosine', 'dot', 'l2', 'hamming', 'jaccard']);

export const environmentSchema = z.strictObject({
  cpu: z.string(),
  cores: z.int(),
  memoryBytes: z.number(),
  platform: z.string(),
  kernel: z.string(),
  node: z.string(),
  /** Container or cgroup limit on memory, where there is one. */
  memoryLimitBytes: z.number().nullable(),
  /** Tells one machine from another of the same kind: a hash of its name, which does not tell the name. */
  host: z.string().optional(),
  /** Widest vector instructions of the processor; absent where it does not tell. */
  instructions: instructionsSchema.optional(),
});

export const datasetRecordSchema = z.strictObject({
  name: z.string(),
  source: z.string(),
  hash: z.string(),
  metric: metricSchema,
  metricSource: z.enum(['declared', 'file', 'default']),
  dimensions: dimensionsSchema,
  count: rowsSchema,
  licence: z.string().nullable(),
  provenance: z.string().nullable(),
  /** What was taken for what, in words: `column "id" (int64)`, `row number`. */
  columns: z
    .strictObject({
      id: z.string(),
      vector: z.string(),
      text: z.string().nullable(),
      queryId: z.string(),
      queryVector: z.string(),
    })
    .optional(),
  /** Vectors that were left out as invalid, at the user's word; absent: none were to be. */
  leftOut: z
    .array(z.strictObject({ kind: z.enum(['zero', 'non-finite']), points: z.int(), queries: z.int() }))
    .optional(),
});

export const queriesRecordSchema = z.strictObject({
  set: z.string(),
  count: queriesSchema,
  hash: z.string(),
});

/** How the truth was made and what it says about the data. */
export const truthRecordSchema = z.strictObject({
  kernel: z.string(),
  /** 10⁹ multiplications and additions per second of all threads; absent in records of earlier versions. */
  gflops: z.number().optional(),
  /** Queries whose neighbours a reference kernel has computed, too, with the same result; absent: the kernel is the reference. */
  checked: z.strictObject({ kernel: z.string(), queries: z.int() }).optional(),
  depth: depthSchema,
  seconds: z.number(),
  fromCache: z.boolean(),
  /** By k (as text): share of queries whose distances at ranks k and k+1 tie (within what rounding of the sums can be off by). */
  ties: z.record(z.string(), z.number()),
  /** Median of the maximum-likelihood local intrinsic dimension (Amsaleg et al. 2015); null if not computable. */
  intrinsicDimension: z.number().nullable(),
  /** Share of top-k ids that the dataset's own neighbours have in common with the truth, tie-aware; null if none came. */
  providedAgreement: z.number().nullable(),
  /** Why the dataset's own neighbours disagree or could not be compared; absent: nothing is wrong with them. */
  providedNote: z.string().optional(),
  /** Queries whose vector is that of a point; absent: none. */
  queriesAmongPoints: z.int().optional(),
});

/** Of all builds together: what looks through them must end. */
const TOO_MANY = `must have at most ${MOST_TRIALS} trials`;
function fewTrials(builds: readonly { trials: readonly unknown[] }[]): boolean {
  return builds.reduce((sum, { trials }) => sum + trials.length, 0) <= MOST_TRIALS;
}

export const manifestSchema = z.strictObject({
  schema: z.literal(RUN_SCHEMA),
  id: runIdSchema,
  vecproof: z.string(),
  created: z.string(),
  /** The command that repeats the run. */
  command: z.string(),
  suite: z.strictObject({
    name: z.string(),
    path: z.string(),
    text: z.string(),
    description: z.string().nullable(),
  }),
  dataset: datasetRecordSchema,
  /** What `openDataset` was given, for --resume. */
  datasetOptions: z.strictObject({
    nameOrPath: z.string(),
    metric: metricSchema.nullable(),
    queriesFile: z.string().nullable(),
    qrelsFile: z.string().optional(),
    neighborsFile: z.string().optional(),
    moreFiles: z.array(z.string()).optional(),
    columns: z
      .strictObject({ id: z.string().optional(), vector: z.string().optional(), text: z.string().optional() })
      .optional(),
    skipInvalid: z.array(z.enum(['zero', 'non-finite'])).optional(),
    /** File of the suite with queries, filters and groups. */
    queryFile: z.string().optional(),
  }),
  /** Tells its own user that it was made here, with these addresses; absent: it names no address and no variable. */
  mark: z.string().optional(),
  queries: queriesRecordSchema,
  truth: truthRecordSchema,
  /** Depths that are measured, ascending; which of them a trial asks for is in the plan. */
  ks: z.array(depthSchema).min(1).max(1000),
  repeat: passesSchema,
  /** All builds of a round were held side by side, and their passes interleaved; absent: one after the other. */
  interleave: z.literal(true).optional(),
  warmup: passesSchema,
  /** Further passes for a trial in place of disturbed ones, at most; absent: none. */
  remeasure: z.strictObject({ busy: z.int() }).optional(),
  /** How reports read loads: limit of the 99th percentile of latency, ms; absent: the usual ones. */
  load: z.strictObject({ p99: z.number().positive().optional() }).optional(),
  seed: z.int(),
  threads: z.int(),
  memoryLimitBytes: z.number().nullable(),
  deadlineSeconds: z.strictObject({
    create: z.number(),
    load: z.number(),
    index: z.number(),
    search: z.number(),
  }),
  environment: environmentSchema,
  /** npm packages of the engines in the plan, with installed versions. */
  packages: z.record(z.string(), z.string()),
  plan: z.array(plannedBuildSchema).max(MOST_BUILDS).refine(fewTrials, TOO_MANY),
  /** What is compared, and the builds that are made a second time for it. */
  parity: z.array(plannedParitySchema).optional(),
  rebuilds: z.array(plannedBuildSchema).max(MOST_BUILDS).refine(fewTrials, TOO_MANY).optional(),
  /** Which part of the suite's plan this run measured; `builds`: ids of the whole plan in order. */
  shard: z
    .strictObject({
      index: z.int().min(1),
      of: z.int().min(1).max(MOST_BUILDS),
      builds: z.array(idSchema),
      /**
       * Of shards that send the loads of one build together: when the first pass begins (UTC), and the end of the name of
       * the collection, which the first shard makes.
       */
      load: z
        .strictObject({ startAt: z.iso.datetime(), nameEnd: z.string().regex(/^[0-9a-f]{12}$/) })
        .optional(),
    })
    .optional(),
  /** Of a merged run: where each shard was measured, and its builds. */
  shards: z.array(z.strictObject({ environment: environmentSchema, builds: z.array(idSchema) })).optional(),
  /** Of a merged run whose loads several machines sent together: each of them, in the order of the shards. */
  generators: z
    .array(z.strictObject({ environment: environmentSchema }))
    .min(2)
    .max(MOST_BUILDS)
    .optional(),
  /** Set where the run is one dataset's part of a run over several: their names, in the order of the suite. */
  partOf: z.strictObject({ run: idSchema, datasets: z.array(z.string()) }).optional(),
  /** How the gates compared with the locked ones when the run began. */
  lock: lockStateSchema.optional(),
});

/** `manifest.json` of a run over several datasets: each is a whole run in a folder of its own, with a manifest of its own. */
export const datasetsManifestSchema = z.strictObject({
  schema: z.literal(RUN_SCHEMA),
  id: runIdSchema,
  vecproof: z.string(),
  created: z.string(),
  command: z.string(),
  suite: manifestSchema.shape.suite,
  /** Absolute path of the suite, where its own paths start; for --resume, as are the options. */
  suiteFile: z.string(),
  options: z.strictObject({ engine: z.array(z.string()).optional(), only: z.string().optional() }),
  /** In the order of the suite; folders are relative to this run's. */
  datasets: z
    .array(z.strictObject({ name: z.string(), folder: partFolderSchema }))
    .min(2)
    .max(1000),
});

export type DatasetsManifest = z.infer<typeof datasetsManifestSchema>;
export type Environment = z.infer<typeof environmentSchema>;
export type DatasetRecord = z.infer<typeof datasetRecordSchema>;
export type TruthRecord = z.infer<typeof truthRecordSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** What observations of the run can name. */
export function countsOf({ queries, dataset }: Manifest): { queries: number; points: number } {
  return { queries: queries.count, points: dataset.count };
}
