import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { InputError } from '../common/errors.js';
import type { QueryPart } from './assemble.js';
import type { Dataset } from './dataset.js';
import { finishDataset } from './finish.js';
import { readNeighborFile } from './formats/neighbor-files.js';
import { fileEnding, formatOf, openFormat } from './formats/registry.js';
import { hashDataset, hashFileCached } from './hash.js';
import { chosenMetric } from './metric.js';
import type { OpenContext } from './open-context.js';
import { shardWarnings } from './paths.js';
import { givenQueries, openQueries, QUERIES, siblingQueries, withGiven } from './query-files.js';

/**
 * Opens a dataset that is one file. Queries: the given file, else the file's own (`test` in HDF5), else
 * `<stem>.queries.<extension>` beside it. The hash covers the points only; queries are hashed by themselves.
 * Throws InputError.
 */
export async function openFile(path: string, given: string, options: OpenContext): Promise<Dataset> {
  const opened = await openFormat(path, options);
  const queries = await givenQueries(options);
  const sibling = queries === undefined && opened.querySets.length === 0 ? siblingQueries(path) : undefined;
  const own =
    sibling === undefined
      ? opened.querySets
      : [await siblingSet(path, sibling, opened.points.count, options)];
  const querySets = withGiven(queries, own);
  if (querySets.length === 0 && options.queriesOptional !== true) throw noQueries(path);
  const file = await hashFileCached(path, options.cacheFolder, options.signal);
  return finishDataset(
    {
      info: {
        name: basename(path).slice(0, -fileEnding(path)!.length),
        hash: hashDataset([file], opened.points.reading),
        ...chosenMetric(options.metric, opened.metric),
        source: given,
        files: [{ ...file, path: basename(path) }],
        warnings: shardWarnings([path]),
      },
      points: opened.points,
      querySets,
      ...(opened.close && { close: opened.close }),
    },
    options,
  );
}

/** Queries beside the points; TEXMEX' sets (`x_base.fvecs`) have their neighbours there, too. */
async function siblingSet(
  path: string,
  sibling: string,
  points: number,
  options: OpenContext,
): Promise<QueryPart> {
  const source = await openQueries(sibling, options);
  const neighbors = path.replace(/_base\.[^.]+$/, '_groundtruth.ivecs');
  const hasOwn = neighbors !== path && existsSync(neighbors);
  return {
    name: QUERIES,
    source,
    ...(hasOwn && { providedTruth: async () => readNeighborFile(neighbors, source.count, points) }),
  };
}

function noQueries(path: string): InputError {
  const ending = fileEnding(path)!;
  const { ownQueries } = formatOf(path)!;
  const beside = `${basename(path).slice(0, -ending.length)}.queries${ending}`;
  return new InputError('has no queries', {
    where: path,
    next:
      ownQueries === null
        ? `give a file with query vectors (queries.file in a suite), or put them beside it as ${beside}`
        : `add a table "${ownQueries}" with query vectors, or give a file with queries`,
  });
}
