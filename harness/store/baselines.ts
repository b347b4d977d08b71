import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { parseOr, readJson } from './read-json.js';
import { findRun, type RunFolder, refuseLinks, runFolder } from './run-folder.js';

const NAME = /^[A-Za-z0-9][\w.-]*$/;

const fileSchema = z.strictObject({
  schema: z.literal(1),
  baselines: z.record(
    z.string().regex(NAME, 'must be a name of a baseline'),
    z.strictObject({
      /** Run folders, relative to the folder of runs where they lie in it. Several: builds of the same state. */
      runs: z.array(z.string()).min(1).max(1000),
      set: z.string(),
    }),
  ),
});

/** The baseline that is used where none is named. */
export const DEFAULT_BASELINE = 'main';

export interface Baseline {
  /** Null: given as a run. */
  name: string | null;
  folders: RunFolder[];
}

const fileOf = (runs: string): string => join(runs, 'baselines.json');

function read(runs: string): z.infer<typeof fileSchema> {
  const path = fileOf(runs);
  return existsSync(path) ? parseOr(fileSchema, readJson(path), path) : { schema: 1, baselines: {} };
}

/** Names runs as a baseline; one of the same name is replaced. */
export function setBaseline(runs: string, name: string, folders: readonly RunFolder[], now: Date): void {
  if (!NAME.test(name)) {
    throw new InputError('a baseline’s name consists of letters, digits, ".", "_" and "-"', {
      where: '--name',
      got: name,
      next: 'choose a name such as main',
    });
  }
  const file = read(runs);
  const paths = folders.map(({ path }) => {
    const inside = relative(runs, path);
    return inside.startsWith('..') ? resolve(path) : inside;
  });
  const baselines = { ...file.baselines, [name]: { runs: paths, set: now.toISOString() } };
  makeFolder(dirname(fileOf(runs)));
  writeFileAtomic(fileOf(runs), `${JSON.stringify({ ...file, baselines }, null, 2)}\n`);
}

export function listBaselines(runs: string): { name: string; runs: string[]; set: string }[] {
  return Object.entries(read(runs).baselines).map(([name, entry]) => ({ name, ...entry }));
}

/**
 * The runs of a baseline's name, or a run given in its place (folder or id; several separated by commas).
 * @throws InputError if there is none of that name, or its run is gone
 */
export function findBaseline(runs: string, reference: string): Baseline {
  const entries = read(runs).baselines;
  const entry = Object.hasOwn(entries, reference) ? entries[reference] : undefined;
  if (entry !== undefined)
    return { name: reference, folders: entry.runs.map((run) => stored(runs, reference, run)) };
  const known = Object.keys(entries);
  try {
    return { name: null, folders: reference.split(',').map((each) => findRun(each.trim(), runs)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError('there is no baseline and no run of that name', {
      where: '--baseline',
      got: reference,
      next:
        known.length === 0
          ? 'set one: vecproof baseline set <run> --name main'
          : `baselines: ${known.join(', ')}`,
      cause: error,
    });
  }
}

/** The baseline `main`, if there is one. */
export function defaultBaseline(runs: string): Baseline | undefined {
  return Object.hasOwn(read(runs).baselines, DEFAULT_BASELINE)
    ? findBaseline(runs, DEFAULT_BASELINE)
    : undefined;
}

function stored(runs: string, name: string, run: string): RunFolder {
  const folder = runFolder(resolve(runs, run));
  if (existsSync(folder.manifest)) {
    refuseLinks(folder);
    return folder;
  }
  throw new InputError(`the run of the baseline "${name}" is gone`, {
    where: folder.path,
    next: `restore the folder, or set the baseline again: vecproof baseline set <run> --name ${name}`,
  });
}
