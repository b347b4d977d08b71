import { InputError } from '../../common/errors.js';
import type { Logged, NewChange, RowChange } from '../changes/change.js';
import type { ChangeLog } from '../changes/log.js';
import type { ChangeTarget } from '../changes/target.js';
import type { EmbeddingVersions } from './embedding.js';
import { UnknownOutcomeError } from './errors.js';

/**
 * `applied`: it is in the log and in the application's store. `repeated`: it was already, by an earlier attempt.
 * `held`: it is in the log; both sides get it once they take its embedding version. `unchanged`: it found nothing to
 * change (a deletion of no row), so that there is nothing to follow.
 */
export type Committed = ({ state: 'applied' | 'repeated' | 'held' } & Logged) | { state: 'unchanged' };

/** How a mutation becomes durable together with its effect on the store that serves reads. */
export interface Outbox {
  /**
   * Resolves when both are done; rejects where nothing was released, or with UnknownOutcomeError where that is not known.
   * Of one row, the caller sends one after the other.
   */
  commit(change: NewChange, signal?: AbortSignal): Promise<Committed>;
  mark(collection: string, name: string): Promise<Logged>;
}

export interface LogFirstOptions {
  log: ChangeLog;
  /** The store that serves reads. */
  primary: ChangeTarget;
  /** Of the replayer that follows this store; needed where the store began with a snapshot (the target, once it takes over). */
  consumer?: string | undefined;
  embeddings?: EmbeddingVersions | undefined;
}

/**
 * For stores that cannot share a transaction with the log: a mutation is in the log first, then released to the store,
 * conditionally by its version. After a crash between the two, a `Replayer` of the primary (consumer `primary`, say)
 * brings the store up to the log; one should always run.
 */
export class LogFirstOutbox implements Outbox {
  readonly #log: ChangeLog;
  readonly #primary: ChangeTarget;
  readonly #consumer: string | undefined;
  readonly #embeddings: EmbeddingVersions | undefined;

  constructor({ log, primary, consumer, embeddings }: LogFirstOptions) {
    this.#log = log;
    this.#primary = primary;
    this.#consumer = consumer;
    this.#embeddings = embeddings;
  }

  async commit(change: NewChange, signal?: AbortSignal): Promise<Committed> {
    const { repeated, ...logged } = await this.#append(change, signal);
    const row: RowChange = { ...change, ...logged };
    if (this.#embeddings?.isTaken(row) === false) return { ...logged, state: 'held' };
    try {
      if (!(repeated && (await this.#isBelowFloor(row)))) await this.#primary.apply([row], signal);
    } catch (error) {
      throw new UnknownOutcomeError('the mutation is in the log, and the store has not confirmed it', {
        where: this.#primary.place,
        idempotencyKey: change.idempotencyKey,
        durable: true,
        cause: error,
      });
    }
    return { ...logged, state: repeated ? 'repeated' : 'applied' };
  }

  /** Sent for the first time before the store's snapshot: the snapshot has it, or something newer. */
  async #isBelowFloor({ version }: RowChange): Promise<boolean> {
    return this.#consumer !== undefined && version <= (await this.#log.floor(this.#consumer));
  }

  async #append(change: NewChange, signal?: AbortSignal) {
    try {
      const [appended] = await this.#log.append([change], signal);
      return appended!;
    } catch (error) {
      // The key of another mutation: this one is not in the log, nor will it be.
      if (error instanceof InputError) throw error;
      throw new UnknownOutcomeError(
        'the log has not taken the mutation, which was not released to the store',
        {
          where: this.#log.place,
          idempotencyKey: change.idempotencyKey,
          durable: false,
          cause: error,
        },
      );
    }
  }

  mark(collection: string, name: string): Promise<Logged> {
    return this.#log.mark(collection, name);
  }
}
