import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { packageRoot } from '../../common/paths.js';

/** A path from here; else the name or path of a suite that comes with vecproof. */
export function findSuite(path: string, cwd: string): string {
  const candidates = [
    resolve(cwd, path),
    join(packageRoot, path),
    join(packageRoot, 'suites', `${path}.yaml`),
  ];
  return candidates.find((each) => existsSync(each)) ?? candidates[0]!;
}

export function readSuite(path: string, given: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`the suite cannot be read: ${(error as Error).message}`, {
      where: given,
      next: 'give the path of a YAML file; "vecproof list suites" shows those that come with vecproof',
      cause: error,
    });
  }
}

/** A catalog name stays as it is; what looks like a path becomes absolute. */
export function locate(nameOrPath: string, base: string): string {
  const path = /[/\\]|^\.|\.(parquet|jsonl|jsonl\.gz|npy|hdf5|h5)$/.test(nameOrPath);
  return path ? resolve(base, nameOrPath) : nameOrPath;
}

/** A path for people: relative where that is shorter, suites of the package by their name there. */
export function displayPath(path: string, cwd: string): string {
  const inPackage = relative(packageRoot, path);
  const here = relative(cwd, path);
  if (!here.startsWith('..') && !isAbsolute(here)) return here;
  return inPackage.startsWith('..') ? path : join(inPackage);
}
