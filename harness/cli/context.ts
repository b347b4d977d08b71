import { join, resolve } from 'node:path';
import { InterruptedError } from '../../common/errors.js';
import { homeFolder } from '../../common/paths.js';

/** What every command works with: folders, streams, colour and the signal of Ctrl-C. */
export interface Context {
  /** Parent of run folders. */
  runs: string;
  cache: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  out: NodeJS.WriteStream;
  /** Progress and messages. */
  err: NodeJS.WriteStream;
  /** A person watches `err`: control characters are welcome. */
  live: boolean;
  color: boolean;
  signal: AbortSignal;
}

/** @param out folder given by `--out` */
export function makeContext(out: string | undefined, signal: AbortSignal): Context {
  const { env, stdout, stderr } = process;
  const home = out === undefined ? homeFolder(env) : resolve(out);
  const plain = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return {
    runs: join(home, '.runs'),
    cache: join(home, '.cache'),
    cwd: process.cwd(),
    env,
    out: stdout,
    err: stderr,
    live: stderr.isTTY === true && !plain,
    color: stdout.isTTY === true && !plain && !env['NO_COLOR'],
    signal,
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
