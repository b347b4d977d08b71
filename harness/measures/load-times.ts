import { LOAD_ERROR_KINDS, type LoadErrorKind, loadErrorKind } from '../model/load-errors.js';
import type { Workload } from '../model/plan.js';
import type { LoadCourse } from '../model/results.js';
import type { Times } from '../model/samples.js';
import { isOpenLoop } from '../model/workload.js';
import { Histogram } from './histogram.js';
import { Lags } from './lags.js';
import { Latencies } from './latencies.js';
import type { TimedPass } from './timing.js';

/** Parts of a pass whose latency is told by itself, at most. */
const MOST_SLICES = 30;
/** Queries that are due in one of them on average, at least: of fewer the slowest says little. */
const LEAST_DUE = 20;
/** Seconds of one part. */
const SLICES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];
/** Buckets of a part's histogram: within 0.2%. */
const SLICE_BITS = 8;
/** Queries of one part from which on its 99th percentile is given. */
const LEAST = 100;
/** ms that a query may need beside its time-out: a connection is opened again. */
const REOPENING = 5000;

/** What the samples of one pass of a load say of time. */
export interface LoadPass extends TimedPass {
  samples: number;
  /** ms since the trial's first pass began: of the first and last due time. */
  due: { first: number; last: number };
  /** Sum of the times from sent to answered, ms. */
  inside: number;
  /** Of an open loop. */
  lags: { free: Latencies; queued: number } | undefined;
}

/**
 * Times of a load, taken in samples after samples, in memory that does not grow with them. Those of one pass are expected
 * in about the order in which they ended.
 */
export class LoadTimes {
  readonly #workload: Workload;
  readonly #passes = new Map<number, Pass>();
  readonly #errors = new Map<LoadErrorKind, number>(LOAD_ERROR_KINDS.map((kind) => [kind, 0]));
  #samples = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  add(times: Times): void {
    const { length, repetition, due, sent, answered, returned, error } = times;
    for (let i = 0; i < length; i++) {
      let pass = this.#passes.get(repetition[i]!);
      if (pass === undefined) {
        pass = new Pass(this.#workload);
        this.#passes.set(repetition[i]!, pass);
      }
      const kind = error[i] === null ? undefined : loadErrorKind(error[i]!);
      if (kind !== undefined) this.#errors.set(kind, this.#errors.get(kind)! + 1);
      pass.add(due[i]!, sent[i]!, answered[i]!, kind, kind === undefined && returned[i]! >= 0);
    }
    this.#samples += length;
  }

  get samples(): number {
    return this.#samples;
  }

  /** By kind of error, those that failed. */
  get errors(): ReadonlyMap<LoadErrorKind, number> {
    return this.#errors;
  }

  /** Answers that came. */
  get answered(): number {
    return [...this.#passes.values()].reduce((sum, { latencies }) => sum + latencies.count, 0);
  }

  /** In their order; once all samples were taken in. */
  passes(): LoadPass[] {
    return [...this.passesByNumber().values()];
  }

  passesByNumber(): Map<number, LoadPass> {
    return new Map(this.#ordered().map(([number, pass]) => [number, pass.end()]));
  }

  /** How latency went over time and how it is distributed, for pictures. */
  course(): LoadCourse {
    const latencies = Latencies.joined(this.#ordered().map(([, pass]) => pass.latencies));
    return {
      sliceSeconds: sliceOf(this.#workload),
      slices: this.#ordered().flatMap(([number, pass]) => pass.course(number)),
      percentiles: percentilesOf(latencies),
    };
  }

  #ordered(): [number, Pass][] {
    return [...this.#passes].sort(([a], [b]) => a - b);
  }
}

class Pass {
  readonly latencies = new Latencies();
  readonly #lags: Lags | undefined;
  readonly #sliceMs: number;
  readonly #slices: { histogram: Histogram; failed: number }[] = [];
  #samples = 0;
  #inside = 0;
  #due = { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #begin: number | undefined;
  #ended: LoadPass | undefined;

  constructor(workload: Workload) {
    const { timeout, inFlight } = workload.options;
    if (isOpenLoop(workload))
      this.#lags = new Lags(Number(inFlight), 2000 * Number(timeout ?? 10) + REOPENING);
    this.#sliceMs = 1000 * sliceOf(workload);
  }

  add(due: number, sent: number, answered: number, kind: LoadErrorKind | undefined, isAnswer: boolean): void {
    // The time of a failure that ended a pass may be unknown.
    const end = Number.isFinite(answered) ? answered : sent;
    this.#samples++;
    this.#due.first = Math.min(this.#due.first, due);
    this.#due.last = Math.max(this.#due.last, due);
    this.#first = Math.min(this.#first, sent);
    this.#last = Math.max(this.#last, end);
    this.#inside += end - sent;
    this.#lags?.add(due, sent, end, kind === 'unsent');
    const slice = this.#sliceAt(due);
    if (isAnswer) {
      this.latencies.add(end - due);
      slice.histogram.add(end - due);
    } else slice.failed++;
  }

  /** The first sample of a pass may not be the first that was due, but is one of the first. */
  #sliceAt(due: number): { histogram: Histogram; failed: number } {
    this.#begin ??= due;
    const at = Math.max(0, Math.floor((due - this.#begin) / this.#sliceMs));
    while (this.#slices.length <= at) this.#slices.push({ histogram: new Histogram(SLICE_BITS), failed: 0 });
    return this.#slices[at]!;
  }

  end(): LoadPass {
    this.#ended ??= {
      latencies: this.latencies,
      seconds: (this.#last - this.#first) / 1000,
      samples: this.#samples,
      due: this.#due,
      inside: this.#inside,
      lags: this.#lags?.end(),
    };
    return this.#ended;
  }

  course(pass: number): LoadCourse['slices'] {
    return this.#slices.map(({ histogram, failed }, at) => {
      const percentile = (p: number, least: number) =>
        histogram.count < least ? null : rounded(histogram.quantile(p)!);
      return {
        pass,
        seconds: Math.round((at * this.#sliceMs) / 10) / 100,
        answered: histogram.count,
        failed,
        p50: percentile(0.5, 1),
        p99: percentile(0.99, LEAST),
        max: histogram.max === undefined ? null : rounded(histogram.max),
      };
    });
  }
}

/** So long that a pass has at most `MOST_SLICES`, and each of them `LEAST_DUE` queries where their rate is known. */
function sliceOf({ options }: Workload): number {
  const rate = Number(options['rate'] ?? Number.POSITIVE_INFINITY);
  const seconds = Math.max(Number(options['seconds'] ?? 10) / MOST_SLICES, LEAST_DUE / rate);
  return SLICES.find((each) => each >= seconds) ?? SLICES.at(-1)!;
}

/** Ten for each further nine of the percentile, up to one of which ten queries lie beyond, and the slowest. */
function percentilesOf(latencies: Latencies): LoadCourse['percentiles'] {
  const { count } = latencies;
  if (count === 0) return [];
  const most = Math.max(0, Math.floor(10 * Math.log10(count / 10)));
  const shares = Array.from({ length: most + 1 }, (_, i) => 1 - 10 ** (-i / 10));
  return [...shares, 1].map((share) => ({
    share: Number(share.toFixed(9)),
    ms: rounded(latencies.quantile(share)!),
  }));
}

/** Four digits: files are read by people, too. */
const rounded = (ms: number): number => Number(ms.toPrecision(4));
