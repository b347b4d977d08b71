import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import { readRegular } from '../../common/regular-file.js';
import type { LoggedEvent } from '../model/events.js';
import { parseOr, readJson } from './read-json.js';
import { churnFiles, exactFiles, type RunFolder, samplesFile } from './run-folder.js';
import { timesFiles } from './times.js';

const sealSchema = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the log, which goes on: its first so many bytes. */
  bytes: z.int().min(0).optional(),
});

/** `checksums.json`: what raw files held when they were written, by their path in the run. */
const checksumsSchema = z.strictObject({ schema: z.literal(1), files: z.record(z.string(), sealSchema) });
type Seal = z.infer<typeof sealSchema>;

function read(folder: RunFolder): Map<string, Seal> {
  if (!existsSync(folder.checksums)) return new Map();
  const { files } = parseOr(checksumsSchema, readJson(folder.checksums), folder.checksums);
  return new Map(Object.entries(files));
}

function write(folder: RunFolder, seals: ReadonlyMap<string, Seal>): void {
  const files = Object.fromEntries([...seals].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileAtomic(folder.checksums, `${JSON.stringify({ schema: 1, files }, null, 2)}\n`);
}

const nameOf = (folder: RunFolder, path: string): string => relative(folder.path, path).split(sep).join('/');

function sealOf(folder: RunFolder, path: string, bytes?: number): Seal {
  const content = readRegular(path, Number.POSITIVE_INFINITY);
  const part = bytes === undefined ? content : content.subarray(0, bytes);
  const sha256 = createHash('sha256').update(part).digest('hex');
  return path === folder.events ? { sha256, bytes: part.length } : { sha256 };
}

/** Remembers what files of a run hold now; those that are not there are passed over. */
export function sealFiles(folder: RunFolder, paths: readonly string[]): void {
  const seals = read(folder);
  for (const path of paths) if (existsSync(path)) seals.set(nameOf(folder, path), sealOf(folder, path));
  write(folder, seals);
}

/** Follows a run that goes on, and remembers what its files hold as soon as they are whole. */
export class RunSeals {
  readonly #folder: RunFolder;
  /** Of the build in progress. */
  #trials: string[] = [];

  constructor(folder: RunFolder) {
    this.#folder = folder;
  }

  follow(event: LoggedEvent): void {
    const { type } = event;
    if (type === 'trialEnd' || type === 'passAgain') {
      this.#trials.push(event.trial);
      const churn = Object.values(churnFiles(this.#folder, event.trial));
      const path = samplesFile(this.#folder, event.trial);
      sealFiles(this.#folder, [path, ...timesFiles(path), ...churn]);
    } else if (type === 'buildEnd') {
      const exact = this.#trials.flatMap((trial) => Object.values(exactFiles(this.#folder, trial)));
      this.#trials = [];
      sealFiles(this.#folder, exact);
    } else if (type === 'runEnd') sealFiles(this.#folder, [this.#folder.events]);
  }
}

/**
 * What of a run is not as it was written, in words for people: files of it may have been edited, damaged, or come from
 * elsewhere. Of runs of earlier versions nothing is known.
 */
export function changedFiles(folder: RunFolder): string[] {
  return [...read(folder)].flatMap(([name, seal]) => {
    const path = join(folder.path, ...name.split('/'));
    if (relative(folder.path, path).startsWith('..'))
      return [`checksums.json names ${name}, which is no file of the run`];
    if (!existsSync(path)) return [`${name} is missing: it was there when the run was measured`];
    const now = sealOf(folder, path, seal.bytes);
    if (now.sha256 === seal.sha256 && now.bytes === seal.bytes) return [];
    return [
      `${name} is not as it was written (its SHA-256 is another): figures that come from it are not those that were measured`,
    ];
  });
}
