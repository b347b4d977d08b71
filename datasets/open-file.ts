import { basename } from 'node:path';
import { InputError } from '../common/errors.js';
import { assembleDataset, type DatasetParts, type QueryPart } from './assemble.js';
import type { Dataset, Metric } from './dataset.js';
import { openHdf5 } from './formats/hdf5/dataset.js';
import { EXTENSIONS, fileExtension, fileKind, openSource } from './formats/open-source.js';
import { hashDataset, hashFileCached } from './hash.js';
import type { OpenContext } from './open.js';
import { givenQueries, QUERIES, siblingQueries, withGiven } from './query-files.js';

/**
 * Opens a dataset that is one file. Queries: the given file, else the file's own (`test` in HDF5), else
 * `<stem>.queries.<extension>` beside it. The hash covers the points only; queries are hashed by themselves.
 * Throws InputError.
 */
export async function openFile(path: string, given: string, options: OpenContext): Promise<Dataset> {
  const kind = fileKind(path);
  if (kind === undefined) {
    throw new InputError('is not a format that is read here', {
      where: path,
      next: `use one of ${EXTENSIONS.join(', ')}, or a folder with a dataset.yaml`,
    });
  }
  const queries = await givenQueries(options);
  const parts = kind === 'hdf5' ? await hdf5Parts(path, options) : await plainParts(path, queries, options);
  const querySets = withGiven(queries, parts.querySets);
  if (querySets.length === 0) throw noQueries(path, kind === 'hdf5');
  const file = await hashFileCached(path, options.cacheFolder, options.signal);
  const metric = options.metric ?? parts.metric;
  return assembleDataset({
    info: {
      name: basename(path).slice(0, -fileExtension(path)!.length),
      hash: hashDataset([file], parts.points.reading),
      metric: metric ?? 'cosine',
      metricSource: options.metric ? 'declared' : parts.metric ? 'file' : 'default',
      source: given,
      files: [{ ...file, path: basename(path) }],
    },
    points: parts.points,
    querySets,
    ...(parts.close && { close: parts.close }),
  });
}

interface FileParts {
  points: DatasetParts['points'];
  querySets: QueryPart[];
  metric: Metric | undefined;
  close?: () => void;
}

async function hdf5Parts(path: string, options: OpenContext): Promise<FileParts> {
  const parts = await openHdf5(path, options.metric);
  options.opened.push(parts.close);
  return { ...parts, metric: options.metric === undefined ? parts.metric : undefined };
}

async function plainParts(
  path: string,
  queries: QueryPart | undefined,
  options: OpenContext,
): Promise<FileParts> {
  const points = await openSource(path, options);
  const sibling = queries === undefined ? siblingQueries(path) : undefined;
  const querySets =
    sibling === undefined ? [] : [{ name: QUERIES, source: await openSource(sibling, options) }];
  return { points, querySets, metric: undefined };
}

function noQueries(path: string, isHdf5: boolean): InputError {
  const extension = fileExtension(path)!;
  const beside = `${basename(path).slice(0, -extension.length)}.queries${isHdf5 ? '.npy' : extension}`;
  return new InputError('has no queries', {
    where: path,
    next: isHdf5
      ? 'add a table "test" with query vectors, or give a file with queries'
      : `give a file with query vectors (queries.file in a suite), or put them beside it as ${beside}`,
  });
}
