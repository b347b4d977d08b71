import { existsSync } from 'node:fs';
import { InputError } from '../../../common/errors.js';
import { homeFolder } from '../../../common/paths.js';
import { currentResults } from '../../derive/current.js';
import type { LoggedEvent } from '../../model/events.js';
import type { Manifest } from '../../model/manifest.js';
import type { ParityResult, Results } from '../../model/results.js';
import type { Samples, Truth } from '../../model/samples.js';
import type { Verdicts } from '../../model/verdict.js';
import { readEvents } from '../../store/event-log.js';
import { readManifest } from '../../store/manifests.js';
import { type QueriesFile, readRunQueries } from '../../store/queries.js';
import {
  findRun,
  listRuns as listFolders,
  type RunFolder,
  runFolder,
  samplesFile,
} from '../../store/run-folder.js';
import { readSamples } from '../../store/samples.js';
import { readVerdicts } from '../../store/verdicts.js';
import { readTruth } from '../../truth/files.js';
import { type CompareRequest, compareRuns } from '../compare-runs.js';
import { judgeStored } from '../conclude-run.js';
import { foldersOf } from '../context.js';
import { type JudgeStoredOptions, judgeOptions } from './judge-options.js';
import { type Surroundings, within } from './surroundings.js';

/** A run on disk: what happened, and what follows from it. Reading changes nothing. */
export interface StoredRun {
  readonly id: string;
  /** Its folder; see docs/run-folder.md. */
  readonly path: string;
  readonly manifest: Manifest;
  /** The log, from the first event to the last that is whole. */
  events(): LoggedEvent[];
  /** All figures: the stored ones where nothing has changed since, else derived again from the raw files. */
  results(): Promise<Results>;
  /** The outcome of the gates as it was stored; undefined: not judged yet. */
  verdicts(): Verdicts | undefined;
  /** Exact neighbours of the measured queries; rows are numbers of the dataset's points. */
  truth(): Promise<Truth>;
  /** Ids of the measured queries, and their groups and filters where they have some. */
  queries(): QueriesFile;
  /** Raw observations of a trial. @throws InputError if it left none */
  samples(trial: string): Promise<Samples>;
  /**
   * Judges the run by its gates, or by another suite's, stores `verdicts.json` and adds the run to the history; undefined:
   * there are no gates. @throws InputError for a shard, and where the baseline cannot be compared with
   */
  judge(options?: JudgeStoredOptions): Promise<Verdicts | undefined>;
  /**
   * Compares two trials answer by answer: one of this run, and one of another run (default: this one) on the same data
   * and queries. @throws InputError where they cannot be compared
   */
  compare(request: CompareRequest, other?: StoredRun): Promise<ParityResult>;
}

export type RunPlaces = Pick<Surroundings, 'home' | 'cwd' | 'env'>;

/** Where runs are looked for by id. */
export const runsOf = ({ home, env }: RunPlaces): string => foldersOf(home ?? homeFolder(env)).runs;

/** Ids of the runs of a home folder, oldest first. */
export function listRuns(places: RunPlaces = {}): string[] {
  return listFolders(runsOf(places));
}

/**
 * Opens a run by its folder, its id, or as `latest`.
 * @throws InputError if there is no such run, or if it was written by a newer version
 */
export function openRun(reference: string, places: RunPlaces = {}): StoredRun {
  return storedRun(findRun(reference, runsOf(places)), places);
}

export function storedRun(folder: RunFolder, places: RunPlaces): StoredRun {
  const manifest = readManifest(folder);
  return {
    id: folder.id,
    path: folder.path,
    manifest,
    events: () => readEvents(folder),
    results: async () => (await currentResults(folder)).results,
    verdicts: () => readVerdicts(folder),
    truth: () => readTruth(folder.truth),
    queries: () => readRunQueries(folder),
    samples: (trial) => samplesOf(folder, manifest, trial),
    judge: (options = {}) =>
      within(places, async (context) => {
        const { verdicts } = await judgeStored(folder, judgeOptions(options, context), context);
        return verdicts;
      }),
    compare: (request, other) =>
      compareRuns(folder, other === undefined ? folder : runFolder(other.path), request),
  };
}

async function samplesOf(folder: RunFolder, { ks, plan }: Manifest, trial: string): Promise<Samples> {
  const path = samplesFile(folder, trial);
  const ids = plan.flatMap(({ trials }) => trials.map(({ id }) => id));
  if (!ids.includes(trial) || !existsSync(path)) {
    throw new InputError('no observations of this trial are stored', {
      where: folder.path,
      got: trial,
      next: `trials of the run: ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', …' : ''}`,
    });
  }
  return readSamples(path, ks.at(-1)!);
}
