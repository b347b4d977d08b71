import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { fileFailure, makeFolder } from '../../common/files.js';
import { takeLock } from '../../common/lock.js';

/** Files of a migration: `.migrations/<name>/`. */
export const FILES = {
  lock: 'plan.lock.yaml',
  events: 'events.jsonl',
  decisions: 'decisions.jsonl',
  page: 'index.html',
  superseded: 'superseded',
  /** Of the process that works in it. */
  owner: '.lock',
} as const;

export function makePlace(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw fileFailure(path, 'cannot be made', error);
  }
}

/**
 * Keeps a second process out of the folder of a migration.
 * @returns what lets it in again
 * @throws InputError if another process works in it
 */
export function lockMigration(folder: string): () => void {
  makePlace(folder);
  const lock = takeLock(join(folder, FILES.owner));
  if (lock.state === 'taken') return lock.release;
  throw new InputError(`is in use by process ${lock.by}`, {
    where: folder,
    next: 'wait until it has ended; "vecproof migrate <plan> --status" shows where it stands',
  });
}

/** Moves results that no longer count out of the way; nothing is removed. Returns where they are. */
export function putAside(folder: string, names: readonly string[]): string | undefined {
  const there = names.filter((name) => existsSync(join(folder, name)));
  if (there.length === 0) return undefined;
  const parent = join(folder, FILES.superseded);
  makePlace(parent);
  const number = 1 + Math.max(0, ...readdirSync(parent).map((name) => Number.parseInt(name, 10) || 0));
  const to = join(parent, `${number}`);
  makePlace(to);
  try {
    for (const name of there) renameSync(join(folder, name), join(to, name));
  } catch (error) {
    throw fileFailure(to, 'what no longer counts cannot be moved there', error);
  }
  return to;
}
