import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { cutoverOf } from '../cutover.js';
import { openLog } from '../open-log.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { type ShadowSum, setShadow, shadowOf } from '../switches.js';
import { captured } from './captured.js';

const RESULT = 'shadow.json';

async function run(work: Work): Promise<StageResult> {
  const { queries, agreement: wanted } = cutoverOf(work).shadow;
  const { flags, close } = await openLog(work);
  let sum: ShadowSum;
  try {
    await setShadow(flags);
    sum = await shadowOf(flags, captured(work));
  } finally {
    await close();
  }
  writeFileAtomic(work.path(RESULT), `${JSON.stringify(sum, undefined, 2)}\n`);
  const { compared, agreement } = sum;
  if (compared < queries || agreement === undefined)
    return {
      state: 'failed',
      waits: true,
      evidence: [RESULT],
      problem: `${compared} of ${queries} comparisons: the application writes what its ShadowReader has seen into the switch shadow:<instance>`,
    };
  if (agreement < wanted)
    return {
      state: 'failed',
      evidence: [RESULT],
      problem: `answers agree by ${agreement.toFixed(3)} in the mean of ${compared} comparisons, which is below ${wanted}`,
    };
  return { state: 'done', evidence: [RESULT], decisions: [] };
}

export const shadowStage: Stage = {
  name: 'shadow',
  title: 'Shadow reads',
  does: 'waits for the application’s own comparisons of both sides, which the source answers meanwhile',
  entry: 'touched rows are equal on both sides; somebody has agreed that the target is asked',
  exit: 'enough comparable queries were compared, and their answers agree',
  reads: ['synchronise'],
  ofCutover: true,
  inputs: ({ plan }) => ({ queries: plan.cutover?.shadow.queries }),
  locked: ({ plan }) => ({ agreement: plan.cutover?.shadow.agreement }),
  output: [RESULT],
  run,
  report: ({ path }) => {
    const { compared, agreement, left } = JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as ShadowSum;
    const shown = agreement === undefined ? 'nothing compared yet' : `agreement ${agreement.toFixed(3)}`;
    return {
      says: `${compared} comparisons, ${shown}`,
      figures: [
        { term: 'compared', value: compared },
        { term: 'agreement', value: agreement?.toFixed(3) ?? '–', detail: 'mean; 1 is the same' },
        ...Object.entries(left).map(([why, count]) => ({ term: why, value: count, detail: 'not judged' })),
      ],
    };
  },
};
