import { InterruptedError } from '../common/errors.js';
import { homeFolder } from '../common/paths.js';
import { keepSecrets } from '../common/secrets.js';
import { type Context, foldersOf } from '../harness/app/context.js';
import { Progress } from './progress.js';
import { processTerminal, type Terminal } from './terminal.js';

/** What a command works with: what use cases need, and a terminal. */
export interface CommandContext extends Context, Terminal {
  /** Shows what use cases tell; ended before anything else is printed. */
  progress: Progress;
}

/** @param out folder given by `--out` */
export function makeContext(out: string | undefined, signal: AbortSignal): CommandContext {
  const { env } = process;
  const terminal = processTerminal(env);
  const progress = new Progress(terminal);
  return {
    ...foldersOf(out ?? homeFolder(env)),
    ...terminal,
    cwd: process.cwd(),
    env,
    signal,
    progress,
    onEvent: (event) => progress.take(event),
    hide: keepSecrets,
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
