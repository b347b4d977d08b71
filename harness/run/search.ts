import { executionOf } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import { engineOf } from '../../engines/open.js';
import type { PlannedTrial } from '../model/plan.js';
import type { BuildContext } from './context.js';
import { finish } from './parts.js';
import { onePass } from './pass.js';
import { probeTrials } from './probe.js';
import { readQueries } from './queries.js';
import { remeasureBusy } from './remeasure.js';
import { startTrial } from './trial.js';

/** Even, and more passes than there can be. */
const AFTER_PASSES = 2 ** 32;

/**
 * Measures every setting of a build. Passes are interleaved: all settings once, then all again in the opposite
 * order, so that slow drift of the machine falls on all of them; where other builds are held beside it (`held`), so are
 * theirs. Each pass is on disk before the next begins.
 */
export async function searchTrials(context: BuildContext, collection: Collection): Promise<void> {
  const { job } = context;
  const queries = readQueries(job);
  const { capabilities } = await engineOf(job.build);
  const shape = {
    ...executionOf(capabilities, job.build.server?.mode),
    repeat: job.repeat,
    collection: {
      rows: job.count,
      writable: capabilities.points !== null,
      filtered: job.filtering !== undefined,
    },
  };
  const trials = job.todo.map(({ trial, doneRepetitions }) =>
    startTrial(job.build.trials.find(({ id }) => id === trial)!, shape, new Set(doneRepetitions)),
  );
  const rounds = Math.max(...trials.map(({ passes }) => passes));
  const turnAt = async (round: number, number: number) => {
    if (job.held === undefined) return;
    const back = round % 2 === 0 ? 1 : -1;
    await context.turn([round, back * number, back * job.held]);
  };
  for (let repetition = 0; repetition < rounds; repetition++) {
    for (const trial of repetition % 2 === 0 ? trials : trials.toReversed()) {
      if (repetition >= trial.passes) continue;
      if (!trial.failed && !trial.done.has(repetition))
        await turnAt(repetition, numberOf(job.build.trials, trial));
      if (!trial.failed && !trial.done.has(repetition))
        await onePass(context, collection, trial, repetition, queries);
      if (!trial.failed && repetition === trial.passes - 1) await finish(context, trial);
    }
  }
  // What is done once the passes of all are there.
  await turnAt(AFTER_PASSES, 0);
  await remeasureBusy(context, collection, trials, queries);
  await probeTrials(context, collection, queries);
}

const numberOf = (trials: readonly PlannedTrial[], { id }: PlannedTrial): number =>
  trials.findIndex((trial) => trial.id === id);
