import { z } from 'zod';
import { depthSchema, idSchema, MOST_TRIALS } from './names.js';

export const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
export const state = z.enum(['completed', 'failed', 'skipped', 'aborted']);

/** How queries are sent: a type of workload and its options. */
export const workloadSchema = z.strictObject({ type: z.string(), options: parameters });

/** One search setting to be measured under one workload. */
export const plannedTrialSchema = z.strictObject({
  /** File-system safe and unique in the run. */
  id: idSchema,
  search: parameters,
  workload: workloadSchema.default({ type: 'serial', options: {} }),
  /** Depths at which its answers are measured, ascending; the largest is asked for. Absent in earlier versions: all of the run's. */
  ks: z.array(depthSchema).min(1).max(1000).optional(),
  /** Hits asked for where that is more than the largest depth: the query's own document is taken out of them. */
  asked: depthSchema.optional(),
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

/** What the machine of an engine costs. */
export const priceSchema = z.strictObject({
  perHour: z.number().positive().max(1e9).meta({ description: 'Price of an hour.' }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capitals, as in USD')
    .default('USD')
    .meta({ description: 'ISO 4217 code of the currency.' }),
});

/** One engine with one set of index parameters. */
export const plannedBuildSchema = z.strictObject({
  id: idSchema,
  engine: z.string(),
  /** The module that defines the engine, absolute; absent for one that comes with vecproof. */
  module: z.string().optional(),
  /** Label of the contender: engine plus variant, or the suite's own label. One frontier each. */
  series: z.string(),
  index: parameters,
  /** Which build of the same index this is, from 2 on; absent for the first. Each has another seed. */
  replica: z.int().min(2).optional(),
  /** Absent for embedded engines. */
  server: serverChoiceSchema.optional(),
  /** Absent: the suite states none. */
  cost: priceSchema.optional(),
  /** Query groups that are not sent because the engine refuses their filters, with the reason. */
  refused: z.record(z.string(), z.string()).optional(),
  trials: z.array(plannedTrialSchema).max(MOST_TRIALS),
});

/** Two trials of a run that are compared; ids. */
export const plannedParitySchema = z.strictObject({
  name: z.string(),
  k: depthSchema,
  reference: idSchema,
  candidate: idSchema,
  /** The reference's setting on a second build of its index (one of several with `builds:`); null: not asked for. */
  rebuild: idSchema.nullable(),
  /** The exact neighbours stand in place of the reference's answers: there is no search that could be wrong. */
  truth: z.literal(true).optional(),
  /** Of two places: queries that were set apart, as points of their right answers are not in the candidate's. */
  apart: z.int().min(0).optional(),
  /** The application's threshold on the reference's scores, and the same on the candidate's; `atLeast`: larger is nearer. */
  thresholds: z
    .strictObject({
      reference: z.strictObject({ score: z.number(), atLeast: z.boolean() }),
      candidate: z.strictObject({ score: z.number(), atLeast: z.boolean() }),
    })
    .optional(),
});

export type TrialState = z.infer<typeof state>;
export type ServerChoice = z.infer<typeof serverChoiceSchema>;
export type Price = z.infer<typeof priceSchema>;
export type Workload = z.infer<typeof workloadSchema>;
export type PlannedTrial = z.infer<typeof plannedTrialSchema>;
export type PlannedBuild = z.infer<typeof plannedBuildSchema>;
export type PlannedParity = z.infer<typeof plannedParitySchema>;
