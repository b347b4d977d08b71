import { type ErrorDetails, VecproofError } from '../../common/errors.js';

/**
 * A mutation of which it is not known whether it took effect: the log or the store gave no answer. Sending it again with
 * the same idempotency key is safe and brings it to its end.
 */
export class UnknownOutcomeError extends VecproofError {
  override readonly name = 'UnknownOutcomeError';
  readonly idempotencyKey: string;
  /** It is in the log, and so will take effect; the store has not confirmed it yet. */
  readonly durable: boolean;

  constructor(what: string, details: ErrorDetails & { idempotencyKey: string; durable: boolean }) {
    super(what, {
      next: `send the mutation again with the idempotency key ${details.idempotencyKey}`,
      ...details,
    });
    this.idempotencyKey = details.idempotencyKey;
    this.durable = details.durable;
  }
}

/** Vectors of another model than the migration began with, where the plan does not say that they may come. */
export class ReembeddingError extends VecproofError {
  override readonly name = 'ReembeddingError';
}
