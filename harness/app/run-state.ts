import type { Manifest } from '../model/manifest.js';
import type { Native } from '../model/native.js';
import type { Truth } from '../model/samples.js';
import type { LockState } from '../model/verdict.js';
import type { RunFolder } from '../store/run-folder.js';
import type { Context } from './context.js';
import type { Data } from './data.js';
import type { Planned } from './plan-run.js';

/** What the tasks of a run hand on to each other; each part is there once its task has been set up. */
export interface RunState {
  context: Context;
  planned?: Planned;
  data?: Data;
  /** Why trials cannot be measured on this data, by trial id. */
  unfit?: ReadonlyMap<string, string>;
  truth?: { truth: Truth; record: Manifest['truth']; warnings: string[] };
  /** Why builds cannot be made here, by build id. */
  unavailable?: ReadonlyMap<string, string>;
  /** Versions of the engines' packages. */
  packages?: Record<string, string>;
  /** Native libraries of engines that run in a build's own process, by build id. */
  native?: ReadonlyMap<string, Native>;
  /** How the gates compare with the locked ones. */
  lock?: LockState;
  folder?: RunFolder;
  unlock?: () => void;
  manifest?: Manifest;
  /** Trials that have ended before. */
  finished?: ReadonlySet<string>;
  warnings: string[];
  /** How measuring ended; `failed` with what ended it. */
  measured?: { state: 'completed' | 'interrupted' } | { state: 'failed'; error: unknown };
}

/** A part that an earlier task of the list has set. */
export function need<K extends keyof RunState>(state: RunState, part: K): NonNullable<RunState[K]> {
  const found = state[part];
  if (found === undefined || found === null) throw new Error(`a task needs "${part}" before it is there`);
  return found;
}
