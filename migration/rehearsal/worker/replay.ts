import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../../common/errors.js';
import type { Change, Position, RowChange, RowKey } from '../../changes/change.js';
import type { ChangeLog, ChangeSource } from '../../changes/log.js';
import type { Applied, ChangeTarget, StoredRow, Write } from '../../changes/target.js';
import type { EmbeddingVersions } from '../../cutover/embedding.js';
import { ReembeddingError } from '../../cutover/errors.js';
import { Replayer } from '../../cutover/replayer.js';
import type { Side } from '../protocol.js';

const BATCH = 50;
const IDLE_MS = 5;
const RETRY_MS = 25;

export interface ReplayFigures {
  applied: number;
  superseded: number;
  held: number;
  retried: number;
  /** Changes whose clock is more than a second behind that of an earlier one. */
  backwards: number;
  lastError: string | undefined;
  /** Why it has ended, and does not go on. */
  refused: string | undefined;
}

export interface ReplayParts {
  log: ChangeLog;
  feed: ChangeSource;
  consumer: Side;
  target: ChangeTarget;
  embeddings: EmbeddingVersions | undefined;
  reembedding: 'refuse' | 'allow';
  stopAt(place: 'replay:applied'): Promise<void>;
}

/** The library's replayer, step by step, with what is counted for the rehearsal. */
export class Replay {
  readonly figures: ReplayFigures = {
    applied: 0,
    superseded: 0,
    held: 0,
    retried: 0,
    backwards: 0,
    lastError: undefined,
    refused: undefined,
  };
  readonly #replayer: Replayer;
  #running: Promise<void> | undefined;
  #stop = false;

  constructor({ log, feed, consumer, target, embeddings, reembedding, stopAt }: ReplayParts) {
    this.#replayer = new Replayer({
      source: watched(feed, (rows) => this.#lookAtClocks(rows)),
      cursors: log,
      consumer,
      target: stopping(target, () => stopAt('replay:applied')),
      batch: BATCH,
      embeddings,
      reembedding,
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop) {
      try {
        const { read, applied, superseded, held } = await this.#replayer.step();
        this.figures.applied += applied;
        this.figures.superseded += superseded;
        this.figures.held = held;
        this.figures.lastError = undefined;
        if (read === 0) await pause(IDLE_MS);
      } catch (error) {
        this.figures.lastError = firstLine(error);
        if (error instanceof ReembeddingError) {
          this.figures.refused = firstLine(error);
          return;
        }
        this.figures.retried++;
        await pause(RETRY_MS);
      }
    }
  }

  #lastAt = 0;

  #lookAtClocks(rows: readonly RowChange[]): void {
    for (const { at } of rows) {
      if (at < this.#lastAt - 1000) this.figures.backwards++;
      this.#lastAt = at;
    }
  }
}

function watched(feed: ChangeSource, look: (rows: readonly RowChange[]) => void): ChangeSource {
  return {
    place: feed.place,
    async read(after: Position | null, limit: number, signal?: AbortSignal): Promise<readonly Change[]> {
      const changes = await feed.read(after, limit, signal);
      look(changes.filter((change): change is RowChange => change.kind !== 'marker'));
      return changes;
    },
    watermark: () => feed.watermark(),
    close: () => feed.close(),
  };
}

/** A target behind a place where the process may be killed: what was written is there, and nobody has noted it. */
export function stopping(
  target: ChangeTarget,
  after: () => Promise<void>,
  before: () => Promise<void> = async () => {},
): ChangeTarget {
  return {
    place: target.place,
    condition: target.condition,
    async apply(changes: readonly Write[], signal?: AbortSignal): Promise<readonly Applied[]> {
      await before();
      const applied = await target.apply(changes, signal);
      await after();
      return applied;
    },
    kept: (point) => target.kept?.(point) ?? point,
    read: (keys: readonly RowKey[]): Promise<readonly (StoredRow | undefined)[]> => target.read(keys),
  };
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0]!;
}
