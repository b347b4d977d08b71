import { Random } from '../../../harness/measures/random.js';

/** One life of a process: it may end at any moment, with everything that it has not made durable. */
export interface Process {
  name: string;
  /** What it asks for is never answered. */
  isDead: boolean;
  /** Rejects when it dies. */
  died: Promise<never>;
  die: (why: Error) => void;
}

interface Call {
  process: Process;
  /** @param share how much of it is done: below 1 where its process dies meanwhile */
  effect: (share: number) => unknown;
  ready: (() => boolean) | undefined;
  idle: boolean;
  mayFail: boolean;
  answer?: { value: unknown } | { error: Error };
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

export interface CallOptions {
  /** It waits for something, such as a lock. */
  ready?: () => boolean;
  /** A wait of the program's own: chosen rarely. */
  idle?: boolean;
  mayFail?: boolean;
}

/** How often what happens at a step. */
export interface Odds {
  /** Between the effect of a call and its answer something else happens. */
  late: number;
  /** A call fails: half of those after it has taken effect. */
  failure: number;
  crash: number;
}

/** Turns of the microtask queue in which programs come to their next call. */
const TURNS = 16;

/**
 * One schedule: everything that processes ask of logs and stores passes here, and one seed decides what happens next.
 * The programs are the real ones; what they wait for are promises that this resolves, in an order of its own choosing.
 */
export class Schedule {
  readonly random: Random;
  /** Calls and answers so far: the time of the simulation. */
  steps = 0;
  /** No more crashes and failures: what is left comes to its end. */
  calm = false;
  readonly #odds: Odds;
  readonly #most: number;
  readonly #calls: Call[] = [];
  readonly #processes = new Set<Process>();
  readonly #onCrash: (process: Process) => void;
  readonly #trace: string[] | undefined;

  constructor(
    seed: number,
    odds: Odds,
    onCrash: (process: Process) => void,
    most = 20_000,
    trace?: string[],
  ) {
    this.random = new Random(seed);
    this.#odds = odds;
    this.#onCrash = onCrash;
    this.#most = most;
    this.#trace = trace;
  }

  /** Begins a life. @param mortal it may die by chance */
  process(name: string, mortal = true): Process {
    const process = { name, isDead: false } as Process;
    process.died = new Promise<never>((_, reject) => {
      process.die = reject;
    });
    process.died.catch(() => undefined);
    if (mortal) this.#processes.add(process);
    return process;
  }

  call<T>(
    process: Process,
    what: string,
    effect: (share: number) => T,
    options: CallOptions = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (process.isDead) return;
      const traced = (share: number) => {
        const value = effect(share);
        this.#trace?.push(`${this.steps} ${process.name}: ${what}`);
        return value;
      };
      this.#calls.push({
        ...{ process, ready: options.ready, idle: options.idle === true, mayFail: options.mayFail !== false },
        effect: this.#trace === undefined ? effect : traced,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
    });
  }

  /** At least 0 and below 1. */
  uniform(): number {
    return this.random.uint32() / 2 ** 32;
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)]!;
  }

  chance(odds: number): boolean {
    return this.uniform() < odds;
  }

  /** Lets things happen until `isDone`. Throws if nothing can happen, or too much has. */
  async until(isDone: () => boolean): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < TURNS && !isDone(); turn++) await undefined;
      if (isDone()) return;
      if (this.steps++ > this.#most) throw new Error(`nothing came of ${this.#most} steps`);
      const call = this.#choose();
      if (call !== undefined) this.#advance(call);
      else if (!(await this.#waits(isDone))) throw new Error('everything waits for something else');
    }
  }

  /** Programs may need more turns to come to their next call. */
  async #waits(isDone: () => boolean): Promise<boolean> {
    for (let turn = 0; turn < 1000; turn++) {
      await undefined;
      if (isDone() || this.#calls.some(isReady)) return true;
    }
    return false;
  }

  #choose(): Call | undefined {
    const ready = this.#calls.filter(isReady);
    const busy = ready.filter(({ idle }) => !idle);
    const among = busy.length > 0 && (busy.length === ready.length || this.chance(0.9)) ? busy : ready;
    return among.length === 0 ? undefined : this.oneOf(among);
  }

  #advance(call: Call): void {
    if (!this.calm && this.chance(this.#odds.crash)) {
      this.crash(this.oneOf([...this.#processes]));
      return;
    }
    if (call.answer === undefined) {
      const fails = !this.calm && call.mayFail && this.chance(this.#odds.failure);
      const before = fails && this.chance(0.5);
      if (!before) call.answer = outcome(call);
      if (fails) call.answer = { error: new Error(before ? 'refused' : 'no answer') };
      if (this.chance(this.#odds.late)) return;
    }
    this.#calls.splice(this.#calls.indexOf(call), 1);
    const { answer } = call;
    if ('error' in answer!) call.reject(answer.error);
    else call.resolve(answer!.value);
  }

  /** Ends a process. Of what it has asked for and not got, any part may have happened. */
  crash(process: Process): void {
    this.#trace?.push(`${this.steps} ${process.name} dies`);
    for (const call of this.#calls.filter((each) => each.process === process)) {
      if (call.answer === undefined && call.ready === undefined && !call.idle && this.chance(0.5))
        outcome(call, this.chance(0.5) ? 1 : this.uniform());
      this.#calls.splice(this.#calls.indexOf(call), 1);
    }
    process.isDead = true;
    this.#processes.delete(process);
    process.die(new Error(`${process.name} died`));
    this.#onCrash(process);
  }
}

function outcome(call: Call, share = 1): NonNullable<Call['answer']> {
  try {
    return { value: call.effect(share) };
  } catch (error) {
    return { error: error as Error };
  }
}

function isReady({ answer, ready }: Call): boolean {
  return answer !== undefined || ready === undefined || ready();
}
