import { executionOf } from '../../engines/contract/capabilities.js';
import type { Collection } from '../../engines/contract/collection.js';
import { engineOf } from '../../engines/open.js';
import type { BuildContext } from './context.js';
import { finish } from './parts.js';
import { onePass } from './pass.js';
import { probeTrials } from './probe.js';
import { readQueries } from './queries.js';
import { remeasureBusy } from './remeasure.js';
import { startTrial } from './trial.js';

/**
 * Measures every setting of a build. Passes are interleaved: all settings once, then all again in the opposite
 * order, so that slow drift of the machine falls on all of them. Each pass is on disk before the next begins.
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
  for (let repetition = 0; repetition < rounds; repetition++) {
    for (const trial of repetition % 2 === 0 ? trials : trials.toReversed()) {
      if (repetition >= trial.passes) continue;
      if (!trial.failed && !trial.done.has(repetition))
        await onePass(context, collection, trial, repetition, queries);
      if (!trial.failed && repetition === trial.passes - 1) await finish(context, trial);
    }
  }
  await remeasureBusy(context, collection, trials, queries);
  await probeTrials(context, collection, queries);
}
