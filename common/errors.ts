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
  const head = where === undefined ? what : `${where}: ${what}`;
  const found = got === undefined ? '' : ` (got ${shorten(got)})`;
  return next === undefined ? head + found : `${head}${found}\n  next: ${next}`;
}

/** A value as short, single-line text for a message. */
export function shorten(value: unknown, limit = 80): string {
  let text: string;
  if (typeof value === 'bigint' || typeof value === 'number' || value === undefined) text = String(value);
  else if (value instanceof Error) text = value.message;
  else text = JSON.stringify(value) ?? String(value);
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
