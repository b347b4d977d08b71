import { z } from 'zod';
import {
  datasetRecordSchema,
  environmentSchema,
  queriesRecordSchema,
  RUN_SCHEMA,
  truthRecordSchema,
} from './manifest.js';
import { instructionsSchema, nativeSchema } from './native.js';
import { parameters, state } from './plan.js';

/**
 * One figure. `low` and `high` bound its 95% interval; null where none is defined. `n`: observations behind it, of a mean
 * over queries the different ones.
 */
export const measureSchema = z.strictObject({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.int(),
  /**
   * Of a time with two passes or more: the figure of the passes that choose among settings, and that of the others with its
   * interval, which is reported of the chosen one (harness/measures/passes.ts).
   */
  split: z
    .strictObject({
      chooses: z.number(),
      value: z.number(),
      low: z.number().nullable(),
      high: z.number().nullable(),
    })
    .optional(),
  /** Queries that were asked and have no such value, since an answer left it undefined: not in the mean. Absent: none. */
  missing: z.int().min(1).optional(),
  /** Of recall by id: what it could be, had the truth listed others of the rows at the same distance. Absent: no tie decides. */
  ties: z.strictObject({ low: z.number(), high: z.number() }).optional(),
});

/** A part of the time of a trial whose points were written meanwhile. */
export const checkpointSchema = z.strictObject({
  /** Seconds from the beginning of the measured time. */
  from: z.number(),
  to: z.number(),
  /** Points at its end, by what was acknowledged. */
  points: z.int(),
  /** Writes that were acknowledged in it. */
  writes: z.int(),
  /** Of the queries that were due in it: recall@k, recall.ties@k, latency.p50, latency.p99; of its writes: freshness. */
  measures: z.record(z.string(), measureSchema),
});

/** How the latency of a load went, from all passes. Times in ms, four digits. */
export const loadCourseSchema = z.strictObject({
  /** Seconds of one slice. */
  sliceSeconds: z.number(),
  /** Queries by when they were due, in the order of passes and time. */
  slices: z.array(
    z.strictObject({
      pass: z.int().min(0),
      /** Since the pass began to record. */
      seconds: z.number(),
      answered: z.int().min(0),
      failed: z.int().min(0),
      /** Null: there are too few answers. */
      p50: z.number().nullable(),
      p99: z.number().nullable(),
      max: z.number().nullable(),
    }),
  ),
  /** Latency by share of the answers that came no later, ascending; the last is the slowest. */
  percentiles: z.array(z.strictObject({ share: z.number(), ms: z.number() })),
});

export const trialRowSchema = z.strictObject({
  id: z.string(),
  /** Name of the dataset; with `id` it names a row of a run with several. */
  dataset: z.string(),
  build: z.string(),
  engine: z.string(),
  engineVersion: z.string().nullable(),
  /** How the engine's server was provided; absent where the engine ran inside the build's own process. */
  server: z
    .strictObject({
      /** `docker`, `url`, or a mode of the engine's own. */
      mode: z.string(),
      image: z.string().optional(),
      /** Digest of the image, or its own id where it was built on the machine. */
      digest: z.string().optional(),
      /** The pinned image, one built on the machine, one that the user named, or a server that ran already. */
      origin: z.enum(['pinned', 'local', 'chosen', 'url']).optional(),
      /** Version of the server in the image, as far as that says; and of the one in the pinned image. */
      imageVersion: z.string().optional(),
      pinnedVersion: z.string().optional(),
    })
    .optional(),
  /** Widest vector instructions in the engine's native code; absent where it has none in the build's own process. */
  instructions: instructionsSchema.optional(),
  series: z.string(),
  /** Which build of the same index this row is of, from 2 on (`builds:` of the suite); absent for the first. */
  replica: z.int().min(2).optional(),
  /** Which making of its build a trial was measured on, where a crash or a continued run has made it again; costs are those of it. */
  attempt: z.int().min(1).optional(),
  index: parameters,
  search: parameters,
  /** Hits that each query asked for, as far as they are measured. */
  k: z.int().min(1),
  /** Hits that each query really asked for, where one more is needed as its own document is taken out of the answer. */
  asked: z.int().min(1).optional(),
  /** Depths that were measured in these answers, ascending up to k; absent where that is k alone. */
  depths: z.array(z.int()).min(2).optional(),
  /** Search parameters the engine raised or lowered by itself (`ef` below k, …), as they really were. */
  effective: parameters.optional(),
  /** Id of an earlier trial of the build that is the same setting by what the engine really used: these are further passes of that one. */
  sameAs: z.string().optional(),
  /**
   * How queries reached the server: `official`, the client that its makers publish, or what stands in its place where that is
   * what limits (`raw-http`, `grpc`, `binary`); absent where the engine has no server.
   */
  client: z.string().optional(),
  /** How queries were sent. `serial`: one client, the next query is sent when the previous one was answered. */
  workload: z.string(),
  /** Absent where the workload has none. */
  workloadOptions: parameters.optional(),
  /** Threads that sent the queries, each over a connection or an opened copy of the index of its own; absent: one. */
  clientThreads: z.int().min(2).optional(),
  /** Query group; `all` for the whole set. */
  group: z.string(),
  /** On which of `machines` it was measured, from 1; absent where the run knows one machine only. */
  machine: z.int().min(1).optional(),
  /** Passes that were disturbed and whose place others have taken (`remeasure` of the suite); absent: none. */
  replaced: z.int().min(1).optional(),
  state,
  reason: z.string().nullable(),
  error: z.string().nullable(),
  /** Doubts about the figures, e.g. `mixed-builds`, `duplicate-hits`; each is explained in the report. */
  flags: z.array(z.string()),
  /** A measure that was not obtained is absent. */
  measures: z.record(z.string(), measureSchema),
  /** In the order of time; of the workload search-under-writes alone. */
  checkpoints: z.array(checkpointSchema).min(1).optional(),
  /** Of the row `all` of a load: latency over time and by percentile. */
  load: loadCourseSchema.optional(),
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
  /** Where trials were measured on more than one machine: all of them, `environment` first. Their times do not compare. */
  machines: z.array(environmentSchema).min(2).optional(),
  packages: z.record(z.string(), z.string()),
  /** By engine: its native libraries, and what their machine code consists of. */
  native: z.record(z.string(), nativeSchema).optional(),
  warnings: z.array(z.string()),
  trials: z.array(trialRowSchema),
  /** Trials compared with each other; absent where the suite asks for none. */
  parity: z.array(parityResultSchema).optional(),
});

/** `results.json` of a run over several datasets: a row is named by its dataset and id. */
export const datasetsResultsSchema = z.strictObject({
  ...resultsSchema.omit({
    dataset: true,
    queries: true,
    truth: true,
    warnings: true,
    parity: true,
  }).shape,
  /** In the order of the suite; one that was not begun is absent. */
  datasets: z.array(
    z.strictObject({
      name: z.string(),
      /** Id of its own run, which is part of this one. */
      run: z.string(),
      state: resultsSchema.shape.run.shape.state,
      dataset: datasetRecordSchema,
      queries: queriesRecordSchema,
      truth: truthRecordSchema,
      warnings: z.array(z.string()),
      parity: z.array(parityResultSchema).optional(),
    }),
  ),
});

export type ParityRow = z.infer<typeof parityRowSchema>;
export type ParitySide = z.infer<typeof paritySideSchema>;
export type ParityResult = z.infer<typeof parityResultSchema>;
export type Measure = z.infer<typeof measureSchema>;
export type Measures = Record<string, Measure>;
export type Checkpoint = z.infer<typeof checkpointSchema>;
export type LoadCourse = z.infer<typeof loadCourseSchema>;
export type TrialRow = z.infer<typeof trialRowSchema>;
export type Results = z.infer<typeof resultsSchema>;
export type DatasetsResults = z.infer<typeof datasetsResultsSchema>;

/** A parity as gates see it: the candidate's trial with the measures of the comparison. */
export interface ParityTrial extends TrialRow {
  /** Its name. */
  parity: string;
  /** What is compared with what. */
  setting: string;
}
