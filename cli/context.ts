import { InterruptedError } from '../common/errors.js';
import { onUnaskedNotice } from '../common/notices.js';
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
  onUnaskedNotice((message) => progress.take({ type: 'notice', time: new Date().toISOString(), message }));
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

/** Within it the same signal from the terminal and from the process that watches is one. */
const SAME_SIGNAL_MS = 100;

/**
 * Ctrl-C and termination become an abort; a second one ends the process at once. Signals come from the system, and from
 * the process that watches this one (main.ts), to which this one says that it has heard them: it ends one that has not.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let last = { name: '', at: Number.NEGATIVE_INFINITY };
  const interrupt = (name: string) => {
    const now = performance.now();
    const again = last.name === name && now - last.at < SAME_SIGNAL_MS;
    last = { name, at: now };
    if (again) return;
    if (controller.signal.aborted) process.exit(130);
    process.send?.({ heard: true });
    controller.abort(new InterruptedError('interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt(name));
  if (process.send !== undefined) {
    process.on('message', ({ signal }: { signal: string }) => interrupt(signal));
    // Who watched was killed: so is this, as if there was one process.
    process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
    process.channel?.unref();
  }
  return controller.signal;
}
