import { FailureError, messageOf } from '../../../common/errors.js';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { ReembeddingError } from '../../cutover/errors.js';
import type { LoadState } from '../../load/state.js';
import { type CaughtUp, catchUp } from '../catch-up.js';
import { CONSUMER, cutoverOf, type OpenCutover, withCutover } from '../cutover.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { Report, Stage, StageResult, Work } from '../stage.js';
import { loadedOf, setLoaded } from '../switches.js';
import { countWords } from '../words.js';
import { markers } from './captured.js';
import { STATE as LOAD_STATE } from './load.js';

const RESULT = 'synchronised.json';

async function run(work: Work): Promise<StageResult> {
  const result = await withCutover(work, (open) => fromTheStart(work, open));
  writeFileAtomic(work.path(RESULT), `${JSON.stringify(result, undefined, 2)}\n`);
  const problem = problemOf(result);
  if (problem !== undefined) return { state: 'failed', evidence: [RESULT], problem };
  // What is in the log later changes nothing about that it was caught up with once.
  const decisions = [decisionOf(work, reportOf(result).says)];
  return { state: 'done', evidence: [RESULT], digest: hashOf('synchronised'), decisions };
}

/** From here on the target is asked what the application's users ask: load on it, and their data in its logs. */
function decisionOf({ parsed }: Work, says: string): Decision {
  return {
    id: 'shadow',
    subject: hashOf({ shadow: parsed.source, to: parsed.target }),
    words: 'the application is to ask the target what it asks the source, and to compare the answers',
    details: [says, 'the source goes on answering; the target gets the load, and the queries of real users'],
  };
}

/**
 * A target that was loaded anew knows nothing of what was applied to the one before it: cursor and versions of that are
 * forgotten, and the log is applied from its first entry on. Only then is the load noted; killed before, it begins again.
 */
async function fromTheStart(work: Work, open: OpenCutover): Promise<Synchronised> {
  const { log, flags, versions } = open;
  const { startedAt: load } = JSON.parse(readRegularText(work.path(LOAD_STATE), MOST_RECORD)) as LoadState;
  if ((await loadedOf(flags)) === load) return caughtUp(work, open);
  if (!(await hasMarkers(work, log)))
    throw new FailureError('the log does not hold its beginning any more, and the target was loaded anew', {
      where: log.place,
      next: 'begin a migration of another name: what was written since the capture is not in its export',
    });
  await log.rewind(CONSUMER);
  await versions.forget();
  const result = await caughtUp(work, open);
  if (!('refused' in result)) await setLoaded(flags, load);
  return result;
}

/** Whether it was not trimmed. */
async function hasMarkers({ path }: Work, log: OpenCutover['log']): Promise<boolean> {
  for (const { position } of markers({ path })) {
    const at = BigInt(position);
    if ((await log.read(at - 1n, 1))[0]?.position !== at) return false;
  }
  return true;
}

export type Synchronised = CaughtUp | { refused: string };

/** What is refused is a result. */
export async function caughtUp(work: Work, open: OpenCutover): Promise<Synchronised> {
  try {
    return await catchUp(open, cutoverOf(work).collection, work.surroundings.signal);
  } catch (error) {
    if (!(error instanceof ReembeddingError)) throw error;
    return { refused: messageOf(error) };
  }
}

/** Undefined: source and target are equal in all rows that were touched. */
export function problemOf(result: Synchronised): string | undefined {
  if ('refused' in result) return result.refused;
  const { differing, returned } = result;
  const [first] = [...returned, ...differing];
  if (first === undefined) return undefined;
  return `${differing.length} touched rows differ and ${returned.length} deleted ones are in the target; the first: ${first}`;
}

export function reportOf(result: Synchronised): Report {
  if ('refused' in result) return { says: result.refused, figures: [] };
  const { behind, touched, differing, returned } = result;
  const wrong = [...differing, ...returned];
  return {
    says: `${countWords(touched, 'row')} changed since capture, ${wrong.length === 0 ? 'all equal on both sides' : `${wrong.length} not equal`}`,
    figures: [
      { term: 'rows that changed', value: touched },
      {
        term: 'behind before',
        value: behind === null ? 'nothing' : `${behind.toFixed(1)} s`,
        detail: 'age of the oldest change that the target did not have',
      },
      { term: 'differ', value: differing.length },
      { term: 'deleted, and there', value: returned.length },
    ],
    tables:
      wrong.length === 0
        ? []
        : [{ title: 'First differences', open: true, columns: ['what'], rows: wrong.map((each) => [each]) }],
  };
}

export const synchroniseStage: Stage = {
  name: 'synchronise',
  title: 'Synchronise',
  does: 'applies the change log to the target, by version, and compares every row that it names on both sides',
  entry: 'the target is loaded from a snapshot that is younger than the markers',
  exit: 'the target has all that the log held; touched rows are equal, deleted ones gone',
  reads: ['capture', 'load'],
  ofCutover: true,
  inputs: ({ source, target, plan }) => ({
    source,
    target,
    embedding: plan.embedding,
    embeddings: plan.cutover?.embeddings,
  }),
  output: [RESULT],
  run,
  report: ({ path }) => reportOf(JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as Synchronised),
};
