import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { withCutover } from '../cutover.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { setFinished } from '../switches.js';
import { countWords } from '../words.js';
import { caughtUp, problemOf, type Synchronised } from './synchronise.js';

const RESULT = 'finished.json';

async function run(work: Work): Promise<StageResult> {
  return withCutover(work, async (open) => {
    const synchronised = await caughtUp(work, open);
    const at = new Date().toISOString();
    writeFileAtomic(work.path(RESULT), `${JSON.stringify({ at, synchronised }, undefined, 2)}\n`);
    const problem = problemOf(synchronised);
    if (problem !== undefined) return { state: 'failed', evidence: [RESULT], problem };
    await setFinished(open.flags, at);
    return { state: 'done', evidence: [RESULT], decisions: [] };
  });
}

export const finishStage: Stage = {
  name: 'finish',
  title: 'Finish',
  does: 'applies what is left of the log, compares once more, and tells the application that it is over',
  entry: 'somebody has given up the way back',
  exit: 'touched rows are equal; the switch "finished" is set',
  reads: ['observe'],
  ofCutover: true,
  inputs: () => ({}),
  output: [RESULT],
  run,
  report: ({ path }) => {
    const { at, synchronised } = JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as {
      at: string;
      synchronised: Synchronised;
    };
    const touched = 'touched' in synchronised ? synchronised.touched : 0;
    return {
      says: `the target has taken over at ${at.slice(0, 16).replace('T', ' ')} UTC; ${countWords(touched, 'row')} changed on the way and are equal`,
      figures: [{ term: 'rows that changed', value: touched }],
    };
  },
};
