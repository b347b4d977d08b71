import { basename } from 'node:path';
import { InputError } from '../common/errors.js';
import type { QueryPart } from './assemble.js';
import { concatSources } from './concat.js';
import type { Dataset, DatasetFile } from './dataset.js';
import { finishDataset } from './finish.js';
import { readQrels } from './formats/qrels.js';
import { openFormat } from './formats/registry.js';
import { hashDataset, hashFileCached } from './hash.js';
import { chosenMetric } from './metric.js';
import type { OpenContext } from './open-context.js';
import { type FolderLayout, shardWarnings } from './paths.js';
import { neighborsInFile } from './provided-lists.js';
import { givenQueries, openQueries, QUERIES, withGiven } from './query-files.js';
import type { VectorSource } from './source.js';

/** Opens several files, or a folder laid out as a known tool does, as one dataset. Throws InputError. */
export async function openFiles(
  name: string,
  layout: FolderLayout,
  given: string,
  options: OpenContext,
  about: { licence?: string | undefined; provenance?: string | undefined } = {},
): Promise<Dataset> {
  const sources: VectorSource[] = [];
  const files: DatasetFile[] = [];
  let metric: ReturnType<typeof chosenMetric> | undefined;
  for (const path of layout.points) {
    const opened = await openFormat(path, { ...options, metadata: layout.metadata });
    sources.push(opened.points);
    metric ??= chosenMetric(options.metric, opened.metric);
    const file = await hashFileCached(path, options.cacheFolder, options.signal);
    files.push({ ...file, path: basename(path) });
  }
  const points = concatSources(sources);
  const querySets = withGiven(await givenQueries(options), await ownQueries(layout, points, options));
  if (querySets.length === 0 && options.queriesOptional !== true) {
    throw new InputError('has no queries', {
      where: given,
      next: 'give a file with query vectors: --queries, or dataset.queries in a suite',
    });
  }
  const info = {
    name,
    hash: hashDataset(files, points.reading),
    ...metric!,
    source: given,
    ...about,
    files,
    warnings: shardWarnings(layout.points),
  };
  return finishDataset({ info, points, querySets }, options);
}

async function ownQueries(
  layout: FolderLayout,
  points: VectorSource,
  options: OpenContext,
): Promise<QueryPart[]> {
  const { queries, qrels, neighbors } = layout;
  if (queries === undefined || options.queriesFile !== undefined) return [];
  const sources: VectorSource[] = [];
  for (const path of queries) sources.push(await openQueries(path, { ...options, metadata: undefined }));
  const judged = qrels === undefined ? {} : { qrels: () => readQrels(qrels), qrelsFile: qrels };
  const source = concatSources(sources);
  const near =
    neighbors === undefined ? {} : { providedTruth: () => neighborsInFile(neighbors, points, source) };
  return [{ name: QUERIES, source, ...judged, ...near }];
}
