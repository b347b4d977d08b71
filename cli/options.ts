import { InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from '../common/errors.js';
import type { CommandContext } from './context.js';

/**
 * Runs a command's action with its context and sets the exit code.
 * @param home folder given by `--out`
 */
export type Run = (
  home: string | undefined,
  action: (context: CommandContext) => Promise<ExitCode>,
) => Promise<void>;

/** `--out` of every command that reads or writes runs; `truth` and `queries` have an `--out` file instead. */
export const homeOption = () =>
  new Option(
    '--out <folder>',
    'where .runs/ and .cache/ are (default: VECPROOF_HOME, else the working directory)',
  );

export function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

export function naturalNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('must be an integer of at least 0.');
  return value;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('must be an integer of at least 1.');
  return value;
}

export function port(text: string | number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw new InvalidArgumentError('must be a port from 1 to 65535.');
  return value;
}

export function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('must lie between 0 and 1.');
  return value;
}

/** Also negative: a distance under `dot` is. */
export function finite(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('must be a number.');
  return value;
}
