import type { DerivedRun } from '../../derive/run.js';
import type { Verdicts } from '../../model/verdict.js';
import type { RunFolder } from '../../store/run-folder.js';
import { concludeRun } from '../conclude-run.js';
import type { Context } from '../context.js';
import type { Finish, RunOutcome } from '../run.js';

/** A run that was measured, derived and judged, as far as it came. */
export type Ended =
  | { state: 'completed'; folder: RunFolder; derived: DerivedRun; verdicts: Verdicts | undefined }
  /** Undefined: before the first of several datasets. */
  | { state: 'interrupted'; folder: RunFolder; derived: DerivedRun | undefined }
  | { state: 'failed'; folder: RunFolder; error: unknown };

/** @throws what `measure` throws, and VecproofError where the run cannot be judged: it is measured and stored then */
export async function measureAndJudge(
  context: Context,
  { baseline }: { baseline?: string | undefined },
  measure: (finish: Finish) => Promise<RunOutcome>,
): Promise<Ended> {
  let derived: DerivedRun | undefined;
  let verdicts: Verdicts | undefined;
  const outcome = await measure(async (folder) => {
    const { run, judgement } = await concludeRun(folder, { baseline }, context);
    if (judgement.state === 'failed') throw judgement.error;
    if (judgement.state === 'judged') verdicts = judgement.verdicts;
    derived = run;
  });
  const { folder } = outcome;
  if (outcome.state === 'failed') return { state: 'failed', folder, error: outcome.error };
  if (outcome.state === 'interrupted') return { state: 'interrupted', folder, derived };
  return { state: 'completed', folder, derived: derived!, verdicts };
}
