import { InputError, messageOf } from '../../common/errors.js';
import { type Clock, systemClock } from './clock.js';
import { inSpan, openTelemetry, type Telemetry } from './telemetry.js';

/** How far two answers to one query agree: 1 is the same, 0 has nothing in common. */
export interface Agreement {
  agreement: number;
  /** Whatever the application wants to keep of this pair, e.g. the ids that are missing. */
  details?: unknown;
}

export interface Compared<Query, Answer> extends Agreement {
  /** `candidate`: the control's answer beside the candidate's. `noise`: beside the control's own, asked once more. */
  against: 'candidate' | 'noise';
  query: Query;
  control: Answer;
  other: Answer;
  /** Of the second answer, in milliseconds. */
  duration: number;
}

export interface ShadowOptions<Query, Answer> {
  /** What answers the application. */
  control(query: Query): Promise<Answer>;
  /** Asked afterwards, in the background. It should heed the signal, which ends its time. */
  candidate(query: Query, signal: AbortSignal): Promise<Answer>;
  /** An agreement outside 0 to 1 (NaN: they cannot be compared) is counted and not judged. */
  compare(control: Answer, other: Answer, query: Query): Agreement;
  /**
   * Whether the candidate could know the control's answer at all, e.g. has all of its rows: others are counted and not
   * judged, so that shadowing may begin before the target is complete. All are, if absent.
   */
  isComparable?: ((query: Query, control: Answer, signal: AbortSignal) => Promise<boolean>) | undefined;
  /** Share of queries that are compared, 0 to 1; 0.05 by default. */
  sample?: number | undefined;
  /** Share of those for which the control is asked once more, for the noise floor; 0.1 by default. */
  noise?: number | undefined;
  /** Most queries that wait to be compared, 100 by default; what does not fit is dropped and counted. */
  queue?: number | undefined;
  /** Comparisons at a time, 1 by default. */
  concurrency?: number | undefined;
  /** Most milliseconds for one comparison, 1000 by default. */
  timeoutMs?: number | undefined;
  /** Called for each pair; what it throws is counted and goes no further. */
  onCompared?: ((pair: Compared<Query, Answer>) => void) | undefined;
  /** How many of the worst pairs are kept, 20 by default. */
  keep?: number | undefined;
  clock?: Clock | undefined;
  telemetry?: Telemetry | undefined;
  /** Uniform in 0 to 1. */
  random?: (() => number) | undefined;
}

export interface Mean {
  n: number;
  /** Undefined: there is nothing of which it would be the mean. */
  mean: number | undefined;
}

export interface ShadowSummary<Query, Answer> {
  /** Queries that the control has answered, and those of them that were drawn. */
  answered: number;
  sampled: number;
  candidate: Mean;
  noise: Mean;
  /** Drawn and not compared, by reason. */
  left: Readonly<Record<'dropped' | 'not-comparable' | 'timed-out' | 'failed' | 'not-compared', number>>;
  worst: readonly Compared<Query, Answer>[];
  lastError: string | undefined;
}

interface Waiting<Query, Answer> {
  query: Query;
  control: Answer;
  isNoise: boolean;
}

/** Calls that were given up and still run, for each one at a time: then the candidate hangs, and nothing more is asked. */
const HANGING = 10;

/**
 * Asks a second store the same queries without the application noticing, in the shape of GitHub's Scientist: the control
 * answers, the candidate is compared. Unlike there, the candidate runs after the control has answered, from a bounded
 * queue: it can neither slow nor fail a control, and what was not compared is counted.
 */
export class ShadowReader<Query, Answer> {
  readonly #options: ShadowOptions<Query, Answer>;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #random: () => number;
  readonly #queue: Waiting<Query, Answer>[] = [];
  readonly #counts = { answered: 0, sampled: 0 };
  readonly #left = { dropped: 0, 'not-comparable': 0, 'timed-out': 0, failed: 0, 'not-compared': 0 };
  readonly #sums = { candidate: { n: 0, sum: 0 }, noise: { n: 0, sum: 0 } };
  #worst: Compared<Query, Answer>[] = [];
  #lastError: string | undefined;
  #running = 0;
  #hanging = 0;
  #isStopped = false;

  /** @throws InputError for shares outside 0 to 1 and limits below 1 */
  constructor(options: ShadowOptions<Query, Answer>) {
    requireShares(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#telemetry = options.telemetry ?? openTelemetry();
    this.#random = options.random ?? Math.random;
  }

  /** The control's answer, or its error: nothing else comes out of here. */
  async read(query: Query): Promise<Answer> {
    const control = await this.#options.control(query);
    this.#counts.answered++;
    try {
      if (!this.#isStopped && this.#random() < (this.#options.sample ?? 0.05)) this.#offer(query, control);
    } catch (error) {
      // Of the application's own functions (random, telemetry): they do not fail a control either.
      this.#lastError = messageOf(error);
    }
    return control;
  }

  #offer(query: Query, control: Answer): void {
    const { queue = 100, concurrency = 1, noise = 0.1 } = this.#options;
    this.#counts.sampled++;
    if (this.#queue.length >= queue || this.#hanging >= HANGING * concurrency) {
      this.#leave('dropped');
      return;
    }
    this.#queue.push({ query, control, isNoise: this.#random() < noise });
    if (this.#running >= concurrency) return;
    this.#running++;
    // Not before the application has its answer.
    setImmediate(() => void this.#work());
  }

  async #work(): Promise<void> {
    for (;;) {
      const next = this.#isStopped ? undefined : this.#queue.shift();
      if (next === undefined) break;
      await this.#compare(next).catch((error: unknown) => {
        this.#lastError = messageOf(error);
      });
    }
    this.#running--;
  }

  async #compare(waiting: Waiting<Query, Answer>): Promise<void> {
    const { timeoutMs = 1000 } = this.#options;
    const ending = new AbortController();
    const compared = this.#ask(waiting, ending.signal);
    const timer = new AbortController();
    const late = this.#clock.sleep(timeoutMs, timer.signal).then(() => LATE);
    late.catch(noop);
    this.#hanging++;
    const settled = () => void this.#hanging--;
    compared.then(settled, settled);
    try {
      if ((await Promise.race([compared, late])) === LATE) this.#leave('timed-out');
    } catch (error) {
      this.#lastError = messageOf(error);
      this.#leave('failed');
    } finally {
      timer.abort();
      ending.abort();
    }
  }

  async #ask({ query, control, isNoise }: Waiting<Query, Answer>, signal: AbortSignal): Promise<void> {
    const { isComparable, compare } = this.#options;
    if (isComparable !== undefined && !(await isComparable(query, control, signal))) {
      if (!signal.aborted) this.#leave('not-comparable');
      return;
    }
    for (const against of isNoise ? (['candidate', 'noise'] as const) : (['candidate'] as const)) {
      const begun = this.#clock.elapsed();
      const other = await inSpan(this.#telemetry, 'shadow.ask', { against }, () =>
        against === 'noise' ? this.#options.control(query) : this.#options.candidate(query, signal),
      );
      // What comes after its time was counted as such.
      if (signal.aborted) return;
      const duration = this.#clock.elapsed() - begun;
      this.#keep({ ...compare(control, other, query), against, query, control, other, duration });
    }
  }

  #keep(pair: Compared<Query, Answer>): void {
    // Also of what is no number, which would make the mean none.
    const { agreement } = pair;
    if (!(typeof agreement === 'number' && agreement >= 0 && agreement <= 1)) {
      this.#leave('not-compared');
      return;
    }
    const { keep = 20, onCompared } = this.#options;
    const sum = this.#sums[pair.against];
    sum.n++;
    sum.sum += pair.agreement;
    this.#telemetry.record('shadow.duration', pair.duration, { against: pair.against });
    this.#telemetry.record('shadow.agreement', pair.agreement, { against: pair.against });
    if (pair.against === 'candidate' && pair.agreement < 1) {
      const at = this.#worst.findIndex(({ agreement }) => agreement > pair.agreement);
      this.#worst.splice(at < 0 ? this.#worst.length : at, 0, pair);
      this.#worst = this.#worst.slice(0, keep);
    }
    onCompared?.(pair);
  }

  #leave(why: keyof ShadowSummary<Query, Answer>['left']): void {
    this.#left[why]++;
    this.#telemetry.count('shadow.left', 1, { why });
  }

  summary(): ShadowSummary<Query, Answer> {
    const mean = ({ n, sum }: { n: number; sum: number }): Mean => ({
      n,
      mean: n === 0 ? undefined : sum / n,
    });
    return {
      ...this.#counts,
      candidate: mean(this.#sums.candidate),
      noise: mean(this.#sums.noise),
      left: { ...this.#left },
      worst: [...this.#worst],
      lastError: this.#lastError,
    };
  }

  /** Resolves once nothing waits and nothing is being compared. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#clock.sleep(5);
  }

  /** Nothing more is compared; the control goes on answering. What waits counts as dropped. */
  stop(): void {
    this.#isStopped = true;
    for (const _ of this.#queue.splice(0)) this.#leave('dropped');
  }
}

const LATE = Symbol('late');

function requireShares<Q, A>({
  sample,
  noise,
  queue,
  concurrency,
  timeoutMs,
  keep,
}: ShadowOptions<Q, A>): void {
  for (const [name, value] of Object.entries({ sample, noise }))
    if (value !== undefined && !(value >= 0 && value <= 1))
      throw new InputError(`${name} is a share from 0 to 1`, { where: 'ShadowReader', got: value });
  for (const [name, value] of Object.entries({ queue, concurrency, timeoutMs, keep }))
    if (value !== undefined && !(value >= 1))
      throw new InputError(`${name} is at least 1`, { where: 'ShadowReader', got: value });
}

function noop(): void {}
