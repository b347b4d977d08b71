import { existsSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { groupsOf, type QueryFacts, samplesOfQueries } from '../measures/groups.js';
import type { JudgementOf } from '../measures/judged.js';
import { LoadTimes } from '../measures/load-times.js';
import { requiredMeasures } from '../measures/required.js';
import { BUSY_CORES, type DerivedTrial, deriveGroup, deriveTrial, NO_COLUMNS } from '../measures/trial.js';
import { deriveUnderWrites } from '../measures/trial-under-writes.js';
import type { BuildCost, LoggedEvent, ServerCost } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';
import { instructionsOf } from '../model/native.js';
import type { PlannedBuild, Workload } from '../model/plan.js';
import type { TrialRow } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import { changesCollection } from '../model/workload.js';
import type { WriteLog } from '../model/writes.js';
import { querySources, readJudgements, readQueryFacts } from '../store/queries.js';
import { readRequired } from '../store/required.js';
import { type RunFolder, samplesFile } from '../store/run-folder.js';
import { readSamples } from '../store/samples.js';
import { readTimes, timesFiles } from '../store/times.js';
import { readWrites } from '../store/writes.js';

type TrialEnd = Extract<LoggedEvent, { type: 'trialEnd' }>;

/** The making of its build that a trial was measured on. */
export interface AttemptOfTrial {
  /** From 1; undefined where there was one, or the trial was not measured. */
  number: number | undefined;
  /** Trials of the build come from several. */
  mixed: boolean;
  cost: BuildCost;
  /** At which the trial's answers are measured. */
  depths: readonly number[];
}

/** The row of all queries, then those of groups and bands. */
export function trialRows(
  dataset: string,
  build: PlannedBuild,
  trial: PlannedBuild['trials'][number],
  end: TrialEnd | undefined,
  { number: attempt, mixed, cost, depths }: AttemptOfTrial,
  measured: Measured,
): TrialRow[] {
  const instructions = cost.native && instructionsOf(cost.native);
  const row = {
    id: trial.id,
    dataset,
    build: build.id,
    engine: build.engine,
    engineVersion: cost.engineVersion ?? null,
    ...(build.server && { server: serverRecord(build.server.mode, cost.server) }),
    ...(instructions && { instructions }),
    series: build.series,
    ...(build.replica !== undefined && { replica: build.replica }),
    ...(attempt !== undefined && { attempt }),
    index: build.index,
    search: trial.search,
    k: depths.at(-1)!,
    ...(depths.length > 1 && { depths: [...depths] }),
    ...(trial.asked !== undefined && { asked: trial.asked }),
    ...(end?.effective && { effective: end.effective }),
    ...(end?.client !== undefined && { client: end.client }),
    workload: trial.workload.type,
    ...(Object.keys(trial.workload.options).length > 0 && { workloadOptions: trial.workload.options }),
    ...(end?.clientThreads !== undefined && { clientThreads: end.clientThreads }),
    group: 'all',
    state: end?.state ?? 'aborted',
    reason: end === undefined ? 'the run ended before this trial was measured' : (end.reason ?? null),
    error: end?.error ?? null,
  };
  const doubts = [...(end?.flags ?? []), ...(mixed && row.state === 'completed' ? ['mixed-builds'] : [])];
  const { refused = {} } = build;
  const partial = Object.keys(refused).length > 0 && row.state === 'completed' ? ['partial-queries'] : [];
  const { all } = measured;
  return [
    {
      ...row,
      flags: unique([...doubts, ...all.flags, ...busyBuild(cost), ...partial]),
      measures: all.measures,
      ...(all.checkpoints && { checkpoints: all.checkpoints }),
      ...(all.load && { load: all.load }),
    },
    ...measured.groups.map(({ name: group, reason, derived }): TrialRow => {
      if (reason === undefined)
        return { ...row, group, flags: unique([...doubts, ...derived.flags]), measures: derived.measures };
      return { ...row, group, state: 'skipped', reason, error: null, flags: [], measures: {} };
    }),
  ];
}

/** A group has no costs of its own to be doubted. */
const busyBuild = ({ foreignCores = 0 }: BuildCost): string[] =>
  foreignCores > BUSY_CORES ? ['busy-build'] : [];

const unique = (flags: readonly string[]): string[] => [...new Set(flags)];

export interface AboutQueries {
  facts: readonly QueryFacts[] | undefined;
  judgements: JudgementOf | undefined;
  /** By query number that of its source; undefined where each is its own. */
  sources: readonly number[] | undefined;
}

export interface Measured {
  all: DerivedTrial;
  /** Groups and bands; a group that the engine refused has the reason instead of measures. */
  groups: { name: string; reason: string | undefined; derived: DerivedTrial }[];
}

/** A trial as far as its measures depend on it beside its samples. */
export interface TrialTask {
  trial: string;
  workload: Workload;
  /** Depths at which its answers are measured, ascending. */
  ks: readonly number[];
  /** Hits asked for. */
  asked: number;
  /** Undefined: it never ended. */
  end: TrialEnd | undefined;
  cost: BuildCost;
  /** Groups that its engine refuses, with the reason. */
  refused: Readonly<Record<string, string>>;
  /** Price of an hour of the engine's machine, where the suite states one. */
  perHour?: number | undefined;
  /** Whether the values by query are wanted, too. */
  byQuery: boolean;
}

const NOTHING: DerivedTrial = { measures: {}, flags: [], columns: NO_COLUMNS };

/** What a trial's samples say, for all queries and for each group. */
export async function measureTrial(
  folder: RunFolder,
  manifest: Manifest,
  { trial, workload, ks, asked, end, cost, refused, byQuery, perHour }: TrialTask,
  truth: Truth,
  { facts: all, judgements, sources }: AboutQueries,
): Promise<Measured> {
  const k = ks.at(-1)!;
  // A query asks for no more than its trial.
  const facts = all?.map((each) => (each.k <= k ? each : { ...each, k }));
  if (end?.state !== 'completed') return unmeasured(facts, refused);
  const path = samplesFile(folder, trial);
  const written = changesCollection(workload) ? await readWrites(folder, trial) : undefined;
  if (!existsSync(path)) {
    throw new InputError('the samples of a completed trial are missing', {
      where: path,
      next: 'restore the file from a copy of the run, or measure again',
    });
  }
  const samples = await readSamples(path, asked, ['scores'], {
    queries: truth.count,
    points: manifest.dataset.count + insertsOf(written?.log),
  });
  const times = await timesOf(path, workload, truth.count);
  const { wallSeconds, engineSeconds, foreignCores, clientCores, processCores, load, server } = end;
  const { dataset } = manifest;
  const options = {
    facts,
    judgements,
    sources,
    ks,
    metric: dataset.metric,
    cost,
    server,
    wallSeconds,
    engineSeconds,
    foreignCores,
    clientCores,
    processCores,
    perHour,
    load,
    workload,
    times,
  };
  const groupsBy = (
    its: Samples,
    derive: (queries: ReadonlySet<number>) => DerivedTrial,
  ): Measured['groups'] => {
    if (facts === undefined) return [];
    const sent = new Set(its.query);
    return groupsOf(facts, dataset.count).flatMap(({ name, queries }) => {
      if (Object.hasOwn(refused, name)) return [{ name, reason: refused[name], derived: NOTHING }];
      // A band of which every query belongs to a group that was not sent.
      if (![...queries].some((query) => sent.has(query))) return [];
      return [{ name, reason: undefined, derived: derive(queries) }];
    });
  };
  if (written !== undefined) {
    const all = deriveUnderWrites(samples, truth, options, written);
    const whole = byQuery ? all : { ...all, columns: NO_COLUMNS };
    return { all: whole, groups: groupsBy(samples, all.group) };
  }
  const required = readRequired(folder, trial);
  const lacking = required && new Set(required.rows.map(({ row }) => row));
  const withRequired = (of: DerivedTrial, its: Samples): DerivedTrial =>
    lacking === undefined ? of : { ...of, measures: { ...of.measures, ...requiredMeasures(its, lacking) } };
  const derived = withRequired(deriveTrial(samples, truth, options), samples);
  const whole = byQuery ? derived : { ...derived, columns: NO_COLUMNS };
  const groups = groupsBy(samples, (queries) => {
    const its = samplesOfQueries(samples, queries);
    return withRequired(deriveGroup(its, truth, options), its);
  });
  return { all: whole, groups };
}

/** New points, whose numbers go on behind the dataset's. */
export function insertsOf(log: WriteLog | undefined): number {
  return log?.writes.filter(({ kind }) => kind === 'insert').length ?? 0;
}

/** Of a load with more samples than were kept with their answers; else the samples say it. */
async function timesOf(path: string, workload: Workload, queries: number): Promise<LoadTimes | undefined> {
  const files = timesFiles(path);
  if (files.length === 0) return undefined;
  const times = new LoadTimes(workload);
  for await (const block of readTimes(files, { queries })) times.add(block);
  return times;
}

/** A trial that did not complete: so did none of its groups, but a refusal is the better reason. */
function unmeasured(facts: AboutQueries['facts'], refused: TrialTask['refused']): Measured {
  const names = [...new Set(facts?.map(({ group }) => group))];
  return {
    all: NOTHING,
    groups: names.map((name) => ({ name, reason: refused[name], derived: NOTHING })),
  };
}

/** Groups, filters and judgements of the run's queries. */
export function aboutQueries(folder: RunFolder): AboutQueries {
  return {
    facts: readQueryFacts(folder),
    judgements: readJudgements(folder),
    sources: querySources(folder),
  };
}

/** How the engine's server was provided; the image is known once it has been started. */
function serverRecord(mode: string, cost: ServerCost | undefined): TrialRow['server'] {
  const { image, digest, origin, imageVersion, pinnedVersion } = cost ?? {};
  return {
    mode,
    ...(image !== undefined && { image }),
    ...(digest !== undefined && { digest }),
    ...(origin !== undefined && { origin }),
    ...(imageVersion !== undefined && { imageVersion }),
    ...(pinnedVersion !== undefined && { pinnedVersion }),
  };
}
