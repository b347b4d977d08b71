import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { fileFailure, makeFolder, removeTemporaries } from '../../common/files.js';

/** Paths inside one run's folder; see `docs/run-folder.md`. */
export interface RunFolder {
  readonly id: string;
  readonly path: string;
  readonly manifest: string;
  readonly events: string;
  readonly samples: string;
  /** Passes of trials that are not finished. */
  readonly parts: string;
  readonly truth: string;
  readonly queries: string;
  /** Absent where the queries are not judged. */
  readonly judgements: string;
  readonly results: string;
  /** Measures of each trial by query, derived with the results. */
  readonly byQuery: string;
  /** What the results were derived from. */
  readonly derived: string;
  /** What raw files held when they were written. */
  readonly checksums: string;
  /** Outcome of the gates; absent until they are judged. */
  readonly verdicts: string;
  /** Files that engines make while the run goes on; gone afterwards. */
  readonly work: string;
  readonly lock: string;
}

export function runFolder(path: string): RunFolder {
  const at = (...names: string[]) => join(path, ...names);
  return {
    id: idOf(path),
    path,
    manifest: at('manifest.json'),
    events: at('events.jsonl'),
    samples: at('samples'),
    parts: at('samples', 'parts'),
    truth: at('truth.parquet'),
    queries: at('queries.json'),
    judgements: at('judgements.json'),
    results: at('results.json'),
    byQuery: at('by-query.parquet'),
    derived: at('derived.json'),
    checksums: at('checksums.json'),
    verdicts: at('verdicts.json'),
    work: at('work'),
    lock: at('lock'),
  };
}

/** Folder of a run over several datasets that holds their runs. */
export const PARTS_FOLDER = 'datasets';

/** A part of a run over several datasets is `<run>/datasets/<dataset>`: ids stay unique, and commands find it by its id. */
function idOf(path: string): string {
  const [name, above] = [basename(path), dirname(path)];
  if (basename(above) !== PARTS_FOLDER || !existsSync(join(dirname(above), 'manifest.json'))) return name;
  return `${basename(dirname(above))}/${PARTS_FOLDER}/${name}`;
}

/** The folder in which a run stands among others; of a part that of the whole run. */
export function runsAbove({ path, id }: Pick<RunFolder, 'path' | 'id'>): string {
  return resolve(path, ...id.split('/').map(() => '..'));
}

/** Raw observations of a finished trial. */
export function samplesFile({ samples }: Pick<RunFolder, 'samples'>, trial: string): string {
  return join(samples, `${trial}.parquet`);
}

/** One pass of a trial that is not finished. */
export function partFile({ parts }: Pick<RunFolder, 'parts'>, trial: string, repetition: number): string {
  return join(parts, `${trial}.${repetition}.parquet`);
}

/** Passes of a trial that are on disk, ascending. */
export function partsOnDisk({ parts }: Pick<RunFolder, 'parts'>, trial: string): number[] {
  if (!existsSync(parts)) return [];
  const numbers = readdirSync(parts).flatMap((name) => {
    const repetition = Number(name.slice(trial.length + 1, -'.parquet'.length));
    return join(parts, name) === partFile({ parts }, trial, repetition) ? [repetition] : [];
  });
  return numbers.sort((a, b) => a - b);
}

/** Observations that others have taken the place of; nothing is derived from them. */
export function replacedFile({ samples }: Pick<RunFolder, 'samples'>, name: string): string {
  return join(samples, REPLACED_FOLDER, `${name}.parquet`);
}

/** Below `samples`. */
export const REPLACED_FOLDER = 'replaced';

/** What an exhaustive search told of a trial: its figures and its answers. */
export function exactFiles(
  { samples }: Pick<RunFolder, 'samples'>,
  trial: string,
): { json: string; hits: string } {
  return { json: join(samples, `${trial}${EXACT_ENDING}`), hits: join(samples, `${trial}.exact.parquet`) };
}

/** Ending of the former, for whoever copies a run. */
export const EXACT_ENDING = '.exact.json';

/** Of a trial that changed its collection: its writes, and what its queries' nearest points could be. */
export function churnFiles(
  { samples }: Pick<RunFolder, 'samples'>,
  trial: string,
): { writes: string; candidates: string } {
  return {
    writes: join(samples, `${trial}.writes.parquet`),
    candidates: join(samples, `${trial}.candidates.parquet`),
  };
}

/** Makes a new run folder `<parent>/<time>-<name>`; a number is added where that is taken. */
export function createRunFolder(parent: string, name: string, now: Date): RunFolder {
  const folder = claimFolder(parent, `${timeStamp(now)}-${slugOf(name) || 'run'}`);
  return withInnerFolders(folder);
}

/** The same for a run over several datasets, which holds nothing but the folder of each. */
export function createDatasetsFolder(parent: string, name: string, now: Date): RunFolder {
  return claimFolder(parent, `${timeStamp(now)}-${slugOf(name) || 'run'}`);
}

/** Makes the folder of one dataset's run; what an attempt left there that never began to measure is replaced. */
export function createPartFolder(path: string): RunFolder {
  try {
    rmSync(path, { recursive: true, force: true });
    makeFolder(path);
  } catch (error) {
    throw fileFailure(path, 'the run folder cannot be made', error);
  }
  return withInnerFolders(runFolder(path));
}

const timeStamp = (now: Date): string =>
  now.toISOString().replace(/[-:]/g, '').replace(/\..*/, '').replace('T', '-');

/** For names of folders; may be empty. */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
}

function claimFolder(parent: string, name: string): RunFolder {
  try {
    makeFolder(parent);
    for (let i = 1; ; i++) {
      const folder = runFolder(join(parent, `${name}${i === 1 ? '' : `-${i}`}`));
      if (existsSync(folder.path)) continue;
      // Not recursive: whoever comes second must see that it is there.
      mkdirSync(folder.path, { mode: 0o700 });
      return folder;
    }
  } catch (error) {
    throw fileFailure(parent, 'the run folder cannot be made', error);
  }
}

function withInnerFolders(folder: RunFolder): RunFolder {
  try {
    makeFolder(folder.parts);
    makeFolder(folder.work);
    return folder;
  } catch (error) {
    throw fileFailure(folder.path, 'the run folder cannot be made', error);
  }
}

/**
 * Throws InputError for a run folder that holds links: what is read or written through them is no part of the run. The
 * folder itself may be one.
 */
export function refuseLinks(folder: RunFolder): void {
  const { path, samples, parts } = folder;
  for (const inner of [
    path,
    samples,
    parts,
    join(samples, REPLACED_FOLDER),
    join(path, 'logs'),
    join(path, PARTS_FOLDER),
  ]) {
    for (const entry of existsSync(inner) ? readdirSync(inner, { withFileTypes: true }) : []) {
      if (!entry.isSymbolicLink()) continue;
      throw new InputError('is a link, and a run holds its files itself', {
        where: join(inner, entry.name),
        next: 'put the file or folder in its place',
      });
    }
  }
}

/**
 * Finds a run by folder path, by id under `parent`, or `latest`. Throws InputError with the known ids, and for a folder
 * with links.
 */
export function findRun(reference: string, parent: string): RunFolder {
  const known = listRuns(parent);
  const latest = known.at(-1);
  const candidates = [resolve(reference), join(parent, reference)];
  const found =
    reference === 'latest' && latest !== undefined
      ? join(parent, latest)
      : candidates.find((path) => existsSync(join(path, 'manifest.json')));
  if (found !== undefined) {
    const folder = runFolder(found);
    refuseLinks(folder);
    return folder;
  }
  throw new InputError('no such run', {
    where: reference,
    next:
      known.length === 0
        ? `there are no runs under ${parent} yet: start one with "vecproof run suites/quickstart.yaml"`
        : `give a run folder, "latest", or one of: ${known.slice(-5).join(', ')}`,
  });
}

/** Ids of the runs under a folder, oldest first. Throws FailureError if the folder cannot be read. */
export function listRuns(parent: string): string[] {
  if (!existsSync(parent)) return [];
  return names(parent)
    .filter((name) => existsSync(join(parent, name, 'manifest.json')))
    .sort(
      (a, b) =>
        statSync(join(parent, a)).birthtimeMs - statSync(join(parent, b)).birthtimeMs || (a < b ? -1 : 1),
    );
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw fileFailure(folder, 'the runs cannot be listed', error);
  }
}

/** Removes everything that is only needed while a run is going on. */
export function cleanRunFolder(folder: RunFolder): void {
  rmSync(folder.work, { recursive: true, force: true });
  for (const path of [folder.path, folder.samples, folder.parts, join(folder.samples, REPLACED_FOLDER)]) {
    if (existsSync(path)) removeTemporaries(path);
  }
}
