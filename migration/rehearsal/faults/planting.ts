import { setTimeout as pause } from 'node:timers/promises';
import type { Side } from '../protocol.js';
import { type Counts, GateClosedError, type Rehearsing } from '../rehearsing.js';
import { WINDOW_NAMES, type WindowName } from '../windows.js';

const POLL_MS = 10;

/** What notices faults, by the name in the table; docs/rehearsal.md says where each is in the library. */
export const CATCHERS = {
  cursor: 'the cursor stays where the last acknowledgement was',
  retry: 'the replay asks again until it is acknowledged',
  'backlog gate': 'the window does not end while the target is behind',
  versions: 'versions are given by the log, and an older one is never written over a newer',
  'conditional backfill': 'the backfill writes only where nothing is known of a row',
  're-embedding': 'the replay refuses to go on once most updates change vectors and leave texts',
  'embedding hold': 'changes wait until both sides take the version of their vectors',
  'touched rows': 'rows that the log names are compared on both sides',
  'deleted rows': 'deleted rows are asked for again',
  strangers: 'every row of the target is explained by the snapshot or the log',
  resume: 'a process that is started again goes on by what is durable',
  shadow: 'the shadow fails by itself, and the source answers',
  'ramp gate': 'the share goes back to 0',
} as const;
export type Catcher = keyof typeof CATCHERS;

export interface Fault {
  name: string;
  title: string;
  windows: readonly WindowName[];
  /** One of these has to notice it. */
  expected: readonly Catcher[];
  /** Plants it, waits until something notices, and undoes it. */
  run(planting: Planting): Promise<void>;
}

/** One fault in one window. */
export class Planting {
  readonly rehearsing: Rehearsing;
  readonly window: WindowName;
  readonly caughtBy: { by: Catcher; words: string }[] = [];
  readonly wentBack: string[] = [];
  wouldHaveLost: Counts | undefined;

  constructor(rehearsing: Rehearsing, window: WindowName) {
    this.rehearsing = rehearsing;
    this.window = window;
  }

  /** Before the replay the target lacks rows for a better reason. */
  get isComplete(): boolean {
    return WINDOW_NAMES.indexOf(this.window) >= WINDOW_NAMES.indexOf('replay');
  }

  noticed(by: Catcher, words: string): void {
    this.caughtBy.push({ by, words });
    this.rehearsing.note('caught', `${by}: ${words}`);
  }

  /** What would be lost if nobody did anything now. */
  async measure(side: Side = 'target'): Promise<void> {
    if (this.isComplete) this.wouldHaveLost = await this.rehearsing.counts(side);
  }

  async wentBackTo(share: number, why: string): Promise<void> {
    await this.rehearsing.link.call('ramp', share);
    this.wentBack.push(why);
    this.rehearsing.note('decision', `the source answers all reads again: ${why}`);
  }

  /** Asks, while traffic goes on, until something is so; false: it never was. */
  async until(check: () => Promise<boolean>): Promise<boolean> {
    const { traffic, parts } = this.rehearsing;
    const deadline = performance.now() + parts.patienceMs;
    while (performance.now() < deadline) {
      parts.signal.throwIfAborted();
      if (await check()) return true;
      await traffic.more(1);
      await pause(POLL_MS);
    }
    return false;
  }

  /** @throws GateClosedError where it does not come within the patience of a gate */
  async within<T>(promise: Promise<T>, condition: string): Promise<T> {
    const { patienceMs, signal } = this.rehearsing.parts;
    const over = new AbortController();
    const late = pause(patienceMs, undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(() => {
      throw new GateClosedError(`within ${patienceMs / 1000} s it did not come to this: ${condition}`, {
        where: this.window,
      });
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
  }
}
