import type { Metric } from '../../datasets/dataset.js';
import type { BuildCost, LoadFacts } from '../model/events.js';
import { voidedBy } from '../model/flags.js';
import type { Workload } from '../model/plan.js';
import type { Checkpoint, LoadCourse, Measures } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import { isSerial, SERIAL } from '../model/workload.js';
import { accuracyOf } from './accuracy.js';
import { type Column, columnsByName } from './by-query.js';
import { calibrationMeasures, type PassMedians } from './calibration.js';
import { costMeasures, type ServerUse, serverMeasures } from './cost.js';
import { meansOf } from './figures.js';
import { filterMeasures } from './filters.js';
import { countedHits, type QueryFacts } from './groups.js';
import { type JudgementOf, relevanceFigures } from './judged.js';
import { loadMeasures, perMillion } from './load.js';
import { LoadTimes } from './load-times.js';
import { renumbered } from './sources.js';
import { timingMeasures, timingOf } from './timing.js';
import { unitsOf, wasAnswered } from './units.js';

export interface DeriveOptions {
  /** Ascending, none larger than `samples.k`. */
  ks: readonly number[];
  metric: Metric;
  cost?: BuildCost | undefined;
  /** What the engine's server used in the measured passes. */
  server?: ServerUse | undefined;
  /** Wall time of the measured passes and the part of it spent inside engine calls. */
  wallSeconds?: number | undefined;
  engineSeconds?: number | undefined;
  /** CPU that others used during the passes, in cores. */
  foreignCores?: number | undefined;
  /** CPU of the process that sends queries to a server, in cores. */
  clientCores?: number | undefined;
  /** CPU of the process that holds an embedded engine, under a load, in cores. */
  processCores?: number | undefined;
  /** Price of an hour of the engine's machine. */
  perHour?: number | undefined;
  /** What a load is held against. */
  load?: LoadFacts | undefined;
  /** How the queries were sent. */
  workload?: Workload | undefined;
  /** Times of all queries of a load, where the samples are some of them alone. */
  times?: LoadTimes | undefined;
  /** By query number; undefined where no query has a group or filter. */
  facts?: readonly QueryFacts[] | undefined;
  /** Undefined where no query is judged. */
  judgements?: JudgementOf | undefined;
  /** By query number that of its source; undefined where each is its own. */
  sources?: ArrayLike<number> | undefined;
  /** By sample which list of the truth it is held against, -1: none; absent: that of its query. */
  lists?: Int32Array | undefined;
}

export interface DerivedTrial {
  measures: Measures;
  /** Doubts about the figures, sorted; `docs/measures.md` explains each. */
  flags: string[];
  /** Of the measures that are means over queries, the values by query. */
  columns: ReadonlyMap<string, Column>;
  /** Of a trial whose points were written meanwhile. */
  checkpoints?: Checkpoint[] | undefined;
  /** Of a load. */
  load?: LoadCourse | undefined;
}

export const NO_COLUMNS: ReadonlyMap<string, Column> = new Map();

/**
 * All measures of one trial from its raw samples; pure and repeatable. Of means, repetitions are averaged within a query
 * first, and intervals are over queries, of the same vector once; of times, intervals are over repetitions. What was not measured is absent: without a single answer
 * there is no recall, no latency and no throughput, only `errors`.
 */
export function deriveTrial(samples: Samples, truth: Truth, options: DeriveOptions): DerivedTrial {
  check(samples, truth, options);
  const built = options.cost === undefined ? {} : costMeasures(options.cost);
  const cost = { ...built, ...serverMeasures(options.server) };
  if (samples.length === 0) return { measures: cost, flags: [], columns: NO_COLUMNS };
  const times = timesOf(samples, options);
  const { failed, sent } = failures(samples, times);
  const errors: Measures = { errors: count(failed, sent) };
  const flags = failed > 0 ? ['failed-queries'] : [];
  if (failed === sent) return { measures: { ...errors, ...cost }, flags, columns: NO_COLUMNS };
  const units = unitsOf(samples);
  const { facts, judgements, ks } = options;
  const counted = countedHits(samples, ks, facts);
  const accuracy = accuracyOf(counted, truth, units, options);
  const judged = judgements === undefined ? [] : relevanceFigures(samples, units, judgements, ks, facts);
  const means = [...accuracy.figures, ...judged].filter(({ name }) => !voidedBy(accuracy.flags, name));
  const timing = times === undefined ? timingMeasures(samples) : timingOf(times.passes());
  const load = times && loadMeasures(times, options.workload!, timing, options.clientCores);
  const cores = options.processCores ?? serverCores(times, options);
  const spent = times && perMillion(timing['throughput'], { cores, perHour: options.perHour });
  const calibration = calibrationMeasures(options.load, timing, mediansOf(times));
  const measures = {
    ...meansOf(means, renumbered(units.queries, options.sources)),
    ...timing,
    ...load?.measures,
    ...spent,
    ...calibration.measures,
    ...errors,
    'returned.short': count(accuracy.short, samples.length),
    ...(facts === undefined ? {} : filterMeasures(counted, facts)),
    ...engineShare(options),
    ...foreignCpu(options),
    ...cost,
  };
  if ((options.foreignCores ?? 0) > BUSY_CORES) flags.push('busy-machine');
  const columns = columnsByName(units.queries, means);
  const all = [...flags, ...(load?.flags ?? []), ...calibration.flags, ...accuracy.flags].sort();
  return { measures, flags: all, columns, load: times?.course() };
}

function mediansOf(times: LoadTimes | undefined): PassMedians {
  const passes = times === undefined ? [] : [...times.passesByNumber()];
  return new Map(passes.map(([number, { latencies }]) => [number, latencies.quantile(0.5)]));
}

/** Undefined where the workload is serial. */
function timesOf(samples: Samples, { workload = SERIAL, times }: DeriveOptions): LoadTimes | undefined {
  if (isSerial(workload) || times !== undefined) return times;
  const own = new LoadTimes(workload);
  own.add(samples);
  return own;
}

/** CPU of a server in cores: what it used divided by the seconds of the load, its warm-up included. */
function serverCores(times: LoadTimes | undefined, { server, workload }: DeriveOptions): number | undefined {
  if (times === undefined || server?.cpuSeconds === undefined) return undefined;
  const passes = times.passes();
  const warmUp = Number(workload?.options['warmUp'] ?? 0) * passes.length;
  const seconds = passes.reduce((sum, pass) => sum + pass.seconds, warmUp);
  return seconds > 0 ? server.cpuSeconds / seconds : undefined;
}

function failures(samples: Samples, times: LoadTimes | undefined): { failed: number; sent: number } {
  if (times !== undefined) return { failed: times.samples - times.answered, sent: times.samples };
  let failed = 0;
  for (let i = 0; i < samples.length; i++) if (!wasAnswered(samples, i)) failed++;
  return { failed, sent: samples.length };
}

/**
 * The measures of one group of queries. Groups are measured together, in one order that mixes them: a throughput of
 * one group, a cost or a share of the machine cannot be told, and are absent; values by query are those of the trial.
 */
export function deriveGroup(
  samples: Samples,
  truth: Truth,
  { ks, metric, facts, judgements, sources, lists }: DeriveOptions,
): DerivedTrial {
  const derived = deriveTrial(samples, truth, { ks, metric, facts, judgements, sources, lists });
  const { throughput, ...rest } = derived.measures;
  return { ...derived, measures: rest, columns: NO_COLUMNS };
}

function count(value: number, n: number): Measures[string] {
  return { value, low: null, high: null, n };
}

/** Above this, in cores, times and throughput are those of a machine that others were using. */
export const BUSY_CORES = 0.25;

/** CPU that everything but the build's process used while the passes were measured. */
function foreignCpu({ foreignCores }: DeriveOptions): Measures {
  if (foreignCores === undefined) return {};
  return { 'machine.foreign': { value: foreignCores, low: null, high: null, n: 1 } };
}

/** Share of the search phase's wall time that was spent inside engine calls; the rest is the harness. */
function engineShare({ wallSeconds, engineSeconds }: DeriveOptions): Measures {
  if (wallSeconds === undefined || engineSeconds === undefined || wallSeconds <= 0) return {};
  return { 'engine.share': { value: engineSeconds / wallSeconds, low: null, high: null, n: 1 } };
}

/** Faults of the caller, not of the user: readers have checked the files already. */
function check(samples: Samples, truth: Truth, { ks, lists }: DeriveOptions): void {
  const deepest = ks.at(-1);
  if (deepest === undefined || deepest > samples.k) {
    throw new RangeError(`ks [${ks.join(', ')}] need lists of their largest k, samples have ${samples.k}`);
  }
  if (ks.some((k, i) => !Number.isInteger(k) || k < 1 || (i > 0 && k <= ks[i - 1]!))) {
    throw new RangeError(`ks [${ks.join(', ')}] must be positive integers in ascending order`);
  }
  for (let i = 0; i < samples.length; i++) {
    const query = samples.query[i]!;
    if (lists === undefined && (query < 0 || query >= truth.count)) {
      throw new RangeError(`sample ${i} is of query ${query}, the truth has ${truth.count} queries`);
    }
  }
}
