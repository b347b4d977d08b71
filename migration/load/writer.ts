import { setTimeout as pause } from 'node:timers/promises';
import { FailureError, messageOf } from '../../common/errors.js';
import { abortable } from '../../engines/kit/load.js';
import { verdictOf } from './refusal.js';
import type { Reject } from './rejects.js';
import { type Batch, type BatchTarget, missingOf, type Row, writeBatch } from './write-batch.js';
import { columnsOf, writeColumns } from './write-columns.js';

export interface Patience {
  /** Seconds in which a batch is answered. */
  batch: number;
  /** Seconds that a target which does not answer is waited for. */
  outage: number;
}

export const PATIENCE: Patience = { batch: 120, outage: 60 };

/** A batch was not answered in time: whether it was written is not known. */
class NoAnswer extends Error {
  override readonly name = 'TimeoutError';
}

/** One connection that writes; it is made again where it broke. */
export class Writer {
  #target: BatchTarget;
  readonly #again: (() => Promise<BatchTarget>) | undefined;
  readonly #place: string;
  readonly #patience: Patience;
  readonly #onNotice: ((message: string) => void) | undefined;

  /** @param again connects anew, closing what is left of the connection before; undefined: an engine in this process */
  constructor(
    target: BatchTarget,
    {
      again,
      place,
      patience = PATIENCE,
      onNotice,
    }: {
      again?: (() => Promise<BatchTarget>) | undefined;
      place: string;
      patience?: Patience | undefined;
      onNotice?: ((message: string) => void) | undefined;
    },
  ) {
    this.#target = target;
    this.#again = again;
    this.#place = place;
    this.#patience = patience;
    this.#onNotice = onNotice;
  }

  /** Batches are taken as columns, too. */
  get takesColumns(): boolean {
    return columnsOf(this.#target) !== undefined;
  }

  /**
   * Writes a batch and reads it back. Where no answer came, it connects anew and reads back first, so that what was
   * written is known before anything is written again: a time-out is never a refusal.
   *
   * @returns rows that the target refuses by themselves
   * @throws FailureError naming place, row and remedy if the target cannot write, or does not come back
   */
  async write(batch: Batch, signal: AbortSignal): Promise<Reject[]> {
    let rows: readonly Row[] | undefined;
    let since: number | undefined;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        if (since !== undefined) {
          this.#target = await this.#again!();
          rows = await this.#answered(missingOf(this.#target, rows ?? batch.rows()), signal);
        } else if (batch.columns !== undefined) {
          if (await this.#answered(writeColumns(this.#target, batch.columns, signal), signal)) return [];
        }
        rows ??= batch.rows();
        const rejects =
          rows.length === 0 ? [] : await this.#answered(writeBatch(this.#target, rows, signal), signal);
        if (since !== undefined) this.#onNotice?.(`the target answers again; goes on at row ${batch.first}`);
        return rejects;
      } catch (error) {
        signal.throwIfAborted();
        const verdict = verdictOf(error);
        if (since === undefined && verdict !== 'unknown') throw this.#failed(error, batch, verdict);
        if (this.#again === undefined) throw this.#gone(error, batch);
        if (since === undefined)
          this.#onNotice?.(`no answer from ${this.#place} (${messageOf(error)}); waits for it`);
        since ??= performance.now();
        if (performance.now() - since > this.#patience.outage * 1000) throw this.#gone(error, batch);
        await pause(Math.min(5000, 100 * 2 ** attempt), undefined, { signal });
      }
    }
  }

  async #answered<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#again === undefined) return work;
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new NoAnswer(`no answer within ${this.#patience.batch} s`)),
      this.#patience.batch * 1000,
    );
    try {
      return await abortable(work, AbortSignal.any([signal, limit.signal]));
    } finally {
      clearTimeout(timer);
      // What was given up may fail later, of which nobody hears.
      work.catch(() => undefined);
    }
  }

  #failed(error: unknown, batch: Batch, verdict: 'refused' | 'failed'): unknown {
    // A refusal that is thrown says by itself what and where: a point that did not come back as it was written.
    if (verdict === 'refused') return error;
    return new FailureError(`the target cannot write: ${messageOf(error)}`, {
      where: this.#place,
      next: `free space, or give the permission; then run the same command: it goes on at row ${batch.first} of the export`,
      cause: error,
    });
  }

  #gone(error: unknown, batch: Batch): FailureError {
    return new FailureError(`the target does not answer: ${messageOf(error)}`, {
      where: this.#place,
      next: `start it again, then run the same command: it goes on at row ${batch.first} of the export`,
      cause: error,
    });
  }
}
