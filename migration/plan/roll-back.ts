import { FailureError, InputError } from '../../common/errors.js';
import { openSource } from '../connections/open-source.js';
import { cutoverOf } from './cutover.js';
import type { Journal } from './journal.js';
import { openLog } from './open-log.js';
import type { Outcome } from './run.js';
import { rampStage } from './stages/ramp.js';
import { rampOf, setRamp, takeBackFinished } from './switches.js';
import { wayBack } from './way-back.js';

/**
 * The source answers all reads again: by one switch, once it is shown that it has what was written meanwhile.
 * @throws FailureError if it has not, with what would be missing
 */
export async function rollBack(journal: Journal, reason: string): Promise<Outcome> {
  const { parsed, by } = journal;
  if (parsed.plan.cutover === undefined)
    throw new InputError('has no cutover: the source answers all reads anyway', { where: parsed.file });
  if (!journal.events.some((event) => event.type === 'stage-ended' && event.stage === 'capture'))
    throw new InputError('has captured nothing yet: the source answers all reads anyway', {
      where: parsed.file,
    });
  const work = journal.work(rampStage);
  const { flags, log, close } = await openLog(work);
  try {
    const source = await openSource(parsed.source, work.surroundings);
    const back = await wayBack({ log, source: source.collection.points }, cutoverOf(work).collection).finally(
      source.close,
    );
    const { share } = await rampOf(flags);
    if (!back.alive && back.missing > 0)
      throw new FailureError(`going back would lose what the source does not have: ${back.words}`, {
        where: parsed.source,
        next: 'let a Replayer of the source (consumer "source") end its backlog, and ask again',
      });
    const words = parsed.redactor.text(reason);
    await setRamp(flags, { share: 0, rolledBack: words });
    if (await takeBackFinished(flags))
      journal.listener.onNotice(
        'the way back had been given up: the switch "finished" is taken back, and the application has to write to the source',
      );
    journal.append({ type: 'rolled-back', by, reason: words });
    journal.listener.onNotice(
      `the source answers all reads again (the target had ${share * 100}%): ${back.words}`,
    );
    return { state: 'under-way', stage: 'ramp', why: `rolled back: ${words}` };
  } finally {
    await close();
  }
}
