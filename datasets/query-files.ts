import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { QueryPart } from './assemble.js';
import { EXTENSIONS, fileExtension, openSource } from './formats/open-source.js';
import type { OpenContext } from './open.js';

/** Name of a query set that has no name of its own. */
export const QUERIES = 'queries';

/** The query set in the file that the user gave with a dataset, if any. */
export async function givenQueries(options: OpenContext): Promise<QueryPart | undefined> {
  if (options.queriesFile === undefined) return undefined;
  const path = resolve(options.baseFolder, options.queriesFile);
  return { name: QUERIES, source: await openSource(path, options) };
}

/** `<stem>.queries.<extension>` beside a data file: the same extension first, then the others. */
export function siblingQueries(path: string): string | undefined {
  const own = fileExtension(path)!;
  const stem = path.slice(0, -own.length);
  return [own, ...EXTENSIONS]
    .filter((extension) => extension !== '.hdf5' && extension !== '.h5')
    .map((extension) => `${stem}.queries${extension}`)
    .find((candidate) => existsSync(candidate));
}

/** The given set first; it replaces a set of the same name. */
export function withGiven(given: QueryPart | undefined, sets: readonly QueryPart[]): QueryPart[] {
  return given === undefined ? [...sets] : [given, ...sets.filter((set) => set.name !== given.name)];
}
