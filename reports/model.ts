import type { Results } from '../harness/model/results.js';
import { historyLine } from '../harness/store/history.js';
import { formatCount, formatPercent, plural } from './format.js';
import { choicesOf } from './model/choice.js';
import { buildsOf, throughputFloor } from './model/costs.js';
import { factsOf, protocolOf } from './model/facts.js';
import { filtersOf, relevanceOf } from './model/filters.js';
import {
  comparedTrials,
  HYPERVOLUME_REFERENCE,
  pointsOf,
  primaryDepth,
  seriesOf,
  seriesRefs,
} from './model/points.js';
import { flagsOf, problemsOf } from './model/problems.js';
import { trendOf } from './model/trend.js';
import type { Choice, ReportInput, ReportModel } from './model/types.js';
import { olderVersions } from './model/versions.js';

export type { ReportInput, ReportModel } from './model/types.js';

/**
 * What every report says, derived from a stored run: pure, without markup. Recall for choice, fronts and charts is
 * the tie-aware one at depth 10 (or the largest depth measured); a setting is chosen only if the lower end of its
 * recall interval reaches the target.
 */
export function buildReport({ results, manifest, events, verdicts, history }: ReportInput): ReportModel {
  const k = primaryDepth(results.ks);
  const recallName = `recall.ties@${k}`;
  const refs = seriesRefs(results.trials);
  const trials = comparedTrials(results);
  const points = pointsOf(trials, refs, recallName);
  const series = seriesOf(refs, points, trials);
  const floor = throughputFloor(points);
  const choices = choicesOf({ series, recallName, k, dataset: results.dataset.name });
  const counts = countTrials(results, plannedTrials(manifest.plan));
  return {
    results,
    manifest,
    title: `${results.run.suite} on ${results.dataset.name}`,
    k,
    recallName,
    counts,
    caution: cautionOf(results, counts),
    olderVersions: olderVersions(results.trials),
    choices,
    defaultChoice: firstChoice(choices),
    series,
    points,
    hypervolumeReference: HYPERVOLUME_REFERENCE,
    floor,
    builds: buildsOf(trials, points, refs, events, floor),
    problems: problemsOf(results.trials, refs),
    flags: flagsOf(trials, refs),
    warnings: results.warnings,
    verdicts,
    filters: filtersOf(results, refs, recallName),
    relevance: relevanceOf(results, refs, recallName, k),
    trend:
      history === undefined
        ? undefined
        : trendOf(history, historyLine(results, verdicts), points, chosenIds(choices)),
    tieNote: tieNoteOf(results, k),
    facts: factsOf(results, manifest),
    protocol: protocolOf(results, manifest),
  };
}

/** Settings of the choice that is shown first. */
function chosenIds(choices: readonly Choice[]): string[] {
  const shown = choices.find(({ key }) => key === firstChoice(choices));
  return (shown?.rows ?? []).flatMap(({ choice }) => (choice.state === 'chosen' ? [choice.point.id] : []));
}

function plannedTrials(plan: ReportInput['manifest']['plan']): number {
  return plan.reduce((sum, build) => sum + build.trials.length, 0);
}

function countTrials(results: Results, planned: number): ReportModel['counts'] {
  const ids = { completed: new Set(), failed: new Set(), skipped: new Set(), aborted: new Set() };
  for (const { id, state, group } of results.trials) if (group === 'all') ids[state].add(id);
  const [completed, failed, skipped, aborted] = [ids.completed, ids.failed, ids.skipped, ids.aborted].map(
    ({ size }) => size,
  ) as [number, number, number, number];
  const missing = Math.max(0, planned - completed - failed - skipped - aborted);
  return { planned, completed, failed, skipped, aborted, missing };
}

function cautionOf({ run, trials }: Results, counts: ReportModel['counts']): string | undefined {
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
  if (lost !== undefined) return `${lost}; see what went wrong.`;
  const busy = trials.filter(({ flags }) => flags.includes('busy-machine')).length;
  if (busy > 0) {
    return `Other programs kept the machine busy while ${formatCount(busy)} of ${plural(completed, 'trial')} ${busy === 1 ? 'was' : 'were'} measured: their times and throughput are not those of a quiet machine. Recall stands.`;
  }
  return undefined;
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

/** 0.95 if anything reaches it, else the highest target that is reached, else the most accurate settings. */
function firstChoice(choices: readonly Choice[]): string {
  const reached = choices.filter(({ rows }) => rows.some(({ choice }) => choice.state === 'chosen'));
  const wanted =
    reached.find(({ key }) => key === '95') ?? reached.filter(({ target }) => target !== undefined).at(-1);
  return (wanted ?? choices.at(-1)!).key;
}

function tieNoteOf({ truth }: Results, k: number): string | undefined {
  const share = truth.ties[String(k)];
  if (share === undefined || share === 0) return undefined;
  return `${formatPercent(share)} of the queries have several points at exactly the distance of rank ${k}. Recall here is tie-aware: any of them counts as found. Recall by id, in the table of all trials, is lower for that reason alone and is no loss of quality.`;
}
