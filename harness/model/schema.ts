import { z } from 'zod';
import { lockStateSchema } from './verdict.js';

/** Number of the run folder's format. A folder with a higher one is refused. */
export const RUN_SCHEMA = 1;

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const state = z.enum(['completed', 'failed', 'skipped', 'aborted']);

/** One search setting to be measured. */
export const plannedTrialSchema = z.strictObject({
  /** File-system safe and unique in the run. */
  id: z.string(),
  search: parameters,
});

/** What a suite says of an engine's server. */
export const serverChoiceSchema = z.strictObject({
  /** `docker`, `url`, or a mode of the engine's own. */
  mode: z.string(),
  image: z.string().optional(),
  url: z.string().optional(),
  memoryBytes: z.number().optional(),
  cpus: z.number().optional(),
});

/** One engine with one set of index parameters. */
export const plannedBuildSchema = z.strictObject({
  id: z.string(),
  engine: z.string(),
  /** Label of the contender: engine plus variant, or the suite's own label. One frontier each. */
  series: z.string(),
  index: parameters,
  /** Which build of the same index this is, from 2 on; absent for the first. Each has another seed. */
  replica: z.int().min(2).optional(),
  /** Absent for embedded engines. */
  server: serverChoiceSchema.optional(),
  /** Query groups that are not sent because the engine refuses their filters, with the reason. */
  refused: z.record(z.string(), z.string()).optional(),
  trials: z.array(plannedTrialSchema),
});

/** Two trials of a run that are compared; ids. */
export const plannedParitySchema = z.strictObject({
  name: z.string(),
  k: z.int(),
  reference: z.string(),
  candidate: z.string(),
  /** The reference's setting on a second build of its index (one of several with `builds:`); null: not asked for. */
  rebuild: z.string().nullable(),
});

export const environmentSchema = z.strictObject({
  cpu: z.string(),
  cores: z.int(),
  memoryBytes: z.number(),
  platform: z.string(),
  kernel: z.string(),
  node: z.string(),
  /** Container or cgroup limit on memory, where there is one. */
  memoryLimitBytes: z.number().nullable(),
});

export const datasetRecordSchema = z.strictObject({
  name: z.string(),
  source: z.string(),
  hash: z.string(),
  metric: z.enum(['cosine', 'dot', 'l2']),
  metricSource: z.enum(['declared', 'file', 'default']),
  dimensions: z.int(),
  count: z.int(),
  licence: z.string().nullable(),
  provenance: z.string().nullable(),
});

export const queriesRecordSchema = z.strictObject({
  set: z.string(),
  count: z.int(),
  hash: z.string(),
});

/** How the truth was made and what it says about the data. */
export const truthRecordSchema = z.strictObject({
  kernel: z.string(),
  depth: z.int(),
  seconds: z.number(),
  fromCache: z.boolean(),
  /** By k (as text): share of queries whose distances at ranks k and k+1 tie (relative margin 1e-6). */
  ties: z.record(z.string(), z.number()),
  /** Median of the maximum-likelihood local intrinsic dimension (Amsaleg et al. 2015); null if not computable. */
  intrinsicDimension: z.number().nullable(),
  /** Share of top-k ids that the dataset's own neighbours have in common with the truth, tie-aware; null if none came. */
  providedAgreement: z.number().nullable(),
});

export const manifestSchema = z.strictObject({
  schema: z.literal(RUN_SCHEMA),
  id: z.string(),
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
    metric: z.enum(['cosine', 'dot', 'l2']).nullable(),
    queriesFile: z.string().nullable(),
    /** File of the suite with queries, filters and groups. */
    queryFile: z.string().optional(),
  }),
  queries: queriesRecordSchema,
  truth: truthRecordSchema,
  /** Ascending; each search asks for the largest. */
  ks: z.array(z.int()).min(1),
  repeat: z.int(),
  warmup: z.int(),
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
  plan: z.array(plannedBuildSchema),
  /** What is compared, and the builds that are made a second time for it. */
  parity: z.array(plannedParitySchema).optional(),
  rebuilds: z.array(plannedBuildSchema).optional(),
  /** Which part of the suite's plan this run measured; `builds`: ids of the whole plan in order. */
  shard: z.strictObject({ index: z.int(), of: z.int(), builds: z.array(z.string()) }).optional(),
  /** How the gates compared with the locked ones when the run began. */
  lock: lockStateSchema.optional(),
});

const base = { time: z.string() };

/** What the server of a build was and used. Absent keys could not be measured. */
export const serverCostSchema = z.strictObject({
  mode: z.string(),
  /** Image as asked for, and its digest (the image's own id where it was built here). */
  image: z.string().optional(),
  digest: z.string().optional(),
  /** From the order to start it until it answered. */
  startSeconds: z.number().optional(),
  /** Peak working set (anonymous and shared memory, without page cache) by phase. */
  memoryPeakBytes: z.record(z.string(), z.number()).optional(),
  /** CPU seconds by phase. */
  cpuSeconds: z.record(z.string(), z.number()).optional(),
  /** Size of its data folder once the index was finished. */
  diskBytes: z.number().optional(),
});

/** What a build cost. Absent keys were not measured. */
export const buildCostSchema = z.strictObject({
  engineVersion: z.string().optional(),
  createSeconds: z.number().optional(),
  /** Time inside the engine's load calls only. */
  loadSeconds: z.number().optional(),
  indexSeconds: z.number().optional(),
  points: z.int().optional(),
  indexed: z.int().nullable().optional(),
  indexBytes: z.number().optional(),
  /** Resident memory of the child before the engine was connected. */
  memoryBaselineBytes: z.number().optional(),
  /** Peak resident memory of the child by phase. */
  memoryPeakBytes: z.record(z.string(), z.number()).optional(),
  details: parameters.optional(),
  server: serverCostSchema.optional(),
});

/** Append-only log of a run: one JSON object a line. */
export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('runBegin'), ...base, resumed: z.boolean() }),
  z.strictObject({ type: z.literal('buildBegin'), ...base, build: z.string(), attempt: z.int() }),
  z.strictObject({
    type: z.literal('phase'),
    ...base,
    build: z.string(),
    phase: z.enum(['launch', 'create', 'load', 'index', 'warmup', 'search', 'record', 'probe']),
    trial: z.string().optional(),
    seconds: z.number(),
  }),
  z.strictObject({ type: z.literal('warning'), ...base, build: z.string().optional(), message: z.string() }),
  z.strictObject({
    type: z.literal('trialEnd'),
    ...base,
    build: z.string(),
    trial: z.string(),
    state,
    /** Why it was skipped or aborted. */
    reason: z.string().optional(),
    error: z.string().optional(),
    flags: z.array(z.string()),
    /** Wall time of the measured passes and the part of it spent inside engine calls, seconds. */
    wallSeconds: z.number().optional(),
    engineSeconds: z.number().optional(),
    /** CPU that others used during the passes, in cores. */
    foreignCores: z.number().optional(),
    /** Search parameters the engine raised or lowered by itself, as they really were. */
    effective: parameters.optional(),
    /** What the server used while this trial was searched (warm-up included). */
    server: z
      .strictObject({ memoryPeakBytes: z.number().optional(), cpuSeconds: z.number().optional() })
      .optional(),
  }),
  z.strictObject({
    type: z.literal('buildEnd'),
    ...base,
    build: z.string(),
    attempt: z.int(),
    state,
    error: z.string().optional(),
    cost: buildCostSchema,
  }),
  z.strictObject({
    type: z.literal('runEnd'),
    ...base,
    state: z.enum(['completed', 'interrupted', 'failed']),
  }),
]);

/** One figure. `low` and `high` bound its 95% interval; null where none is defined. `n`: observations behind it. */
export const measureSchema = z.strictObject({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.int(),
});

export const trialRowSchema = z.strictObject({
  id: z.string(),
  build: z.string(),
  engine: z.string(),
  engineVersion: z.string().nullable(),
  /** How the engine's server was had; absent where the engine ran inside the build's own process. */
  server: z
    .strictObject({
      /** `docker`, `url`, or a mode of the engine's own. */
      mode: z.string(),
      image: z.string().optional(),
      /** Digest of the image, or its own id where it was built on the machine. */
      digest: z.string().optional(),
    })
    .optional(),
  series: z.string(),
  /** Which build of the same index this row is of, from 2 on (`builds:` of the suite); absent for the first. */
  replica: z.int().min(2).optional(),
  index: parameters,
  search: parameters,
  /** Search parameters the engine raised or lowered by itself (`ef` below k, …), as they really were. */
  effective: parameters.optional(),
  /** `serial`: one client, the next query is sent when the previous one was answered. */
  workload: z.string(),
  /** Query group; `all` for the whole set. */
  group: z.string(),
  state,
  reason: z.string().nullable(),
  error: z.string().nullable(),
  /** Doubts about the figures, e.g. `mixed-builds`, `duplicate-hits`; each is explained in the report. */
  flags: z.array(z.string()),
  /** A measure that was not obtained is absent. */
  measures: z.record(z.string(), measureSchema),
});

const causes = z.record(z.string(), z.int());

/** How far two trials agree on the queries of one group. */
export const parityRowSchema = z.strictObject({
  /** Query group; `all` for the whole set. */
  group: z.string(),
  queries: z.int(),
  /** Pairs of answers that were compared: queries times passes. */
  comparisons: z.int(),
  /** Rows that the reference returned in them. */
  ids: z.int(),
  measures: z.record(z.string(), measureSchema),
  /** Rows that one side alone returned, by cause; `tie` is no loss, the others add up to `parity.lost` (`gained`). */
  lost: causes,
  gained: causes,
});

export const paritySideSchema = z.strictObject({
  run: z.string(),
  trial: z.string(),
  engine: z.string(),
  series: z.string(),
  /** Contender and all parameters. */
  setting: z.string(),
});

/** Two trials compared answer by answer. */
export const parityResultSchema = z.strictObject({
  name: z.string(),
  k: z.int(),
  reference: paritySideSchema,
  candidate: paritySideSchema,
  state: z.enum(['measured', 'absent']),
  /** Why it could not be compared. */
  reason: z.string().nullable(),
  rows: z.array(parityRowSchema),
  /** The reference against its own rebuilds; null: not asked for. */
  floor: z
    .strictObject({
      state: z.enum(['measured', 'absent']),
      reason: z.string().nullable(),
      /** Rebuilds that it was compared with; their passes count as further passes. */
      builds: z.int(),
      rows: z.array(parityRowSchema),
    })
    .nullable(),
  /** What limits the explanation, e.g. an engine without an exhaustive search. */
  notes: z.array(z.string()),
});

/** `results.json`. */
export const resultsSchema = z.strictObject({
  schema: z.literal(RUN_SCHEMA),
  run: z.strictObject({
    id: z.string(),
    suite: z.string(),
    vecproof: z.string(),
    started: z.string(),
    finished: z.string().nullable(),
    state: z.enum(['completed', 'interrupted', 'failed', 'unfinished']),
    command: z.string(),
  }),
  dataset: datasetRecordSchema,
  queries: queriesRecordSchema,
  truth: truthRecordSchema,
  ks: z.array(z.int()),
  environment: environmentSchema,
  packages: z.record(z.string(), z.string()),
  warnings: z.array(z.string()),
  trials: z.array(trialRowSchema),
  /** Trials compared with each other; absent where the suite asks for none. */
  parity: z.array(parityResultSchema).optional(),
});

export type Parameters = z.infer<typeof parameters>;
export type TrialState = z.infer<typeof state>;
export type ServerChoice = z.infer<typeof serverChoiceSchema>;
export type ServerCost = z.infer<typeof serverCostSchema>;
export type PlannedTrial = z.infer<typeof plannedTrialSchema>;
export type PlannedBuild = z.infer<typeof plannedBuildSchema>;
export type PlannedParity = z.infer<typeof plannedParitySchema>;
export type ParityRow = z.infer<typeof parityRowSchema>;
export type ParitySide = z.infer<typeof paritySideSchema>;
export type ParityResult = z.infer<typeof parityResultSchema>;
export type Environment = z.infer<typeof environmentSchema>;
export type DatasetRecord = z.infer<typeof datasetRecordSchema>;
export type TruthRecord = z.infer<typeof truthRecordSchema>;
export type Manifest = z.infer<typeof manifestSchema>;
export type RunEvent = z.infer<typeof eventSchema>;
export type BuildCost = z.infer<typeof buildCostSchema>;
export type Measure = z.infer<typeof measureSchema>;
export type Measures = Record<string, Measure>;
export type TrialRow = z.infer<typeof trialRowSchema>;
export type Results = z.infer<typeof resultsSchema>;
