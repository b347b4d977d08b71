import { hideSecrets } from './secrets.js';
import { oneLine } from './visible.js';

/** Exit codes of the command line; see `docs/cli.md`. */
export const EXIT = {
  passed: 0,
  gateFailed: 1,
  badInput: 2,
  engineOrDatasetFailed: 3,
  /** A migration stops here until somebody decides. */
  decisionAwaited: 4,
  /** Work that is shared: other workers hold all that is left. */
  othersAtWork: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorDetails {
  /** File, `file:line:column`, key, engine, phase: whatever lets the reader find the place. */
  where?: string | undefined;
  /** The offending value; shown as JSON, shortened. */
  got?: unknown;
  /** What to do about it. */
  next?: string | undefined;
  cause?: unknown;
}

/** Base of all expected errors: says where, what, got and next, and carries the exit code. */
export class VecproofError extends Error {
  override readonly name: string = 'VecproofError';
  readonly exitCode: ExitCode = EXIT.engineOrDatasetFailed;
  readonly what: string;
  readonly where: string | undefined;
  readonly got: unknown;
  readonly next: string | undefined;

  constructor(what: string, details: ErrorDetails = {}) {
    super(formatError(what, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.what = what;
    this.where = details.where;
    this.got = details.got;
    this.next = details.next;
  }
}

/** The user's suite, arguments or dataset cannot be used as they are: exit code 2. */
export class InputError extends VecproofError {
  override readonly name = 'InputError';
  override readonly exitCode = EXIT.badInput;
}

/** An engine, a dataset or the machine failed while working on valid input: exit code 3. */
export class FailureError extends VecproofError {
  override readonly name = 'FailureError';
  override readonly exitCode = EXIT.engineOrDatasetFailed;
}

/**
 * The connection to an engine's server broke, so that nothing more can be asked on it. While searching it ends the
 * trial: what follows would be the same failure again and again, and not the engine's answers.
 */
export class ConnectionLostError extends VecproofError {
  override readonly name = 'ConnectionLostError';
  override readonly exitCode = EXIT.engineOrDatasetFailed;
}

/** The user stopped the command: exit code 130. */
export class InterruptedError extends VecproofError {
  override readonly name = 'InterruptedError';
  override readonly exitCode = EXIT.interrupted;
}

function formatError(what: string, { where, got, next }: ErrorDetails): string {
  const head = where === undefined ? what : `${oneLine(where)}: ${what}`;
  const found = got === undefined ? '' : ` (got ${shorten(got)})`;
  return next === undefined ? head + found : `${head}${found}\n  next: ${next}`;
}

/** A value as short, single-line text for a message. */
export function shorten(value: unknown, limit = 80): string {
  let text: string;
  if (typeof value === 'bigint' || typeof value === 'number' || value === undefined) text = String(value);
  else if (value instanceof Error) text = value.message;
  else text = jsonOf(value);
  // Before it is cut: half of a secret would not be known for one.
  text = hideSecrets(text);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** What no JSON can say (too deep, in a circle, with integers beyond 2^53) is told by its kind. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
