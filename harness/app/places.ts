import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { InputError, messageOf } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';
import { fileEnding } from '../../datasets/formats/registry.js';
import { EXPORT_PREFIX } from '../../datasets/open-export.js';

/** A suite as it is written, and where that is. */
export interface SuiteText {
  text: string;
  /** As given: messages and the command that repeats the run name it so. */
  given: string;
  /** Absolute; paths in the suite are relative to its folder. */
  path: string;
}

/**
 * Reads a suite by its path, or by the name of one that comes with vecproof.
 * @throws InputError if there is none
 */
export function openSuite(given: string, cwd: string): SuiteText {
  const path = findSuite(given, cwd);
  return { text: readSuite(path, given), given, path };
}

/** A path from here; else the name or path of a suite that comes with vecproof. */
function findSuite(path: string, cwd: string): string {
  const candidates = [
    resolve(cwd, path),
    join(packageRoot, path),
    join(packageRoot, 'suites', `${path}.yaml`),
  ];
  return candidates.find((each) => existsSync(each)) ?? candidates[0]!;
}

function readSuite(path: string, given: string): string {
  try {
    return readRegularText(path);
  } catch (error) {
    throw new InputError(`the suite cannot be read: ${(error as Error).message}`, {
      where: given,
      next: 'give the path of a YAML file; "vecproof list suites" shows those that come with vecproof',
      cause: error,
    });
  }
}

/** Reads a text file the user named; a fault is an InputError with the path. */
export function readTextFile(path: string, what: string): string {
  try {
    return readRegularText(path, MOST_RECORD);
  } catch (error) {
    throw new InputError(`${what} cannot be read: ${messageOf(error)}`, {
      where: path,
      next: 'check the path',
      cause: error,
    });
  }
}

/** A catalog name stays as it is; what looks like a path becomes absolute. */
export function locate(nameOrPath: string, base: string): string {
  if (nameOrPath.startsWith(EXPORT_PREFIX))
    return EXPORT_PREFIX + resolve(base, nameOrPath.slice(EXPORT_PREFIX.length));
  const path = /[/\\*?]|^\./.test(nameOrPath) || fileEnding(nameOrPath) !== undefined;
  return path ? resolve(base, nameOrPath) : nameOrPath;
}

/** A path for people: relative where that is shorter, suites of the package by their name there. */
export function displayPath(path: string, cwd: string): string {
  const inPackage = relative(packageRoot, path);
  const here = relative(cwd, path);
  if (!here.startsWith('..') && !isAbsolute(here)) return here;
  return inPackage.startsWith('..') ? path : join(inPackage);
}
