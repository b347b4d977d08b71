import { overBuilds } from '../measures/builds.js';
import type { Column } from '../measures/by-query.js';
import { askedOf, depthsOf } from '../model/depths.js';
import type { BuildCost, LoggedEvent } from '../model/events.js';
import { type Manifest, RUN_SCHEMA } from '../model/manifest.js';
import { definitionOf } from '../model/measures/catalogue.js';
import { byReplica } from '../model/replicas.js';
import type { Results, TrialRow } from '../model/results.js';
import type { ColumnsOfTrials } from '../store/by-query.js';
import { changedFiles } from '../store/checksums.js';
import { readEvents } from '../store/event-log.js';
import { readManifest } from '../store/manifests.js';
import type { RunFolder } from '../store/run-folder.js';
import { readTruth } from '../truth/files.js';
import { attemptsOf } from './attempts.js';
import { machinesOfRun } from './machines.js';
import { measureTrials } from './measure-trials.js';
import { deriveParity } from './parity.js';
import { sameInEffect } from './same-in-effect.js';
import { aboutQueries, trialRows } from './trial-rows.js';
import { underLoad } from './under-load.js';

type EventOf<T extends LoggedEvent['type']> = Extract<LoggedEvent, { type: T }>;

/**
 * Derives all results of a run from its raw files; nothing is measured. Can be repeated at any time.
 * @throws InputError if the run was written by a newer version or a file is damaged
 */
export async function deriveResults(folder: RunFolder): Promise<Results> {
  return (await deriveAll(folder)).results;
}

/** Above this many values by query (trials x queries x measures) they are not kept: memory would grow with the run. */
const MOST_VALUES = 2 ** 25;

/** As `deriveResults`, with the values by query that the means come from; undefined: they are too many to keep. */
export async function deriveAll(
  folder: RunFolder,
): Promise<{ results: Results; columns: ColumnsOfTrials | undefined }> {
  const manifest = readManifest(folder);
  const events = readEvents(folder);
  const truth = await readTruth(folder.truth);
  const about = aboutQueries(folder);
  const log = digest(events);
  const attempts = attemptsOf(manifest, events);
  const machines = machinesOfRun(manifest, events);
  const perBuild: TrialRow[] = [];
  const columns = new Map<string, ReadonlyMap<string, Column>>();
  const planned = manifest.plan.flatMap((build) => build.trials.map((trial) => ({ build, trial })));
  // Recall and tie-aware recall at each k, the error of distances.
  const byQuery = planned.length * truth.count * (2 * manifest.ks.length + 1) <= MOST_VALUES;
  const tasks = planned.map(({ build, trial }) => ({
    trial: trial.id,
    workload: trial.workload,
    ks: depthsOf(trial, manifest.ks),
    asked: askedOf(trial, manifest.ks),
    end: log.trialEnds.get(trial.id),
    cost: attempts.costOf(build.id, trial.id),
    refused: build.refused ?? {},
    byQuery,
    perHour: build.cost?.perHour,
  }));
  const measured = await measureTrials(folder, tasks, { manifest, truth, about });
  for (const [i, { build, trial }] of planned.entries()) {
    const { end, cost, ks } = tasks[i]!;
    const machine = machines.of(trial.id);
    const attempt = {
      number: attempts.of(build.id, trial.id),
      mixed: attempts.isMixed(build.id),
      cost,
      depths: ks,
    };
    const rows = trialRows(manifest.dataset.name, build, trial, end, attempt, measured[i]!);
    const replaced = log.replaced.get(trial.id);
    const more = { ...(machine !== undefined && { machine }), ...(replaced !== undefined && { replaced }) };
    perBuild.push(...rows.map((row) => ({ ...row, ...more })));
    columns.set(trial.id, measured[i]!.all.columns);
  }
  const trials = sameInEffect(withBuilds(underLoad(perBuild, columns, about.sources)));
  const parity = await deriveParity(folder, manifest, trials, truth, log.trialEnds, about.facts);
  const results: Results = {
    schema: RUN_SCHEMA,
    run: runRecord(manifest, events),
    dataset: manifest.dataset,
    queries: manifest.queries,
    truth: manifest.truth,
    ks: manifest.ks,
    environment: manifest.environment,
    ...(machines.all && { machines: machines.all }),
    packages: manifest.packages,
    ...nativeRecord(manifest, log.costs),
    warnings: [...new Set([...changedFiles(folder), ...log.warnings, ...attempts.warnings])],
    trials,
    ...(parity && { parity }),
  };
  return { results, columns: byQuery ? columns : undefined };
}

/** The last word of the log on every trial and build. */
function digest(events: readonly LoggedEvent[]) {
  const trialEnds = new Map<string, EventOf<'trialEnd'>>();
  const replaced = new Map<string, number>();
  const costs = new Map<string, BuildCost>();
  const warnings: string[] = [];
  for (const event of events) {
    if (event.type === 'trialEnd') {
      const before = trialEnds.get(event.trial);
      if (before?.state === 'completed') addTo(replaced, event.trial, before.passes ?? 0);
      trialEnds.set(event.trial, event);
    }
    if (event.type === 'passAgain') {
      const { trial, outcome, wallSeconds, engineSeconds, foreignCores } = event;
      const end = trialEnds.get(trial);
      if (end === undefined || outcome === 'disturbed') continue;
      addTo(replaced, trial, 1);
      trialEnds.set(trial, { ...end, wallSeconds, engineSeconds, foreignCores });
    }
    if (event.type === 'buildEnd' && Object.keys(event.cost).length > 0) costs.set(event.build, event.cost);
    if (event.type === 'warning') warnings.push(event.message);
  }
  return { trialEnds, replaced, costs, warnings };
}

function addTo(counts: Map<string, number>, key: string, by: number): void {
  if (by > 0) counts.set(key, (counts.get(key) ?? 0) + by);
}

/** Rows in their order; times and costs of settings that were built several times have intervals over the builds. */
function withBuilds(rows: readonly TrialRow[]): TrialRow[] {
  if (rows.every(({ replica }) => replica === undefined)) return [...rows];
  const changed = new Map<TrialRow, TrialRow>();
  const done = rows.filter(({ state }) => state === 'completed');
  for (const machine of new Set(done.map((row) => row.machine))) {
    for (const { row, again } of byReplica(done.filter((each) => each.machine === machine))) {
      const builds = [row, ...again];
      for (const [i, each] of overBuilds(builds, isTimeOrCost).entries()) changed.set(builds[i]!, each);
    }
  }
  return rows.map((row) => changed.get(row) ?? row);
}

const isTimeOrCost = (name: string): boolean => ['time', 'cost'].includes(definitionOf(name)?.kind ?? '');

/** What the engines' native code consists of, by engine; that of its first build with any. */
function nativeRecord({ plan }: Manifest, costs: ReadonlyMap<string, BuildCost>): Pick<Results, 'native'> {
  const native: NonNullable<Results['native']> = {};
  for (const { id, engine } of plan) {
    const found = costs.get(id)?.native;
    if (found !== undefined) native[engine] ??= found;
  }
  return Object.keys(native).length === 0 ? {} : { native };
}

function runRecord(manifest: Manifest, events: readonly LoggedEvent[]): Results['run'] {
  const last = events.at(-1);
  const begin = events.find((event) => event.type === 'runBegin');
  const ended = last?.type === 'runEnd' ? last : undefined;
  return {
    id: manifest.id,
    suite: manifest.suite.name,
    vecproof: manifest.vecproof,
    started: begin?.time ?? manifest.created,
    finished: ended?.time ?? null,
    state: ended?.state ?? 'unfinished',
    command: manifest.command,
  };
}
