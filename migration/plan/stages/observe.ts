import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { cutoverOf, withCutover } from '../cutover.js';
import { hashOf } from '../hash.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { rampOf } from '../switches.js';
import { wayBack } from '../way-back.js';
import { caughtUp, problemOf, reportOf, type Synchronised } from './synchronise.js';

const RESULT = 'observed.json';

interface Observed {
  since: string;
  hours: number;
  synchronised: Synchronised;
  wayBack: string;
}

async function run(work: Work): Promise<StageResult> {
  const { observe, collection } = cutoverOf(work);
  const since = lastStep(work);
  const hours = (Date.now() - Date.parse(since)) / 3_600_000;
  return withCutover(work, async (open) => {
    const { share, rolledBack } = await rampOf(open.flags);
    const synchronised = await caughtUp(work, open);
    const back = await wayBack(open, collection);
    const observed: Observed = { since, hours, synchronised, wayBack: back.words };
    writeFileAtomic(work.path(RESULT), `${JSON.stringify(observed, undefined, 2)}\n`);
    const evidence = [RESULT];
    const problem =
      share === 1
        ? (problemOf(synchronised) ?? (back.alive ? undefined : `the way back is not alive: ${back.words}`))
        : `the target answers ${share * 100}% of reads only${rolledBack === undefined ? '' : `, as it was rolled back (${rolledBack})`}; --again ramp`;
    if (problem !== undefined) return { state: 'failed', evidence, problem };
    if (hours < observe.hours)
      return {
        state: 'failed',
        waits: true,
        evidence,
        problem: `${hours.toFixed(1)} of ${observe.hours} hours; both sides are equal so far`,
      };
    const digest = hashOf({ observed: since });
    return {
      state: 'done',
      evidence,
      digest,
      decisions: [
        {
          id: 'finish',
          subject: digest,
          words: `the target has answered all reads for ${hours.toFixed(1)} hours, and both sides are equal: the way back may be given up`,
          details: [back.words, 'after that nothing here keeps the source up to date'],
        },
      ],
    };
  });
}

function lastStep({ path }: Work): string {
  const { steps } = JSON.parse(readRegularText(path('ramp.json'), MOST_RECORD)) as {
    steps: { at: string }[];
  };
  return steps.at(-1)!.at;
}

export const observeStage: Stage = {
  name: 'observe',
  title: 'Observe',
  does: 'compares touched rows again and asks for deleted ones, while the target answers all reads',
  entry: 'the target answers all reads; the way back is alive',
  exit: 'the time is over; touched rows are equal, deleted ones are still gone, the source has every write',
  reads: ['ramp'],
  ofCutover: true,
  inputs: () => ({}),
  locked: ({ plan }) => ({ hours: plan.cutover?.observe.hours }),
  output: [RESULT],
  run,
  report: ({ path }) => {
    const {
      since,
      hours,
      synchronised,
      wayBack: words,
    } = JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as Observed;
    const { says, figures, tables } = reportOf(synchronised);
    return {
      says,
      figures: [{ term: 'hours', value: hours.toFixed(1), detail: `since ${since}; ${words}` }, ...figures],
      ...(tables !== undefined && { tables }),
    };
  },
};
