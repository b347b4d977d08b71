import { FailureError, InputError, messageOf, VecproofError } from './errors.js';

/** An error as a message between threads: errors lose their class on the way, what they say is kept. */
export interface SentError {
  kind: 'input' | 'failure';
  what: string;
  where?: string | undefined;
  got?: unknown;
  next?: string | undefined;
  stack: string;
}

export function sentError(error: unknown): SentError {
  const stack = String((error as { stack?: unknown }).stack);
  if (!(error instanceof VecproofError)) return { kind: 'failure', what: messageOf(error), stack };
  const { what, where, got, next } = error;
  return { kind: error instanceof InputError ? 'input' : 'failure', what, where, got, next, stack };
}

export function errorFrom({ kind, what, stack, ...details }: SentError): VecproofError {
  const error = kind === 'input' ? new InputError(what, details) : new FailureError(what, details);
  error.stack = stack;
  return error;
}
