import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../common/errors.js';
import { fileFailure, makeFolder, removeTemporaries, writeFileAtomic } from '../../common/files.js';
import { checkDepth } from '../../common/json.js';
import { takeLock } from '../../common/lock.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import type { FieldCounts } from './field-types.js';
import { MANIFEST, type Manifest, partSchema } from './manifest.js';
import type { Tally } from './tally.js';

/** Progress of an export that is not finished yet; gone once its manifest is there. */
const STATE = '.export.json';
const UNFINISHED = /^(\.tmp-\d+-[0-9a-f]{8}-)?\.(lock(\.[0-9a-f]{16})?|export\.json)$/;

export interface ExportState {
  /** What is exported: an export of something else never goes on in its folder. */
  source: { place: string; collection: string };
  startedAt: string;
  watermark: string | null;
  interruptions: number;
  before: number;
  /** Ranges of the source, which are read each for itself; without a range: the whole. */
  streams: {
    range?: string | undefined;
    /** Behind the last point of its last part; undefined: there is none yet. */
    cursor?: string | undefined;
    /** Its parts, in order. */
    files: string[];
    ended: boolean;
  }[];
  parts: Manifest['parts'];
  fields: readonly FieldCounts[];
  tally: Tally;
}

/**
 * Makes the folder if need be, and reads how far an earlier export into it came; undefined: it is empty.
 * @throws InputError if there is a finished export, an export of something else, or a folder of the user's
 */
export function findState(folder: string, source: ExportState['source']): ExportState | undefined {
  makePlace(folder);
  const path = join(folder, STATE);
  if (existsSync(join(folder, MANIFEST))) {
    throw new InputError('holds a finished export', {
      where: folder,
      next: 'choose another folder with --out',
    });
  }
  if (!existsSync(path)) {
    // Nothing, or what an export left that was killed before its first file was whole.
    if (readdirSync(folder).every((name) => UNFINISHED.test(name))) return undefined;
    throw new InputError('is not empty', { where: folder, next: 'choose a new or empty folder with --out' });
  }
  removeTemporaries(folder);
  const state = readState(path);
  const { place, collection } = state.source;
  if (place === source.place && collection === source.collection) return state;
  throw new InputError(`holds a part of an export of ${place}#${collection}`, {
    where: folder,
    got: `${source.place}#${source.collection}`,
    next: 'choose another folder with --out',
  });
}

function readState(path: string): ExportState {
  try {
    const text = readRegularText(path, MOST_RECORD);
    checkDepth(text);
    const state = JSON.parse(text) as ExportState;
    // Their names become paths, and those files are removed where the export begins again.
    z.looseObject({
      parts: z.array(partSchema),
      source: z.strictObject({ place: z.string(), collection: z.string() }),
      streams: z.array(
        z.strictObject({
          range: z.string().optional(),
          cursor: z.string().optional(),
          files: z.array(z.string()),
          ended: z.boolean(),
        }),
      ),
    }).parse(state);
    return state;
  } catch (error) {
    throw new InputError(`cannot be read: ${messageOf(error)}`, {
      where: path,
      next: 'remove the folder and export again',
      cause: error,
    });
  }
}

/**
 * Keeps a second command out of the folder.
 * @returns what lets it in again
 * @throws InputError if another process works in it
 */
export function lockFolder(folder: string): () => void {
  makePlace(folder);
  const lock = takeLock(join(folder, '.lock'));
  if (lock.state === 'taken') return lock.release;
  throw new InputError(`is in use by process ${lock.by}`, {
    where: folder,
    next: 'wait until it has ended, or choose another folder',
  });
}

function makePlace(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw fileFailure(folder, 'cannot be made', error);
  }
}

export function saveState(folder: string, state: ExportState): void {
  writeFileAtomic(join(folder, STATE), `${JSON.stringify(state)}\n`);
}

/** Takes what an earlier export has written away, so that it begins again. */
export function clearParts(folder: string, { parts }: ExportState): void {
  for (const { file } of parts) rmSync(join(folder, file), { force: true });
}

export function removeState(folder: string): void {
  rmSync(join(folder, STATE), { force: true });
}
