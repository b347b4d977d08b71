import type { Results } from '../harness/model/results.js';
import { workloadOf } from '../harness/model/workload.js';
import { historyLine } from '../harness/store/history.js';
import { formatPercent } from './format.js';
import { cautionsOf } from './model/cautions.js';
import { choicesOf } from './model/choice.js';
import { buildsOf, throughputFloor } from './model/costs.js';
import { factsOf, protocolOf } from './model/facts.js';
import { filtersOf, relevanceOf } from './model/filters.js';
import { loadOf } from './model/load.js';
import {
  comparedTrials,
  HYPERVOLUME_REFERENCE,
  pointsOf,
  primaryDepth,
  seriesOf,
  seriesRefs,
} from './model/points.js';
import { flagsOf, legendOf, problemsOf } from './model/problems.js';
import { speedOf } from './model/speed.js';
import { trendOf } from './model/trend.js';
import type { Choice, ReportInput, ReportModel } from './model/types.js';
import { writesOf } from './model/writes.js';

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
  const trials = comparedTrials(results, k);
  const points = pointsOf(trials, refs, recallName, results.trials);
  const series = seriesOf(refs, points, trials);
  // A rate that all keep says nothing where they ran on different machines.
  const floor = results.machines === undefined ? throughputFloor(points) : undefined;
  const { machines } = results;
  const speed = speedOf(trials[0] && workloadOf(trials[0]));
  const choices = choicesOf({ series, recallName, k, dataset: results.dataset.name, machines, speed });
  const counts = countTrials(results, plannedTrials(manifest.plan));
  return {
    results,
    manifest,
    title: `${results.run.suite} on ${results.dataset.name}`,
    k,
    recallName,
    counts,
    cautions: cautionsOf(results, counts),
    legend: legendOf(results.trials),
    choices,
    speed,
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
    load: loadOf(results, refs, recallName, manifest),
    writes: writesOf(results, refs, recallName),
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
