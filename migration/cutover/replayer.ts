import { FailureError, shorten } from '../../common/errors.js';
import {
  type Change,
  keyText,
  newestOfEachRow,
  type Position,
  type RowChange,
  type UpsertMutation,
} from '../changes/change.js';
import type { ChangeLog, ChangeSource } from '../changes/log.js';
import type { Applied, ChangeTarget, StoredRow } from '../changes/target.js';
import { type Clock, systemClock } from './clock.js';
import type { EmbeddingVersions } from './embedding.js';
import { ReembeddingError } from './errors.js';
import { ReembeddingWatch } from './reembedding.js';
import { inSpan, openTelemetry, type Telemetry } from './telemetry.js';

/** Where a consumer's cursor is kept: the log itself, or a log of ours for a feed that keeps none. */
export type Cursors = Pick<ChangeLog, 'cursor' | 'floor' | 'acknowledge'>;

export interface ReplayerOptions {
  source: ChangeSource;
  cursors: Cursors;
  /** Name of the cursor; one for each target. */
  consumer: string;
  target: ChangeTarget;
  /** Only changes of this collection; absent: all. */
  collection?: string | undefined;
  /** Most changes of a step, 500 by default. */
  batch?: number | undefined;
  embeddings?: EmbeddingVersions | undefined;
  /** Most changes that are held at a time, 10,000 by default: then nothing more is read. */
  mostHeld?: number | undefined;
  /** `refuse` (the default): what is evidently embedded anew ends the replay; nothing of that batch is applied. */
  reembedding?: 'refuse' | 'allow' | undefined;
  clock?: Clock | undefined;
  telemetry?: Telemetry | undefined;
}

export interface Step {
  /** Changes that were read. */
  read: number;
  applied: number;
  /** The target knew the same or something newer. */
  superseded: number;
  /** Held at the moment, since no side may have their embedding version yet. */
  held: number;
  /** Age of the oldest change of this step when it was confirmed, in milliseconds by both clocks; null: there was none. */
  staleness: number | null;
}

const IDLE_MS = 50;
/** Rows without a text of which a step reads the former state, to see by their vectors whether the model is the same. */
const WATCHED = 32;
const MOST_WAIT_MS = 10_000;

/**
 * Brings a target up to a log: each row's changes by version, again and again the same if need be. The cursor moves only
 * when the target has acknowledged and what is read back is at least as new; where changes are held, it stays before the
 * first of them.
 */
export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #held = new Map<string, RowChange>();
  #watch = new ReembeddingWatch();
  /** As far as it has read; the cursor, unless changes are held. Undefined: not asked yet. */
  #position: Position | null | undefined;
  #acknowledged: Position | null = null;
  #floor = 0n;
  #last: Promise<void> = Promise.resolve();

  constructor(options: ReplayerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#telemetry = options.telemetry ?? openTelemetry();
  }

  /** Reads, applies, reads back, acknowledges. After an error the same step may be made again. One step at a time. */
  step(signal?: AbortSignal): Promise<Step> {
    const mine = this.#last.then(() => this.#step(signal));
    this.#last = mine.then(noop, noop);
    return mine;
  }

  async #step(signal?: AbortSignal): Promise<Step> {
    const { source, cursors, consumer, batch = 500, mostHeld = 10_000 } = this.#options;
    if (this.#position === undefined) {
      this.#floor = await cursors.floor(consumer);
      this.#acknowledged = await cursors.cursor(consumer);
      this.#position = this.#acknowledged;
    }
    const room = Math.min(batch, mostHeld - this.#held.size);
    const changes = room > 0 ? await source.read(this.#position, room, signal) : [];
    const { due, held } = this.#sorted(changes);
    const watch = await this.#watched(due);
    const outcomes = await this.#apply(due, signal);
    // Only what was applied counts: a step that is made again sees the same updates again.
    this.#watch = watch;
    this.#hold(due, held);
    this.#position = changes.at(-1)?.position ?? this.#position;
    if (this.#held.size === 0 && this.#position !== null && this.#position !== this.#acknowledged) {
      await cursors.acknowledge(consumer, this.#position);
      this.#acknowledged = this.#position;
    }
    return this.#told(changes, due, outcomes);
  }

  /** Of each row the newest change that may be applied, and those newer ones that are held. */
  #sorted(changes: readonly Change[]): { due: RowChange[]; held: RowChange[] } {
    const { embeddings, collection } = this.#options;
    const rows = [...this.#held.values(), ...changes].filter(
      (change): change is RowChange =>
        change.kind !== 'marker' &&
        change.version > this.#floor &&
        (collection === undefined || change.collection === collection),
    );
    const isTaken = (change: RowChange) => embeddings?.isTaken(change) !== false;
    const due = newestOfEachRow(rows.filter(isTaken));
    const dueVersions = new Map(due.map((change) => [keyText(change), change.version]));
    const held = newestOfEachRow(rows.filter((change) => !isTaken(change))).filter(
      (change) => change.version > (dueVersions.get(keyText(change)) ?? -1n),
    );
    return { due, held };
  }

  async #apply(due: readonly RowChange[], signal?: AbortSignal): Promise<readonly Applied[]> {
    const { target, consumer } = this.#options;
    if (due.length === 0) return [];
    const { outcomes, stored } = await inSpan(
      this.#telemetry,
      'replay.apply',
      { consumer, changes: due.length },
      async () => ({ outcomes: await target.apply(due, signal), stored: await target.read(due) }),
    );
    for (const [i, change] of due.entries()) {
      const row = stored[i];
      if (row !== undefined && isConfirmed(change, outcomes[i]!, row)) continue;
      throw new FailureError(`the change of ${shorten(change.id)} was acknowledged and is not there`, {
        where: target.place,
        got: row === undefined ? 'nothing' : `version ${row.version}${row.deleted ? ', deleted' : ''}`,
        next: 'the cursor has not moved; the change comes again',
      });
    }
    return outcomes;
  }

  #hold(due: readonly RowChange[], held: readonly RowChange[]): void {
    for (const change of due) this.#held.delete(keyText(change));
    for (const change of held) this.#held.set(keyText(change), change);
  }

  /** @throws ReembeddingError before anything of a batch is applied that makes it evident */
  async #watched(due: readonly RowChange[]): Promise<ReembeddingWatch> {
    const { target, reembedding = 'refuse' } = this.#options;
    const upserts = due.filter((change): change is RowChange & UpsertMutation => change.kind === 'upsert');
    const wordless = upserts.filter(({ point }) => point.text === undefined).slice(0, WATCHED);
    const updates = [...upserts.filter(({ point }) => point.text !== undefined), ...wordless];
    if (reembedding === 'allow' || updates.length === 0) return this.#watch;
    const stored = await target.read(updates);
    const watch = this.#watch.with(
      updates.flatMap(({ version, point: after }, i) => {
        const row = stored[i];
        // What comes again was seen before.
        if (row?.point === undefined || row.version >= version) return [];
        return [{ before: row.point, after: target.kept?.(after) ?? after }];
      }),
    );
    const { words } = watch;
    if (words === undefined) return watch;
    throw new ReembeddingError(`rows are being embedded anew: ${words}`, {
      where: target.place,
      next: 'finish or roll back this migration first, or say in its plan that rows may be embedded anew',
    });
  }

  #told(changes: readonly Change[], due: readonly RowChange[], outcomes: readonly Applied[]): Step {
    const now = this.#clock.now();
    const applied = outcomes.filter((each) => each === 'applied').length;
    const oldest = due.length === 0 ? null : Math.min(...due.map(({ at }) => at));
    const step = {
      read: changes.length,
      applied,
      superseded: outcomes.length - applied,
      held: this.#held.size,
      staleness: oldest === null ? null : now - oldest,
    };
    const { consumer } = this.#options;
    this.#telemetry.count('replayed', applied, { consumer });
    this.#telemetry.gauge('held', step.held, { consumer });
    if (step.staleness !== null) this.#telemetry.record('staleness', step.staleness, { consumer });
    return step;
  }

  /** Steps until everything settled up to a position is in the target. */
  async drain(to: Position, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const { read, held } = await this.step(signal);
      if (this.#position !== null && this.#position !== undefined && this.#position >= to && held === 0)
        return;
      if (read > 0) continue;
      // What a watermark promises may be behind the last entry.
      if (held === 0 && (await this.#options.source.watermark()) >= to) {
        if ((await this.step(signal)).read === 0) return;
        continue;
      }
      await this.#clock.sleep(IDLE_MS, signal);
    }
  }

  /**
   * Steps for ever. Errors are told and the step is made again, later and later; only a re-embedding that is refused
   * ends it. Resolves when the signal is aborted.
   */
  async run(signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
    let wait = IDLE_MS;
    while (!signal.aborted) {
      try {
        const { read } = await this.step(signal);
        wait = IDLE_MS;
        if (read === 0) await this.#clock.sleep(IDLE_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ReembeddingError) throw error;
        onError(error);
        this.#telemetry.count('replay.errors', 1, { consumer: this.#options.consumer });
        await this.#clock.sleep(wait, signal).catch(noop);
        wait = Math.min(2 * wait, MOST_WAIT_MS);
      }
    }
  }
}

/** What the target had already may have been changed by others since; what was written now has to be as it was written. */
function isConfirmed({ version, kind }: RowChange, outcome: Applied, row: StoredRow): boolean {
  if (outcome === 'superseded' || row.version > version) return row.version >= version;
  const isGone = row.point === undefined;
  return row.version === version && row.deleted === isGone && isGone === (kind === 'delete');
}

function noop(): void {}
