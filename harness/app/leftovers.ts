import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError, InputError } from '../../common/errors.js';
import { lockOwner } from '../../common/lock.js';
import { isAlive } from '../../common/processes.js';
import { cleanRunFolder, listRuns, partsOf, type RunFolder, runFolder } from '../store/run-folder.js';
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

/** What killed processes left: work folders and unfinished files that nobody is writing any more. */
export function leftovers(context: Context, clean: boolean): Finding[] {
  return [...runsIn(context.runs).flatMap((id) => ofRun(id, context, clean)), ...ofCache(context, clean)];
}

/** That the folder cannot be read is a finding of its own. */
function runsIn(folder: string): string[] {
  try {
    return listRuns(folder).flatMap((id) => measuredIn(folder, id));
  } catch (error) {
    if (error instanceof FailureError) return [];
    throw error;
  }
}

/** Of a run over several datasets the runs of its parts, where work goes on; a damaged one counts as itself. */
function measuredIn(runs: string, id: string): string[] {
  try {
    return partsOf(runFolder(join(runs, id)))?.map(({ folder }) => folder.id) ?? [id];
  } catch (error) {
    if (error instanceof InputError) return [id];
    throw error;
  }
}

function ofRun(id: string, context: Context, clean: boolean): Finding[] {
  const folder = runFolder(join(context.runs, id));
  if (lockOwner(folder.lock) !== undefined) return [];
  const what = `run ${id}`;
  const next = `continue it with "vecproof run --resume ${displayPath(folder.path, context.cwd)}"`;
  if (!existsSync(folder.work) && !existsSync(folder.lock)) {
    return wasEnded(folder) ? [] : [{ what, state: 'note', detail: `did not end; ${next}` }];
  }
  if (!clean) return [{ what, state: 'note', detail: `ended without cleaning up; ${next}`, fix: CLEAN }];
  const removed = [folder.work, folder.lock].filter((path) => existsSync(path));
  removed.push(...unfinished(folder.path).filter((path) => !path.startsWith(folder.work)));
  cleanRunFolder(folder);
  rmSync(folder.lock, { force: true });
  const detail = `what it left behind was removed; ${next}`;
  return [{ what, state: 'ok', detail, removed: removed.map((path) => displayPath(path, context.cwd)) }];
}

/** Whether the log's last word is that the run ended, in whatever way. */
function wasEnded({ events }: RunFolder): boolean {
  if (!existsSync(events)) return false;
  const last = readFileSync(events, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{"type":"runEnd"');
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
