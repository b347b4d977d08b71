import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { groupsOf, type QueryFacts, samplesOf } from '../measures/groups.js';
import type { JudgementOf } from '../measures/judged.js';
import { type DerivedTrial, deriveGroup, deriveTrial } from '../measures/trial.js';
import { readTruth } from '../truth/files.js';
import { deriveParity } from './parity.js';
import { judgementsOf, readQueryFacts } from './queries.js';
import { type RunFolder, readEvents, readManifest } from './run-folder.js';
import { readSamples } from './samples.js';
import {
  type BuildCost,
  type Manifest,
  type Results,
  RUN_SCHEMA,
  type RunEvent,
  resultsSchema,
  type ServerCost,
  type TrialRow,
} from './schema.js';
import type { Truth } from './types.js';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/**
 * Derives all results of a run from its raw files; nothing is measured. Can be repeated at any time.
 * @throws InputError if the run was written by a newer version or a file is damaged
 */
export async function deriveResults(folder: RunFolder): Promise<Results> {
  const manifest = readManifest(folder);
  const events = readEvents(folder);
  const truth = await readTruth(folder.truth);
  const about = aboutQueries(folder);
  const log = digest(events);
  const trials: TrialRow[] = [];
  for (const build of manifest.plan) {
    for (const trial of build.trials) {
      const end = log.trialEnds.get(trial.id);
      const cost = log.costs.get(build.id) ?? {};
      const measured = await measuresOf(folder, manifest, trial.id, end, cost, truth, about);
      const row = {
        id: trial.id,
        build: build.id,
        engine: build.engine,
        engineVersion: cost.engineVersion ?? null,
        ...(build.server && { server: serverRecord(build.server.mode, cost.server) }),
        series: build.series,
        ...(build.replica !== undefined && { replica: build.replica }),
        index: build.index,
        search: trial.search,
        ...(end?.effective && { effective: end.effective }),
        workload: 'serial',
        group: 'all',
        state: end?.state ?? 'aborted',
        reason: end === undefined ? 'the run ended before this trial was measured' : (end.reason ?? null),
        error: end?.error ?? null,
      };
      const doubts = end?.flags ?? [];
      const { refused = {} } = build;
      const partial = Object.keys(refused).length > 0 && row.state === 'completed';
      const all = {
        ...measured.all,
        flags: [...doubts, ...measured.all.flags, ...(partial ? ['partial-queries'] : [])],
      };
      trials.push({ ...row, flags: [...new Set(all.flags)], measures: all.measures });
      for (const { name, reason, derived } of measured.groups(refused)) {
        if (reason === undefined) {
          trials.push({
            ...row,
            group: name,
            flags: [...new Set([...doubts, ...derived.flags])],
            measures: derived.measures,
          });
        } else
          trials.push({
            ...row,
            group: name,
            state: 'skipped',
            reason,
            error: null,
            flags: [],
            measures: {},
          });
      }
    }
  }
  const parity = await deriveParity(folder, manifest, trials, truth, log.trialEnds, about.facts);
  return {
    schema: RUN_SCHEMA,
    run: runRecord(manifest, events),
    dataset: manifest.dataset,
    queries: manifest.queries,
    truth: manifest.truth,
    ks: manifest.ks,
    environment: manifest.environment,
    packages: manifest.packages,
    warnings: [...new Set(log.warnings)],
    trials,
    ...(parity && { parity }),
  };
}

export function writeResults(folder: RunFolder, results: Results): void {
  writeFileAtomic(folder.results, `${JSON.stringify(resultsSchema.parse(results), null, 2)}\n`);
}

async function measuresOf(
  folder: RunFolder,
  manifest: Manifest,
  trial: string,
  end: EventOf<'trialEnd'> | undefined,
  cost: BuildCost,
  truth: Truth,
  { facts, judgements }: AboutQueries,
): Promise<Measured> {
  if (end?.state !== 'completed') return unmeasured(facts);
  const path = join(folder.samples, `${trial}.parquet`);
  if (!existsSync(path)) {
    throw new InputError('the samples of a completed trial are missing', {
      where: path,
      next: 'restore the file from a copy of the run, or measure again',
    });
  }
  const samples = await readSamples(path, manifest.ks.at(-1)!);
  const { wallSeconds, engineSeconds, foreignCores, server } = end;
  const { ks, dataset, seed } = manifest;
  const options = {
    facts,
    judgements,
    ks,
    metric: dataset.metric,
    cost,
    server,
    wallSeconds,
    engineSeconds,
    foreignCores,
    seed,
  };
  const all = deriveTrial(samples, truth, options);
  if (facts === undefined) return { all, groups: () => [] };
  const sent = new Set(samples.query);
  const groups = groupsOf(facts, dataset.count);
  return {
    all,
    groups: (refused) =>
      groups.flatMap(({ name, queries }) => {
        if (Object.hasOwn(refused, name)) return [{ name, reason: refused[name], derived: NOTHING }];
        // A band of which every query belongs to a group that was not sent.
        if (![...queries].some((query) => sent.has(query))) return [];
        return [
          { name, reason: undefined, derived: deriveGroup(samplesOf(samples, queries), truth, options) },
        ];
      }),
  };
}

interface AboutQueries {
  facts: readonly QueryFacts[] | undefined;
  judgements: JudgementOf | undefined;
}

interface Measured {
  all: DerivedTrial;
  /** Rows of groups and bands; a group that the engine refused has the reason instead of measures. */
  groups: (
    refused: Readonly<Record<string, string>>,
  ) => { name: string; reason: string | undefined; derived: DerivedTrial }[];
}

const NOTHING: DerivedTrial = { measures: {}, flags: [] };

/** A trial that did not complete: so did none of its groups, but a refusal is the better reason. */
function unmeasured(facts: AboutQueries['facts']): Measured {
  const names = [...new Set(facts?.map(({ group }) => group))];
  return {
    all: NOTHING,
    groups: (refused) => names.map((name) => ({ name, reason: refused[name], derived: NOTHING })),
  };
}

function aboutQueries(folder: RunFolder): AboutQueries {
  return { facts: readQueryFacts(folder), judgements: judgementsOf(folder) };
}

/** How the engine's server was had; the image is known once it has been started. */
function serverRecord(mode: string, cost: ServerCost | undefined): TrialRow['server'] {
  const { image, digest } = cost ?? {};
  return { mode, ...(image !== undefined && { image }), ...(digest !== undefined && { digest }) };
}

/** The last word of the log on every trial and build. */
function digest(events: readonly RunEvent[]) {
  const trialEnds = new Map<string, EventOf<'trialEnd'>>();
  const costs = new Map<string, BuildCost>();
  const warnings: string[] = [];
  for (const event of events) {
    if (event.type === 'trialEnd') trialEnds.set(event.trial, event);
    if (event.type === 'buildEnd' && Object.keys(event.cost).length > 0) costs.set(event.build, event.cost);
    if (event.type === 'warning') warnings.push(event.message);
  }
  return { trialEnds, costs, warnings };
}

/** Trials that have ended, in whatever state. */
export function finishedTrials(events: readonly RunEvent[]): Set<string> {
  return new Set([...digest(events).trialEnds.keys()]);
}

function runRecord(manifest: Manifest, events: readonly RunEvent[]): Results['run'] {
  const last = events.at(-1);
  const begin = events.find((event) => event.type === 'runBegin');
  const ended = last?.type === 'runEnd' ? last : undefined;
  return {
    id: manifest.id,
    suite: manifest.suite.name,
    vecparity: manifest.vecparity,
    started: begin?.time ?? manifest.created,
    finished: ended?.time ?? null,
    state: ended?.state ?? 'unfinished',
    command: manifest.command,
  };
}
