import { z } from 'zod';
import { environmentSchema } from './manifest.js';
import { idSchema } from './names.js';
import { nativeSchema } from './native.js';
import { type PlannedBuild, parameters, state } from './plan.js';

const base = { time: z.string() };
const phase = z.enum(['launch', 'create', 'load', 'index', 'warmup', 'search', 'record', 'probe']);

/**
 * Memory that is held: of a build's process resident memory without the reserve of the JavaScript heap, of a server its
 * container's working set. `start`: before the engine was connected; `index`: once the index was finished; `search`: at the
 * end of the first measured pass, of a server the most in any.
 */
const held = z.strictObject({
  start: z.number().optional(),
  index: z.number().optional(),
  search: z.number().optional(),
});

/** What the server of a build was and used. Absent keys could not be measured. */
export const serverCostSchema = z.strictObject({
  mode: z.string(),
  /** Image as asked for, and its digest (the image's own id where it was built here). */
  image: z.string().optional(),
  digest: z.string().optional(),
  /** Where the server comes from: the pinned image, one built on the machine, one that the user named, or a running one. */
  origin: z.enum(['pinned', 'local', 'chosen', 'url']).optional(),
  /** Version of the server in the image, as far as that says; and of the one in the pinned image. */
  imageVersion: z.string().optional(),
  pinnedVersion: z.string().optional(),
  /** From the order to start it until it answered. */
  startSeconds: z.number().optional(),
  /** Peak working set (anonymous and shared memory, without page cache) by phase. */
  memoryPeakBytes: z.record(z.string(), z.number()).optional(),
  memoryHeldBytes: held.optional(),
  /** CPU seconds by phase. */
  cpuSeconds: z.record(z.string(), z.number()).optional(),
  /** Size of its data folder once the index was finished. */
  diskBytes: z.number().optional(),
});

/** What a build cost. Absent keys were not measured. */
export const buildCostSchema = z.strictObject({
  engineVersion: z.string().optional(),
  createSeconds: z.number().optional(),
  /** CPU that others used while the index was built, in cores. */
  foreignCores: z.number().optional(),
  /** Time inside the engine's load calls only. */
  loadSeconds: z.number().optional(),
  indexSeconds: z.number().optional(),
  points: z.int().optional(),
  indexed: z.int().nullable().optional(),
  indexBytes: z.number().optional(),
  /** Resident memory of the child before the engine was connected, garbage collected. */
  memoryBaselineBytes: z.number().optional(),
  /** Peak resident memory of the child by phase; `all`: until the index was finished, where the system has no such peaks. */
  memoryPeakBytes: z.record(z.string(), z.number()).optional(),
  /** What the child held, by moment. */
  memoryHeldBytes: held.optional(),
  details: parameters.optional(),
  /** Native libraries of an engine that ran in the build's own process. */
  native: nativeSchema.optional(),
  server: serverCostSchema.optional(),
});

/** Latencies (ms) of an echo with the same load. */
const floorSchema = z.strictObject({
  p50: z.number(),
  p99: z.number(),
  perSecond: z.number(),
  n: z.int(),
});

/** What the figures of a load are held against, and who used the machine while it was sent. Absent keys were not measured. */
export const loadFactsSchema = z.strictObject({
  /** Of the process that sends, ms: how late its waits for a moment end at most, and the smallest step of its clock. */
  timer: z.strictObject({ late: z.number(), step: z.number() }),
  /**
   * The same load, for a moment, on an echo with queries and answers of the same size: over HTTP or TCP on the loopback, or,
   * of an engine without a server, a function that does nothing. Latencies in ms.
   */
  floor: floorSchema.extend({ over: z.enum(['http', 'tcp', 'none']) }).optional(),
  /**
   * The same by pass, beside it: before it, and after it where it took more than a moment. Absent in logs of earlier versions, in
   * which `floor` is that before the first pass; else it is the median over passes of the lower of the two.
   */
  floors: z
    .array(z.strictObject({ pass: z.int().min(0), before: floorSchema, after: floorSchema.optional() }))
    .optional(),
  /** CPU of the server in the pass in which it was most, in cores, and the cores it may use. */
  serverCores: z.number().optional(),
  serverLimit: z.number().optional(),
});
/** When the passes of a load that several machines send together began on one of them, by its own clock. */
export const sharedPassesSchema = z.strictObject({
  passes: z.array(
    z.strictObject({
      /** Number of the pass. */
      pass: z.int().min(0),
      /** Its warm-up began, ms since 1970; and the same moment in the times of its samples. */
      begin: z.number(),
      at: z.number(),
    }),
  ),
  /** The server's clock minus this machine's (ms), and how far that may be off; absent: the engine tells no time. */
  clock: z.strictObject({ ahead: z.number(), within: z.number() }).optional(),
});
export type SharedPasses = z.infer<typeof sharedPassesSchema>;
export type Floor = z.infer<typeof floorSchema>;
export type LoadFacts = z.infer<typeof loadFactsSchema>;

/** Append-only log of a run: one JSON object a line. */
export const loggedEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('runBegin'),
    ...base,
    resumed: z.boolean(),
    /** Of a run that is continued on another machine than it began on. */
    environment: environmentSchema.optional(),
  }),
  /** `attempt`: from 1, counted over all continuations of the run (by earlier versions anew in each). */
  z.strictObject({ type: z.literal('buildBegin'), ...base, build: idSchema, attempt: z.int() }),
  z.strictObject({
    type: z.literal('phase'),
    ...base,
    build: idSchema,
    phase,
    trial: idSchema.optional(),
    seconds: z.number(),
  }),
  z.strictObject({ type: z.literal('warning'), ...base, build: idSchema.optional(), message: z.string() }),
  z.strictObject({
    type: z.literal('trialEnd'),
    ...base,
    build: idSchema,
    trial: idSchema,
    /** Of the build, as in its `buildBegin`; absent where it was not begun, and in logs of earlier versions. */
    attempt: z.int().optional(),
    state,
    /** Why it was skipped or aborted. */
    reason: z.string().optional(),
    error: z.string().optional(),
    flags: z.array(z.string()),
    /** Passes that were measured. */
    passes: z.int().optional(),
    /** Wall time of the measured passes and the part of it spent inside engine calls, seconds. */
    wallSeconds: z.number().optional(),
    engineSeconds: z.number().optional(),
    /** CPU that others used during the passes, in cores: of the pass in which it was most. */
    foreignCores: z.number().optional(),
    /** CPU of the process that sent the queries to a server, in cores: of the pass in which it was most. Absent where serial. */
    clientCores: z.number().optional(),
    /** CPU of the process that holds the engine and sends the queries of a load, in cores: mean of the passes. */
    processCores: z.number().optional(),
    /** How queries reached the server: `official`, the client that its makers publish, or what stands in its place. */
    client: z.string().optional(),
    /** Absent where the workload is serial. */
    load: loadFactsSchema.optional(),
    /** Of a load that several machines send together. */
    shared: sharedPassesSchema.optional(),
    /** Threads that sent the queries, where that were several. */
    clientThreads: z.int().min(2).optional(),
    /** Search parameters the engine raised or lowered by itself, as they really were. */
    effective: parameters.optional(),
    /** What the server used while this trial was searched (warm-up included). */
    server: z
      .strictObject({ memoryPeakBytes: z.number().optional(), cpuSeconds: z.number().optional() })
      .optional(),
  }),
  /** A pass of a trial that has ended was measured once more, since other load had disturbed it. */
  z.strictObject({
    type: z.literal('passAgain'),
    ...base,
    build: idSchema,
    trial: idSchema,
    /** Of the build, as in its `buildBegin`. */
    attempt: z.int().optional(),
    /** Number of the pass. */
    pass: z.int(),
    /** `replaced`: it took the place of the disturbed one; `disturbed`: so was it, and changes nothing. */
    outcome: z.enum(['replaced', 'disturbed']),
    /** Of the trial's passes, as in `trialEnd`. */
    wallSeconds: z.number(),
    engineSeconds: z.number().optional(),
    foreignCores: z.number().optional(),
  }),
  z.strictObject({
    type: z.literal('buildEnd'),
    ...base,
    build: idSchema,
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

export type ServerCost = z.infer<typeof serverCostSchema>;
/** What the log of a run holds. */
export type LoggedEvent = z.infer<typeof loggedEventSchema>;

/** What is told while it happens and not stored: it says nothing that the log does not say in the end. */
export type LiveEvent =
  /** Work before the first build: reading and converting data, computing the exact neighbours. */
  | { type: 'preparation'; time: string; task: string; done: number; total: number; unit: string }
  /** What is going to be measured, in turn; `finished`: ids of the trials that are not measured again. */
  | {
      type: 'plan';
      time: string;
      run: string;
      builds: readonly PlannedBuild[];
      finished: readonly string[];
    }
  | { type: 'notice'; time: string; message: string }
  | {
      type: 'phaseBegin';
      time: string;
      build: string;
      phase: z.infer<typeof phase>;
      trial?: string;
      /** Size of the phase in `unit`; progress counts up to it. */
      total: number;
      unit: string;
    }
  | { type: 'progress'; time: string; build: string; done: number };

/** All that happens in a run, told once: the log, the progress display and a library's caller listen to the same stream. */
export type RunEvent = LoggedEvent | LiveEvent;

/** An event before it is given its time. */
export type Untimed<T> = T extends { time: string } ? Omit<T, 'time'> : never;

const LIVE: Readonly<Record<LiveEvent['type'], true>> = {
  preparation: true,
  plan: true,
  notice: true,
  phaseBegin: true,
  progress: true,
};

/** Whether an event belongs into the log. */
export function isLogged(event: RunEvent): event is LoggedEvent {
  return !Object.hasOwn(LIVE, event.type);
}
export type BuildCost = z.infer<typeof buildCostSchema>;
