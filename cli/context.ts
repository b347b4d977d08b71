import { join, resolve } from 'node:path';
import { InterruptedError } from '../common/errors.js';
import { homeFolder } from '../common/paths.js';
import { redactor, type Secret } from '../common/redact.js';

/** What every command works with: folders, streams, colour and the signal of Ctrl-C. */
export interface Context {
  /** Parent of run folders. */
  runs: string;
  cache: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  out: Output;
  /** Progress and messages. */
  err: Output;
  /** A person watches `err`: control characters are welcome. */
  live: boolean;
  color: boolean;
  signal: AbortSignal;
  /** From now on these values are not shown by `out` and `err`. */
  hide(secrets: readonly Secret[]): void;
}

export interface Output {
  write(text: string): void;
  /** Width of the terminal; undefined if it is none. */
  readonly columns: number | undefined;
}

/** @param out folder given by `--out` */
export function makeContext(out: string | undefined, signal: AbortSignal): Context {
  const { env, stdout, stderr } = process;
  const home = out === undefined ? homeFolder(env) : resolve(out);
  let redact = (text: string) => text;
  const output = (stream: NodeJS.WriteStream): Output => ({
    write: (text) => void stream.write(redact(text)),
    get columns() {
      // A terminal that does not know its width says 0.
      return stream.columns || undefined;
    },
  });
  const plain = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return {
    runs: join(home, '.runs'),
    cache: join(home, '.cache'),
    cwd: process.cwd(),
    env,
    out: output(stdout),
    err: output(stderr),
    live: stderr.isTTY === true && !plain,
    color: stdout.isTTY === true && !plain && !env['NO_COLOR'],
    signal,
    hide: (secrets) => {
      redact = redactor(secrets).text;
    },
  };
}

/** Ctrl-C and termination become an abort; a second one ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new InterruptedError('interrupted'));
    });
  }
  return controller.signal;
}
