import type { Context } from '../context.js';
import type { JudgeOptions } from '../judge-run.js';
import { type DefinedSuite, suiteTextOf } from './define-suite.js';

export interface JudgeStoredOptions {
  /** Take the gates of this suite instead of the run's own. */
  suite?: DefinedSuite | string | undefined;
  /** Name of a baseline, or runs separated by commas; the baseline `main` if absent and there is one. */
  baseline?: string | undefined;
}

/** The same for use cases. */
export function judgeOptions({ suite, baseline }: JudgeStoredOptions, { cwd }: Context): JudgeOptions {
  return { baseline, ...(suite !== undefined && { suite: suiteTextOf(suite, cwd) }) };
}
