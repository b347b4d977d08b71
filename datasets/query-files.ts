import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { QueryPart } from './assemble.js';
import type { FormatOptions } from './formats/format.js';
import { FORMATS, fileEnding, openVectors } from './formats/registry.js';
import type { OpenContext } from './open-context.js';
import type { VectorSource } from './source.js';

/** Name of a query set that has no name of its own. */
export const QUERIES = 'queries';

/** The query set in the file that the user gave with a dataset, if any. */
export async function givenQueries(options: OpenContext): Promise<QueryPart | undefined> {
  if (options.queriesFile === undefined) return undefined;
  const path = resolve(options.baseFolder, options.queriesFile);
  return { name: QUERIES, source: await openQueries(path, options) };
}

/** Opens a file of queries. A column that was chosen for the points is taken here, too, if the file has it. */
export function openQueries(path: string, options: FormatOptions): Promise<VectorSource> {
  return openVectors(path, { ...options, columns: { ...options.columns, lenient: true } });
}

/** `<stem>.queries.<ending>` beside a data file: the same ending first, then the others. */
export function siblingQueries(path: string): string | undefined {
  const own = fileEnding(path)!;
  const stem = path.slice(0, -own.length);
  const endings = FORMATS.filter(({ ownQueries }) => ownQueries === null).flatMap((format) => format.endings);
  const packed = endings.flatMap((ending) => [`${ending}.gz`, `${ending}.zst`]);
  const texmex = stem.endsWith('_base') ? [`${stem.slice(0, -'_base'.length)}_query${own}`] : [];
  return [...[own, ...endings, ...packed].map((ending) => `${stem}.queries${ending}`), ...texmex].find(
    (candidate) => existsSync(candidate),
  );
}

/** The given set first; it replaces a set of the same name. */
export function withGiven(given: QueryPart | undefined, sets: readonly QueryPart[]): QueryPart[] {
  return given === undefined ? [...sets] : [given, ...sets.filter((set) => set.name !== given.name)];
}
