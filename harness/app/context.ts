import { join, resolve } from 'node:path';
import type { Secret } from '../../common/redact.js';
import type { CatalogEntry } from '../../datasets/catalog.js';
import type { RunEvent } from '../model/events.js';

/** What use cases need of their surroundings. Nothing here is a terminal. */
export interface Context {
  /** Parent of run folders. */
  runs: string;
  cache: string;
  /** Relative paths start here. */
  cwd: string;
  env: NodeJS.ProcessEnv;
  /**
   * Variables that a suite and its servers may have, for one from elsewhere; undefined: all. Read by `suiteEnv`.
   */
  allowEnv?: readonly string[] | undefined;
  /** Ends the work in good order: what is finished stays. */
  signal: AbortSignal;
  /** Takes what happens, as it happens. */
  onEvent(event: RunEvent): void;
  /** From now on these values must not be shown or stored. */
  hide(secrets: readonly Secret[]): void;
  /** Brings a dataset of the catalog that is not here; without it that is an error which says how. */
  onMissing?: ((entry: CatalogEntry) => Promise<void>) | undefined;
}

/** `.runs` and `.cache` of a home folder. */
export function foldersOf(home: string): Pick<Context, 'runs' | 'cache'> {
  return { runs: join(resolve(home), '.runs'), cache: join(resolve(home), '.cache') };
}

const now = (): string => new Date().toISOString();

/** Tells something that people may want to know and that is no fault. */
export function notice({ onEvent }: Context, message: string): void {
  onEvent({ type: 'notice', time: now(), message });
}

/** Tells a doubt about what is done. */
export function warn({ onEvent }: Context, message: string): void {
  onEvent({ type: 'warning', time: now(), message });
}

/** A listener for the progress of one task of the preparation. */
export function preparation({ onEvent }: Context, task: string, unit: string) {
  return (done: number, total: number): void =>
    onEvent({ type: 'preparation', time: now(), task, done, total, unit });
}
