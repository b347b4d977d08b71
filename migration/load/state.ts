import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { fileFailure, makeFolder, removeTemporaries, writeFileAtomic } from '../../common/files.js';
import { checkDepth } from '../../common/json.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';

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

const row = z.int().nonnegative();

const stateSchema = z.strictObject({
  version: z.literal(VERSION),
  sum: z.string(),
  mapping: z.string(),
  place: z.string(),
  startedAt: z.string(),
  /** Kept by the target in the mark of the collection: only one with it is ours. */
  madeBy: z.string(),
  /** `making`: the collection may be there or not. */
  collection: z.enum(['making', 'made']),
  /** Rows of the export that are settled: in the target, read back and found equal; left out as accepted; or rejected. */
  rows: row,
  /** Ranges of rows of which all are settled, in order. */
  finished: z.array(z.tuple([row, row])).readonly(),
  /** Ranges that are begun, with their cursors. */
  begun: z.array(z.strictObject({ from: row, to: row, row })).readonly(),
  /** Points that accepted losses leave out, of the settled rows. */
  leftOut: row,
  state: z.enum(['loading', 'loaded']),
});
export type LoadState = z.infer<typeof stateSchema>;

export function newLoad(load: LoadOf, madeBy: string): LoadState {
  const startedAt = new Date().toISOString();
  const nothing = { rows: 0, finished: [], begun: [], leftOut: 0 };
  return { version: VERSION, ...load, startedAt, madeBy, collection: 'making', ...nothing, state: 'loading' };
}

/** @throws InputError if the folder holds the state of another load */
export function findLoad(folder: string, load: LoadOf): LoadState | undefined {
  const path = join(folder, STATE);
  try {
    makeFolder(folder);
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
  try {
    const text = readRegularText(path, MOST_RECORD);
    checkDepth(text);
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new InputError(`cannot be read: ${messageOf(error)}`, {
      where: path,
      next: 'restore the file from a copy, or load into a new collection with another --state',
      cause: error,
    });
  }
}

export function saveLoad(folder: string, state: LoadState): void {
  writeFileAtomic(join(folder, STATE), `${JSON.stringify(state)}\n`);
}
