import type { Results } from '../../harness/model/results.js';
import { formatCount, plural } from '../format.js';
import { machineText } from './answer.js';
import type { ReportModel } from './types.js';
import { olderVersions } from './versions.js';

type Counts = ReportModel['counts'];

/** Sentences that must stand beside the answer, the gravest first. */
export function cautionsOf(results: Results, counts: Counts): string[] {
  return [
    incomplete(results, counts),
    wrongTruth(results),
    olderVersions(results.trials),
    machines(results),
    busy(results, counts),
  ].filter((text) => text !== undefined);
}

function wrongTruth({ trials }: Results): string | undefined {
  const found = new Set(trials.filter(({ flags }) => flags.includes('beats-truth')).map(({ id }) => id)).size;
  if (found === 0) return undefined;
  return `${plural(found, 'trial')} returned points nearer than the exact neighbours: the truth is not that of these data. ${found === 1 ? 'It has' : 'They have'} no recall; nor trust that of the others until the truth is found again.`;
}

function machines({ machines: all }: Results): string | undefined {
  if (all === undefined) return undefined;
  const texts = all.map((_, i) => `${i + 1}: ${machineText(all, i + 1)}`);
  return `The trials ran on ${plural(all.length, 'machine')} (${texts.join('; ')}): times of one do not compare with those of another, so there is an order on each. Recall compares.`;
}

function busy({ trials }: Results, { completed }: Counts): string | undefined {
  const count = new Set(trials.filter(({ flags }) => flags.includes('busy-machine')).map(({ id }) => id))
    .size;
  if (count === 0) return undefined;
  return `Other programs kept the machine busy while ${formatCount(count)} of ${plural(completed, 'trial')} ${count === 1 ? 'was' : 'were'} measured (†): ${count === 1 ? 'its' : 'their'} times and throughput are not those of a quiet machine. Recall stands.`;
}

function incomplete({ run }: Results, counts: ReportModel['counts']): string | undefined {
  const { planned, completed, failed, aborted, missing } = counts;
  const measured = `${formatCount(completed)} of ${plural(planned, 'planned trial')} measured`;
  if (run.state === 'interrupted')
    return `The run was interrupted: ${measured}. The answer speaks of these only.`;
  if (run.state !== 'completed') return `The run did not finish (${run.state}): ${measured}.`;
  const lost = lostText(planned, [
    [failed, 'failed', 'failed'],
    [aborted, 'was aborted', 'were aborted'],
    [missing, 'did not run', 'did not run'],
  ]);
  return lost === undefined ? undefined : `${lost}; see what went wrong.`;
}

/** `1 of 3 planned trials failed`; where there are several kinds, each with its number. */
function lostText(
  planned: number,
  kinds: readonly (readonly [count: number, one: string, several: string])[],
): string | undefined {
  const found = kinds.filter(([count]) => count > 0);
  if (found.length === 0) return undefined;
  const sum = found.reduce((total, [count]) => total + count, 0);
  const head = `${formatCount(sum)} of ${plural(planned, 'planned trial')}`;
  const word = ([count, one, several]: (typeof found)[number]) => (count === 1 ? one : several);
  if (found.length === 1) return `${head} ${word(found[0]!)}`;
  const parts = found.map((kind) => `${formatCount(kind[0])} ${word(kind)}`);
  return `${head} ${sum === 1 ? 'has' : 'have'} no result: ${parts.join(', ')}`;
}
