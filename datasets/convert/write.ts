import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../../common/errors.js';
import { fileFailure, temporaryName } from '../../common/files.js';
import type { ConversionPlan } from './types.js';

/**
 * Writes every file of a plan under a temporary name, and gives them their names when all are complete: after a failure
 * there is nothing new.
 * @throws InputError where a file is there already, or the folder holds something (`overwrite` allows both)
 */
export async function writeConversion(
  { folder, files }: ConversionPlan,
  { overwrite }: { overwrite: boolean },
): Promise<void> {
  if (!overwrite)
    refuseExisting(
      folder,
      files.map(({ path }) => path),
    );
  const made = makeFolders([
    ...(folder === undefined ? [] : [folder]),
    ...files.map(({ path }) => dirname(path)),
  ]);
  const written: { temporary: string; path: string }[] = [];
  try {
    for (const { path, write } of files) {
      const temporary = temporaryName(path);
      written.push({ temporary, path });
      await write(temporary);
    }
    for (const { temporary, path } of written) {
      try {
        renameSync(temporary, path);
      } catch (error) {
        throw fileFailure(path, 'cannot be written', error);
      }
    }
  } catch (error) {
    for (const { temporary } of written) rmSync(temporary, { force: true });
    for (const each of made.reverse()) removeEmpty(each);
    throw error;
  }
}

function refuseExisting(folder: string | undefined, paths: readonly string[]): void {
  const there = paths.find((path) => existsSync(path));
  if (there !== undefined) {
    throw new InputError('is there already', {
      where: there,
      next: 'choose another name, or say --overwrite',
    });
  }
  if (folder === undefined || !existsSync(folder)) return;
  const names = readdirSync(folder);
  if (names.length === 0) return;
  throw new InputError('is no empty folder', {
    where: folder,
    got: names.slice(0, 5),
    next: 'choose another one, or say --overwrite',
  });
}

/** @returns those that were not there, outermost first */
function makeFolders(folders: readonly string[]): string[] {
  const made: string[] = [];
  for (const folder of new Set(folders)) {
    const missing: string[] = [];
    for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const each of missing) {
      try {
        mkdirSync(each);
      } catch (error) {
        throw fileFailure(each, 'cannot be made', error);
      }
      made.push(each);
    }
  }
  return made;
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else put something into it: it stays.
  }
}
