import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError, InputError } from '../../common/errors.js';
import { lockOwner } from '../../common/lock.js';
import { isAlive } from '../../common/processes.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { abandonedFolders } from '../../common/temporary.js';
import { partsOf, readDatasetsManifest } from '../store/manifests.js';
import { cleanRunFolder, listRuns, type RunFolder, runFolder } from '../store/run-folder.js';
import type { Context } from './context.js';
import { displayPath } from './places.js';

/** One thing that `doctor` has to say. */
export interface Finding {
  what: string;
  state: 'ok' | 'missing' | 'problem' | 'note';
  detail: string;
  /** What to do about it. */
  fix?: string;
  /** What `--clean` has removed, as paths for people. */
  removed?: string[];
}

const CLEAN = 'vecproof doctor --clean';

/**
 * What killed processes left: work folders and unfinished files that nobody is writing any more.
 * @param temporary where temporary folders of commands are; absent: the system's own place
 */
export function leftovers(context: Context, clean: boolean, temporary?: string): Finding[] {
  return [
    ...storedRuns(context.runs).flatMap((run) => ofRun(run, context, clean)),
    ...ofCache(context, clean),
    ...ofTemporaries(clean, temporary),
  ];
}

/** Copies and work files of commands that were killed. */
function ofTemporaries(clean: boolean, folder?: string): Finding[] {
  const left = abandonedFolders(folder);
  if (left.length === 0) return [];
  const what = 'temporary folders';
  if (!clean)
    return [{ what, state: 'note', detail: `${left.length} of killed commands are left`, fix: CLEAN }];
  for (const path of left) rmSync(path, { recursive: true, force: true });
  return [{ what, state: 'ok', detail: `${left.length} of killed commands were removed`, removed: left }];
}

/** A run as it was started. */
interface Whole {
  folder: RunFolder;
  /** Where it measures: in itself, or in the parts of its datasets that were begun. */
  measured: readonly RunFolder[];
  /** Datasets whose measuring never began. */
  missing: number;
}

/** That the folder cannot be read is a finding of its own. */
function storedRuns(runs: string): Whole[] {
  try {
    return listRuns(runs).map((id) => wholeRun(runFolder(join(runs, id))));
  } catch (error) {
    if (error instanceof FailureError) return [];
    throw error;
  }
}

/** A damaged one counts as a run on one dataset. */
function wholeRun(folder: RunFolder): Whole {
  try {
    const parts = partsOf(folder);
    if (parts === undefined) return { folder, measured: [folder], missing: 0 };
    const missing = readDatasetsManifest(folder)!.datasets.length - parts.length;
    return { folder, measured: parts.map((part) => part.folder), missing };
  } catch (error) {
    if (error instanceof InputError) return { folder, measured: [folder], missing: 0 };
    throw error;
  }
}

function ofRun({ folder, measured, missing }: Whole, context: Context, clean: boolean): Finding[] {
  const folders = [...new Set([...measured, folder])];
  if (folders.some(({ lock }) => lockOwner(lock) !== undefined)) return [];
  const what = `run ${folder.id}`;
  const next = `continue it with "vecproof run --resume ${displayPath(folder.path, context.cwd)}"`;
  if (!folders.some(({ work, lock }) => existsSync(work) || existsSync(lock))) {
    const detail = endOf(measured, missing);
    return detail === undefined ? [] : [{ what, state: 'note', detail: `${detail}; ${next}` }];
  }
  if (!clean) return [{ what, state: 'note', detail: `ended without cleaning up; ${next}`, fix: CLEAN }];
  const removed = folders.flatMap(removeLeft).map((path) => displayPath(path, context.cwd));
  return [{ what, state: 'ok', detail: `what it left behind was removed; ${next}`, removed }];
}

/** @returns paths that were removed */
function removeLeft(folder: RunFolder): string[] {
  const paths = [folder.work, folder.lock].filter((path) => existsSync(path));
  const files = unfinished(folder.path).filter((path) => !path.startsWith(folder.work));
  cleanRunFolder(folder);
  rmSync(folder.lock, { force: true });
  return [...paths, ...files];
}

/** Why a run is not at its end; undefined: it is, or someone interrupted it. */
function endOf(measured: readonly RunFolder[], missing: number): string | undefined {
  const ends = measured.map(lastState);
  if (ends.includes(undefined)) return 'did not end';
  if (missing === 0 || ends.includes('interrupted')) return undefined;
  return `ended before ${missing === 1 ? 'its last dataset was' : `${missing} of its datasets were`} measured`;
}

/** How the log says that the run ended; undefined: its last word is another one. */
function lastState({ events }: RunFolder): string | undefined {
  if (!existsSync(events)) return undefined;
  const last = readRegularText(events, MOST_RECORD).trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{"type":"runEnd"')) return undefined;
  return /"state":"(\w+)"/.exec(last)?.[1];
}

function ofCache({ cache, cwd }: Context, clean: boolean): Finding[] {
  const left = existsSync(cache) ? unfinished(cache) : [];
  if (left.length === 0) return [];
  if (!clean)
    return [{ what: 'cache', state: 'note', detail: `holds ${left.length} unfinished files`, fix: CLEAN }];
  for (const path of left) rmSync(path, { force: true });
  const detail = `${left.length} unfinished files were removed`;
  return [{ what: 'cache', state: 'ok', detail, removed: left.map((path) => displayPath(path, cwd)) }];
}

/** Names under which files are written before they are complete, with the process that does it. */
const UNFINISHED = /^\.tmp-(\d+)-|\.(\d+)\.[0-9a-f]{8}\.tmp$/;

function unfinished(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => {
      const match = UNFINISHED.exec(entry.name);
      return entry.isFile() && match !== null && !isAlive(Number(match[1] ?? match[2]));
    })
    .map((entry) => join(entry.parentPath, entry.name));
}
