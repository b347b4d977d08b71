import { ConnectionLostError } from '../../common/errors.js';
import type { Collection } from '../../engines/contract/collection.js';
import { askedOf } from '../model/depths.js';
import { changesCollection } from '../model/workload.js';
import { failureText } from '../process/phase.js';
import { RecordingError } from '../process/task.js';
import { runFolder, samplesFile } from '../store/run-folder.js';
import { joinSamples, passesOfSamples, readSamples } from '../store/samples.js';
import { type BuildContext, inPhase } from './context.js';
import { findFlaws } from './filtering.js';
import { ForeignLoad } from './foreign-load.js';
import { keep, keepReplaced, passFigures, spanOf, written } from './parts.js';
import { measurePass } from './pass.js';
import { sentQueries } from './queries.js';
import { recomputeDistances } from './recompute.js';
import type { Recording } from './recorder.js';
import { keepTimes, replaceTimes } from './times.js';
import type { Trial } from './trial.js';

/** After so many further passes in a row that were disturbed, too, the machine is taken to stay busy. */
const IN_VAIN = 3;

/**
 * Measures passes again that were disturbed by other load, while the build is there: at most `remeasure.busy` further ones for
 * each trial, one after the other for all of them. A quiet one takes the place of a disturbed one; whatever is not used any
 * more stays on disk. Trials have ended before: whatever happens here, their passes stand.
 */
export async function remeasureBusy(
  context: BuildContext,
  collection: Collection,
  trials: readonly Trial[],
  queries: readonly Float32Array[],
  measure: typeof measurePass = measurePass,
): Promise<void> {
  let inVain = 0;
  for (let round = 0; round < context.job.remeasure.busy; round++) {
    for (const trial of round % 2 === 0 ? trials : trials.toReversed()) {
      // A collection that was changed is not the one that the pass began with.
      const [pass] = trial.failed || changesCollection(trial.workload) ? [] : trial.foreign.disturbed();
      if (pass === undefined) continue;
      if (inVain === IN_VAIN) return;
      const outcome = await passAgain(context, trial, pass, queries, (foreign) =>
        measure(context, collection, trial, pass, queries, foreign),
      );
      if (outcome === 'failed') return;
      inVain = outcome === 'replaced' ? 0 : inVain + 1;
    }
  }
}

async function passAgain(
  context: BuildContext,
  trial: Trial,
  pass: number,
  queries: readonly Float32Array[],
  measure: (foreign: ForeignLoad) => Promise<Recording>,
): Promise<'replaced' | 'disturbed' | 'failed'> {
  const { job, send, signal } = context;
  const foreign = new ForeignLoad();
  const about = { trial: trial.id, total: sentQueries(job).length, unit: 'queries' };
  try {
    const { result: samples } = await inPhase(context, 'search', about, () => measure(foreign));
    const quiet = foreign.disturbed().length === 0;
    await inPhase(context, 'record', { ...about, total: 1, unit: '' }, async () => {
      recomputeDistances(samples, job.metric, context.vectors, queries);
      if (context.metadata !== undefined && job.filtering !== undefined)
        findFlaws(samples, job.filtering, context.metadata);
      const folder = runFolder(job.runFolder);
      const path = samplesFile(folder, trial.id);
      const all = passesOfSamples(await readSamples(path, askedOf(trial, job.ks)));
      const replaced = keepReplaced(folder, `${trial.id}.pass${pass}`, quiet ? all.get(pass)! : samples);
      if (!quiet) return written(() => keepTimes(replaced, samples));
      await written(() => replaceTimes(path, pass, samples, replaced));
      trial.foreign.replace(pass, foreign);
      all.set(pass, samples);
      const parts = [...all.values()];
      keep(path, joinSamples(parts));
      trial.spans = parts.map(spanOf);
    });
    const outcome = quiet ? 'replaced' : 'disturbed';
    await send({ type: 'passAgain', trial: trial.id, pass, outcome, ...passFigures(trial) });
    return outcome;
  } catch (error) {
    if (signal.aborted || error instanceof RecordingError || error instanceof ConnectionLostError)
      throw error;
    await send({
      type: 'warning',
      message: `${trial.id}: a disturbed pass could not be measured again: ${failureText(error)}`,
    });
    return 'failed';
  }
}
