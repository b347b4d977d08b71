import { join } from 'node:path';
import { InputError } from '../common/errors.js';
import { assembleDataset, type QueryPart } from './assemble.js';
import type { CatalogEntry } from './catalog.js';
import type { Dataset, DatasetFile } from './dataset.js';
import { openSource } from './formats/open-source.js';
import { readQrels } from './formats/qrels.js';
import { hashDataset } from './hash.js';
import type { OpenOptions } from './open.js';
import type { VectorSource } from './source.js';
import { verifyFiles } from './verify.js';

/**
 * Opens what a catalog entry or a `dataset.yaml` describes, from the folder that holds its files. Sizes and
 * hashes that the entry states are verified first. Throws InputError.
 */
export async function openEntry(
  entry: CatalogEntry,
  folder: string,
  source: string,
  options: OpenOptions,
): Promise<Dataset> {
  const files = await verifyFiles(entry, folder, options);
  const opened: VectorSource[] = [];
  const open = async (file: string, metadata: string | undefined, size: Expected) => {
    const from = await openSource(join(folder, file), {
      metadata: metadata === undefined ? undefined : join(folder, metadata),
      cacheFolder: options.cacheFolder,
      signal: options.signal,
    });
    opened.push(from);
    checkSize(from, size);
    return from;
  };
  try {
    const { file, metadata } = entry.points!;
    const points = await open(file, metadata, entry);
    const querySets: QueryPart[] = [];
    for (const set of entry.querySets) {
      const queries = await open(set.file!, set.metadata, { count: set.count, dimensions: entry.dimensions });
      const qrels = set.qrels;
      const judged = qrels === undefined ? {} : { qrels: () => readQrels(join(folder, qrels)) };
      querySets.push({ name: set.name, source: queries, ...judged });
    }
    return assembleEntry(entry, source, options, files, points, querySets);
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}

function assembleEntry(
  entry: CatalogEntry,
  source: string,
  options: OpenOptions,
  files: readonly DatasetFile[],
  points: VectorSource,
  querySets: readonly QueryPart[],
): Dataset {
  const declared = options.metric ?? entry.metric;
  return assembleDataset({
    info: {
      name: entry.name,
      hash: hashDataset(files, points.reading),
      metric: declared ?? 'cosine',
      metricSource: declared === undefined ? 'default' : 'declared',
      source,
      licence: entry.licence,
      provenance: entry.provenance,
      files,
    },
    points,
    querySets,
  });
}

interface Expected {
  count?: number | undefined;
  dimensions?: number | undefined;
}

function checkSize(source: VectorSource, { count, dimensions }: Expected): void {
  const expected = [
    ['rows', count, source.count],
    ['dimensions', dimensions, source.dimensions],
  ] as const;
  for (const [what, wanted, found] of expected) {
    if (wanted === undefined || wanted === found) continue;
    throw new InputError(`has ${found} ${what}, the dataset's description says ${wanted}`, {
      where: source.place(0),
      next: 'correct the description or the file',
    });
  }
}
