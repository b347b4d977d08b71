import { withCutover } from '../cutover.js';
import { hashOf } from '../hash.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { writtenSince } from '../written.js';
import { askBothSides, askedInputs, askedThresholds, reportOfAsked } from './parity.js';
import { caughtUp, problemOf } from './synchronise.js';

const RESULT = 'confirmed.json';

/** Parity was asked of a copy; what was written, changed and deleted since is in both sides by now. */
async function run(work: Work): Promise<StageResult> {
  const { after, problem } = await withCutover(work, async (open) => ({
    // What is written from here on may be in one side's answers and not in the other's.
    after: await open.log.watermark(),
    problem: problemOf(await caughtUp(work, open)),
  }));
  if (problem !== undefined) return { state: 'failed', evidence: [], problem };
  const written = () => writtenSince(work, after);
  const result = await askBothSides(work, { result: RESULT, exported: undefined, written });
  if (result.state === 'failed') return result;
  // Asked again under the same thresholds, it says the same to the ramp: this does not begin anew.
  return { ...result, digest: hashOf({ confirmed: askedThresholds(work.parsed) }) };
}

export const confirmStage: Stage = {
  name: 'confirm',
  title: 'Parity again',
  does: 'applies what is left of the log, and asks both sides the application’s queries once more, against the source as it is now',
  entry: 'the application’s own comparisons agree',
  exit: 'touched rows are equal, and every threshold of parity is met by the synchronised sides',
  reads: ['map', 'load', 'shadow'],
  ofCutover: true,
  inputs: askedInputs,
  locked: askedThresholds,
  output: [RESULT],
  run,
  report: (work) => reportOfAsked(work, RESULT),
};
