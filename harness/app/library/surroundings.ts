import { resolve } from 'node:path';
import { FailureError } from '../../../common/errors.js';
import { homeFolder } from '../../../common/paths.js';
import type { RunEvent } from '../../model/events.js';
import { type Context, foldersOf } from '../context.js';

/** Where the library works, and who listens. */
export interface Surroundings {
  /** Holds `.runs` and `.cache`; default: `VECPROOF_HOME`, else the working directory. */
  home?: string | undefined;
  /** Relative paths start here; default: the working directory of the process. */
  cwd?: string | undefined;
  /** Values of `${VARIABLES}`; default: the environment of the process. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Aborting it ends the work in good order: what is finished stays, and a run can be continued. */
  signal?: AbortSignal | undefined;
  /** Takes what happens, as it happens. One that throws is called no more, and fails the call when the work is done. */
  onEvent?: ((event: RunEvent) => void) | undefined;
}

/** Does some work in the surroundings given. */
export async function within<T>(
  surroundings: Surroundings,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const env = surroundings.env ?? process.env;
  let broken: { error: unknown } | undefined;
  const context: Context = {
    ...foldersOf(surroundings.home ?? homeFolder(env)),
    cwd: resolve(surroundings.cwd ?? '.'),
    env,
    signal: surroundings.signal ?? new AbortController().signal,
    hide: () => undefined,
    onEvent(event) {
      if (broken !== undefined) return;
      try {
        surroundings.onEvent?.(event);
      } catch (error) {
        broken = { error };
      }
    },
  };
  const result = await work(context);
  if (broken === undefined) return result;
  throw new FailureError('the listener of events failed', {
    where: 'onEvent',
    next: 'see the cause; the work itself was finished, and what it stored is there',
    cause: broken.error,
  });
}
