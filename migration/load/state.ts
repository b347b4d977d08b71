import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../../common/errors.js';
import { fileFailure, removeTemporaries, writeFileAtomic } from '../../common/files.js';

/** Progress of a load, in a folder beside the mapping: what was acknowledged and read back. */
const STATE = 'load.json';
const VERSION = 2;

/** What is loaded, by which mapping, to where: a load of something else never goes on from here. */
export interface LoadOf {
  sum: string;
  /** Hash of the mapping's file. */
  mapping: string;
  place: string;
}

export interface LoadState extends LoadOf {
  version: typeof VERSION;
  startedAt: string;
  /** `making`: the collection may be there or not; it is ours if it is empty, or marked as this load's. */
  collection: 'making' | 'made';
  /** Rows of the export that are settled: in the target, read back and found equal; left out as accepted; or rejected. */
  rows: number;
  /** Ranges of rows of which all are settled, in order, and those that are begun. */
  finished: readonly (readonly [from: number, to: number])[];
  begun: readonly { from: number; to: number; row: number }[];
  /** Points that accepted losses leave out, of the settled rows. */
  leftOut: number;
  state: 'loading' | 'loaded';
}

export function newLoad(load: LoadOf): LoadState {
  const startedAt = new Date().toISOString();
  const nothing = { rows: 0, finished: [], begun: [], leftOut: 0 };
  return { version: VERSION, ...load, startedAt, collection: 'making', ...nothing, state: 'loading' };
}

/** @throws InputError if the folder holds the state of another load */
export function findLoad(folder: string, load: LoadOf): LoadState | undefined {
  const path = join(folder, STATE);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw fileFailure(folder, 'cannot be made', error);
  }
  if (!existsSync(path)) return undefined;
  removeTemporaries(folder);
  const found = read(path);
  const other = (['sum', 'mapping', 'place'] as const).find((key) => found[key] !== load[key]);
  if (other === undefined) return found;
  const what = { sum: 'export', mapping: 'mapping', place: 'target' }[other];
  throw new InputError(`holds the state of a load with another ${what}`, {
    where: path,
    got: load[other],
    next: 'choose another folder with --state; the target of the other load stays as it is',
  });
}

function read(path: string): LoadState {
  let state: LoadState;
  try {
    state = JSON.parse(readFileSync(path, 'utf8')) as LoadState;
  } catch (error) {
    throw new InputError(`cannot be read: ${messageOf(error)}`, { where: path, cause: error });
  }
  if (state.version === VERSION) return state;
  throw new InputError('is the state of a load by another version of vecproof', {
    where: path,
    got: state.version,
    next: 'finish it with that version, or load into another collection with another folder as --state',
  });
}

export function saveLoad(folder: string, state: LoadState): void {
  writeFileAtomic(join(folder, STATE), `${JSON.stringify(state)}\n`);
}
