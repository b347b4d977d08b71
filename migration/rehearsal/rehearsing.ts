import { setTimeout as pause } from 'node:timers/promises';
import { FailureError, messageOf } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { RehearsalData } from './data.js';
import { countKinds, type DifferenceKind, type Ledger, type LedgerDifference } from './ledger.js';
import { WorkerGoneError, type WorkerLink } from './link.js';
import type { Mapped } from './mapped.js';
import type { GateResult, Rehearsal, TimelineEntry } from './model.js';
import type { Operation, Operations } from './operations.js';
import type { Injury, Side, TouchedResult, WorkerConfig, WorkerStatus } from './protocol.js';
import type { Traffic } from './traffic.js';
import { WINDOW_NAMES, type WindowName } from './windows.js';

export type Counts = Partial<Record<DifferenceKind, number>>;

/** A gate stayed closed: the rehearsal ends there. */
export class GateClosedError extends FailureError {}

export interface Parts {
  link: WorkerLink;
  traffic: Traffic;
  ledger: Ledger;
  operations: Operations;
  data: RehearsalData;
  config: WorkerConfig;
  /** How rows become those of the target; absent: they stay as they are. */
  mapped?: Pick<Mapped, 'as'> | undefined;
  signal: AbortSignal;
  /** How long a gate may stay closed. */
  patienceMs: number;
  onProgress(words: string): void;
}

const POLL_MS = 25;
/** A gate stays closed so many times its patience at most, however much moves. */
const MOST_PATIENCE = 5;

interface Look {
  open: boolean;
  found: string;
  /** Another text than before: something has moved. */
  progress?: string | undefined;
}

/** A rehearsal under way: the application, the worker that migrates it, and what has happened so far. */
export class Rehearsing {
  readonly parts: Parts;
  readonly timeline: TimelineEntry[] = [];
  readonly samples: Rehearsal['samples'] = [];
  window: WindowName = 'capture';
  readonly #begun = performance.now();
  #lastBacklog = 0;
  #lastShare = 0;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  get now(): number {
    return Math.round(performance.now() - this.#begun);
  }

  get link(): WorkerLink {
    return this.parts.link;
  }

  get traffic(): Traffic {
    return this.parts.traffic;
  }

  note(kind: TimelineEntry['kind'], words: string): void {
    this.timeline.push({ at: this.now, window: this.window, kind, words });
    if (kind !== 'gate' && kind !== 'note') this.parts.onProgress(words);
  }

  /** How the traffic and the worker stand at the moment, for the charts. */
  sample(): void {
    const { written, read, failedReads } = this.traffic.counts;
    this.samples.push({
      at: this.now,
      written,
      read,
      failedReads,
      backlog: this.#lastBacklog,
      share: this.#lastShare,
    });
  }

  async status(): Promise<WorkerStatus> {
    const status = await this.link.call('status');
    this.#lastBacklog = status.backlog.target;
    this.#lastShare = status.share;
    this.sample();
    return status;
  }

  /** Starts the worker, or starts it again; it goes on by what it has on disk. */
  async start(): Promise<Record<Side, string>> {
    this.link.start();
    const { versions } = await this.link.call('open', this.parts.config);
    return versions;
  }

  /** SIGKILL; writes under way have no answer. */
  async kill(why: string): Promise<void> {
    await this.link.kill();
    this.note('killed', why);
    await this.traffic.pause();
  }

  /** Starts it on the same folders. @param look is done before it goes on with anything */
  async resume(look?: () => Promise<void>): Promise<void> {
    await this.start();
    await look?.();
    await this.link.call('resume');
    this.note('started', 'the worker goes on by what it had left on disk');
    this.traffic.start();
  }

  /**
   * Asks until a condition holds. A call that fails is a condition that does not hold. Patience is lost while nothing moves:
   * how long a busy or stopped machine takes is no finding, as long as it gets on.
   */
  async gate(condition: string, check: () => Promise<Look>): Promise<GateResult> {
    const { patienceMs } = this.parts;
    const end = performance.now() + MOST_PATIENCE * patienceMs;
    let deadline = performance.now() + patienceMs;
    let last: string | undefined;
    for (let closed = 0; ; closed++) {
      this.parts.signal.throwIfAborted();
      const { open, found, progress } = await check().catch((error: unknown): Look => {
        if (error instanceof WorkerGoneError) throw error;
        return { open: false, found: messageOf(error) };
      });
      if (progress !== last) deadline = performance.now() + patienceMs;
      last = progress;
      if (open || performance.now() > Math.min(deadline, end)) {
        this.note('gate', `${open ? 'open' : 'closed'}: ${condition} (${found})`);
        return { condition, state: open ? 'open' : 'closed', found, closed };
      }
      if (closed === 0) this.note('gate', `not yet open: ${condition} (${found})`);
      await pause(POLL_MS);
    }
  }

  /** Everything that was logged when it is asked first is on both sides, and nothing is held back. */
  async settled(): Promise<GateResult> {
    let until: string | undefined;
    return this.gate('the target has all that the log held, and nothing is held back', async () => {
      const { watermark, behind } = await this.link.call('behind', until);
      until ??= watermark;
      const { held, lastError, applied, superseded, backlog } = await this.status();
      const open = !behind.target && !behind.source && held === 0;
      const error = lastError === undefined || open ? '' : `; last error: ${lastError}`;
      const words = open ? 'nothing is missing' : `${behind.target ? 'the target' : 'the source'} is behind`;
      const progress = [applied, superseded, backlog.source, backlog.target].join(' ');
      return { open, found: `${words}, ${held} changes held${error}`, progress };
    });
  }

  /** The same of the source alone, before there is a replay. */
  sourceSettled(): Promise<GateResult> {
    let until: string | undefined;
    return this.gate('the source has all that the log held', async () => {
      const { watermark, behind } = await this.link.call('behind', until);
      until ??= watermark;
      return { open: !behind.source, found: behind.source ? 'the source is behind' : 'nothing is missing' };
    });
  }

  /** @throws GateClosedError */
  async require(gate: Promise<GateResult>): Promise<GateResult> {
    const result = await gate;
    if (result.state === 'closed')
      throw new GateClosedError(`the gate "${result.condition}" stayed closed: ${result.found}`, {
        where: this.window,
      });
    return result;
  }

  /** With writes held, once the target has what they have logged. */
  atRest<T>(work: () => Promise<T>): Promise<T> {
    const isReplayed = WINDOW_NAMES.indexOf(this.window) >= WINDOW_NAMES.indexOf('replay');
    return this.held(async () => {
      if (isReplayed) await this.settled();
      return work();
    });
  }

  /** With writes held. */
  async held<T>(work: () => Promise<T>): Promise<T> {
    await this.traffic.pause();
    try {
      return await work();
    } finally {
      if (this.link.isAlive) this.traffic.start();
    }
  }

  verified(): Promise<TouchedResult> {
    return this.held(() => this.link.call('verify'));
  }

  /** What a side holds against what was acknowledged, with writes held for a moment. */
  counts(side: Side): Promise<Counts> {
    return this.held(() => this.countsAtRest(side));
  }

  /** The same where no write is under way. */
  async countsAtRest(side: Side): Promise<Counts> {
    return countKinds(await this.differences(side));
  }

  async differences(side: Side): Promise<LedgerDifference[]> {
    const as = side === 'target' ? this.parts.mapped?.as : undefined;
    return this.parts.ledger.compare(await this.link.call('scan', side), as);
  }

  injure(injury: Injury): Promise<undefined> {
    return this.link.call('injure', injury);
  }

  heal(): Promise<undefined> {
    return this.link.call('heal');
  }

  /**
   * A row that is certainly there, and of which no write is under way: a write that was killed under way may never have
   * happened, and a fault that is planted into a row that is not there is not the fault that it is called.
   */
  someRow(among?: ReadonlySet<PointId>): PointId {
    const { ledger, operations } = this.parts;
    const free = ledger
      .certain()
      .filter((id) => !this.traffic.isBusy(id) && (among === undefined || among.has(id)));
    const id = free[Math.floor(operations.random() * free.length)];
    if (id === undefined) throw new FailureError('no row is left to write to', { where: this.window });
    return id;
  }

  async write(kind: Exclude<Operation['kind'], 'insert'>, id: PointId): Promise<Operation> {
    const operation = this.parts.operations.change(kind, id);
    await this.traffic.write(operation);
    return operation;
  }
}
