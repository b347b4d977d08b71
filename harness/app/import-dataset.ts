import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { readEntry } from '../../datasets/catalog.js';
import { unreadable } from '../../datasets/check.js';
import { hashFileCached } from '../../datasets/hash.js';
import { checkNewName, type ImportedEntry, writeImported } from '../../datasets/imported.js';
import { expandGlob, folderLayout, isGlob } from '../../datasets/paths.js';
import { siblingQueries } from '../../datasets/query-files.js';
import { fileNames } from '../../datasets/verify.js';
import { checkDataset } from './check/check-dataset.js';
import type { CheckReport } from './check/types.js';
import type { Context } from './context.js';
import type { DatasetOptions } from './dataset-options.js';

export interface ImportRequest {
  /** Files, patterns, or a folder. */
  paths: readonly string[];
  name: string;
  options: DatasetOptions;
  title?: string | undefined;
  licence?: string | undefined;
  model?: string | undefined;
}

/** What an import found; `entry` is absent where a fault of the data stood against it. */
export interface Imported {
  report: CheckReport;
  entry: ImportedEntry | undefined;
  path: string | undefined;
}

/**
 * Gives files of the user's a name under which suites and commands find them. They stay where they are; their sizes and
 * hashes are recorded, so that other content under the same path is noticed.
 * @throws InputError for a name that is not free, and for files that cannot be read
 */
export async function importDataset(request: ImportRequest, context: Context): Promise<Imported> {
  const { cwd, cache, signal } = context;
  const { name, options, title, licence, model } = request;
  checkNewName(cache, name);
  const paths = request.paths.map((path) => resolve(cwd, path));
  const [first, ...more] =
    paths.length > 1 ? paths.flatMap((path) => (isGlob(path) ? expandGlob(path, cwd) : [path])) : paths;
  if (first === undefined)
    throw new InputError('there is nothing to import', { next: 'name a file, a pattern or a folder' });
  const read = { ...options, moreFiles: more.length > 0 ? more : undefined };
  const report = await checkDataset({ dataset: first, options: read, model }, context);
  if (report.findings.some(({ severity }) => severity === 'fault'))
    return { report, entry: undefined, path: undefined };
  const files: ImportedEntry['files'] = [];
  for (const path of sourceFiles([first, ...more], options, cwd))
    files.push(await hashFileCached(path, cache, signal));
  const { info } = report;
  const { columns, metric, queriesFile, qrelsFile, neighborsFile, skipInvalid } = options;
  const entry: ImportedEntry = {
    version: 1,
    name,
    paths: [first, ...more],
    options: {
      ...(metric !== null && { metric }),
      ...(columns !== undefined && { columns }),
      ...(queriesFile !== null && { queriesFile }),
      ...(qrelsFile !== undefined && { qrelsFile }),
      ...(neighborsFile !== undefined && { neighborsFile }),
      ...(skipInvalid !== undefined && { skipInvalid }),
    },
    files,
    count: info.count,
    dimensions: info.dimensions,
    metric: info.metric,
    querySets: info.querySets.map((set) => ({ name: set.name, count: set.count })),
    ...(title !== undefined && { title }),
    ...(licence !== undefined && { licence }),
    imported: new Date().toISOString(),
  };
  return { report, entry, path: writeImported(cache, entry) };
}

/** Every file that is read for the dataset. */
function sourceFiles(paths: readonly string[], options: DatasetOptions, cwd: string): string[] {
  const { queriesFile, qrelsFile, neighborsFile } = options;
  const given = [queriesFile, qrelsFile, neighborsFile].filter((path) => typeof path === 'string');
  return [...new Set([...paths.flatMap((path) => filesOf(path, queriesFile !== null, cwd)), ...given])];
}

function filesOf(path: string, queriesGiven: boolean, cwd: string): string[] {
  if (isGlob(path)) return expandGlob(path, cwd);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw unreadable(path, new Error('it is gone'));
  if (!info.isDirectory()) {
    const beside = queriesGiven ? undefined : siblingQueries(path);
    return beside === undefined ? [path] : [path, beside];
  }
  const described = join(path, 'dataset.yaml');
  if (statSync(described, { throwIfNoEntry: false }) !== undefined)
    return [described, ...entryFiles(described, path)];
  const { points = [], queries = [], metadata, qrels, neighbors } = folderLayout(path) ?? {};
  return [...points, ...queries, metadata, qrels, neighbors].filter((file) => file !== undefined);
}

function entryFiles(description: string, folder: string): string[] {
  return fileNames(readEntry(description)).map((name) => join(folder, name));
}
