import { existsSync } from 'node:fs';
import { groupQueries } from '../derive/columns.js';
import { type Answers, causesOf } from '../gate/causes.js';
import { filterCausesOf } from '../gate/filter-causes.js';
import { settingKey } from '../gate/select.js';
import { samplesOfQueries } from '../measures/groups.js';
import type { TrialRow } from '../model/results.js';
import type { Finding, Verdict } from '../model/verdict.js';
import { readManifest } from '../store/manifests.js';
import { readRunQueries } from '../store/queries.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { readSamples } from '../store/samples.js';
import { readTruth } from '../truth/files.js';

/** Settings of a gate whose raw answers are looked into: the worst ones; reading them takes time. */
const LOOKED_INTO = 3;

/** A run as far as causes are looked for in it. */
export interface AnsweredRun {
  folder: RunFolder;
  trials: readonly TrialRow[];
  /** Hits asked for. */
  k: number;
}

/**
 * The verdicts with the likely causes of what went wrong, from the raw answers: what was lost against the baseline, if
 * there is one, and what filters did.
 */
export async function withCauses(
  verdicts: readonly Verdict[],
  now: AnsweredRun,
  before: AnsweredRun | undefined,
): Promise<Verdict[]> {
  const done = new Map<string, string[]>();
  const explained: Verdict[] = [];
  for (const verdict of verdicts) {
    const causes = new Map<Finding, string[]>();
    for (const finding of [...worstChanges(verdict), ...worstCounts(verdict)]) {
      const key = JSON.stringify([finding.trial, finding.group, verdict.aggregate]);
      const known = done.get(key) ?? (await lookInto(verdict, finding, now, before));
      done.set(key, known);
      causes.set(finding, known);
    }
    explained.push(causes.size === 0 ? verdict : told(verdict, causes));
  }
  return explained;
}

function told(verdict: Verdict, causes: ReadonlyMap<Finding, string[]>): Verdict {
  const findings = verdict.findings.map((each) => ({ ...each, causes: causes.get(each) ?? [] }));
  const words = [...new Set([...causes.values()].flat())];
  const message =
    words.length === 0 ? verdict.message : `${verdict.message}; likely cause: ${words.join('; ')}`;
  return { ...verdict, findings, message };
}

/** Counts of what filters did wrong, the largest first. */
function worstCounts({ aggregate, measure, findings }: Verdict): Finding[] {
  if (aggregate !== 'total' || !(measure === 'leaks' || measure.startsWith('filter.'))) return [];
  const failed = findings.filter(({ state, found }) => state === 'fail' && found !== null && found > 0);
  return failed.toSorted((a, b) => b.found! - a.found!).slice(0, LOOKED_INTO);
}

/** What was shown or may have been lost, the largest losses first. */
function worstChanges({ aggregate, findings }: Verdict): Finding[] {
  if (aggregate !== 'drop' && aggregate !== 'change') return [];
  const lost = findings.filter(
    ({ state, rebuild, found }) =>
      (state === 'fail' || state === 'inconclusive') && rebuild !== null && found !== null && found < 0,
  );
  return lost.toSorted((a, b) => a.found! - b.found!).slice(0, LOOKED_INTO);
}

async function lookInto(
  { aggregate }: Verdict,
  { trial, group }: Finding,
  now: AnsweredRun,
  before: AnsweredRun | undefined,
): Promise<string[]> {
  const row = now.trials.find((each) => each.id === trial && each.group === group);
  const mine = row && (await answers(now, row));
  if (row === undefined || mine === undefined) return [];
  const filters = await underFilters(now.folder, mine);
  if (aggregate === 'total') return filters;
  const partner = before?.trials.find((each) => settingKey(each) === settingKey(row));
  const theirs = partner && (await answers(before!, partner));
  if (theirs === undefined) return [];
  const old = await underFilters(before!.folder, theirs);
  return causesOf(mine, theirs, await readTruth(now.folder.truth), old.length > 0 ? [] : filters);
}

async function underFilters(folder: RunFolder, { samples }: Answers): Promise<string[]> {
  const { queries } = readRunQueries(folder);
  if (queries === undefined) return [];
  const { count } = readManifest(folder).dataset;
  return filterCausesOf({ samples, truth: await readTruth(folder.truth), queries, count });
}

/** Raw answers of a trial, of a group those to its queries. */
async function answers(
  { folder, k }: AnsweredRun,
  { id, group, flags }: TrialRow,
): Promise<Answers | undefined> {
  const path = samplesFile(folder, id);
  if (!existsSync(path)) return undefined;
  const samples = await readSamples(path, k, ['due', 'sent', 'answered']);
  if (group === 'all') return { samples, flags };
  const queries = groupQueries(folder).get(group);
  return queries && { samples: samplesOfQueries(samples, queries), flags };
}
