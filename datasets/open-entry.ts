import { join } from 'node:path';
import { InputError } from '../common/errors.js';
import { assembleDataset, type QueryPart } from './assemble.js';
import type { CatalogEntry } from './catalog.js';
import type { Dataset, DatasetFile, Metric } from './dataset.js';
import { withDeclaredFields } from './declared-fields.js';
import { openHdf5 } from './formats/hdf5/dataset.js';
import { fileKind, openSource } from './formats/open-source.js';
import { readQrels } from './formats/qrels.js';
import { hashDataset } from './hash.js';
import type { OpenContext } from './open.js';
import { givenQueries, withGiven } from './query-files.js';
import type { VectorSource } from './source.js';
import { syntheticParameters, syntheticSource } from './synthetic.js';
import { verifyFiles } from './verify.js';

/** Points and query sets of an entry. */
interface EntryParts {
  points: VectorSource;
  querySets: QueryPart[];
  /** Read from the file. */
  metric?: Metric | undefined;
  close?: () => void;
}

/**
 * Opens what a catalog entry or a `dataset.yaml` describes, from the folder that holds its files. Sizes and
 * hashes that the entry states are verified first. Throws InputError.
 *
 * @param source name or path as the user gave it
 */
export async function openEntry(
  entry: CatalogEntry,
  folder: string,
  source: string,
  options: OpenContext,
): Promise<Dataset> {
  const files = entry.format === 'synthetic' ? [] : await verifyFiles(entry, folder, options);
  const parts = await openParts(entry, folder, options);
  const querySets = withGiven(await givenQueries(options), parts.querySets);
  if (querySets.length === 0) {
    throw new InputError('has no queries', {
      where: source,
      next: 'name a file with query vectors under querySets, or give one with the dataset',
    });
  }
  return assembleDataset({
    info: { ...describe(entry, source, files, parts, options) },
    points: parts.points,
    querySets,
    ...(parts.close && { close: parts.close }),
  });
}

function describe(
  entry: CatalogEntry,
  source: string,
  files: readonly DatasetFile[],
  parts: EntryParts,
  options: OpenContext,
) {
  const declared = options.metric ?? entry.metric;
  const sets = entry.format === 'synthetic' ? entry.querySets : [];
  return {
    name: entry.name,
    hash: hashDataset(files, [parts.points.reading, parts.points.count, sets]),
    metric: declared ?? parts.metric ?? 'cosine',
    metricSource: declared ? 'declared' : parts.metric ? 'file' : 'default',
    source,
    licence: entry.licence,
    provenance: entry.provenance,
    files,
  } as const;
}

async function openParts(entry: CatalogEntry, folder: string, options: OpenContext): Promise<EntryParts> {
  if (entry.format === 'synthetic') return syntheticParts(entry);
  const path = join(folder, entry.points!.file);
  if (fileKind(path) !== entry.format) {
    throw new InputError(`is not a file of the format "${entry.format}", which its description states`, {
      where: path,
      next: 'correct "format" or the name of the file',
    });
  }
  if (entry.format !== 'hdf5') return fileParts(entry, folder, options);
  const parts = await openHdf5(path, options.metric ?? entry.metric);
  options.opened.push(parts.close);
  checkSize(parts.points, entry);
  return parts;
}

function syntheticParts(entry: CatalogEntry): EntryParts {
  const parameters = syntheticParameters(entry);
  return {
    points: syntheticSource(entry.name, parameters, entry.count!, 0),
    querySets: entry.querySets.map((set, i) => ({
      name: set.name,
      source: syntheticSource(`${entry.name} ${set.name}`, parameters, set.count!, i + 1),
    })),
  };
}

async function fileParts(entry: CatalogEntry, folder: string, options: OpenContext): Promise<EntryParts> {
  const open = async (file: string, metadata: string | undefined, size: Size) => {
    const described = metadata === undefined ? undefined : join(folder, metadata);
    const source = await openSource(join(folder, file), { ...options, metadata: described });
    checkSize(source, size);
    return withDeclaredFields(source, entry.fields);
  };
  const points = await open(entry.points!.file, entry.points!.metadata, entry);
  const querySets: QueryPart[] = [];
  for (const { name, file, metadata, count, qrels } of entry.querySets) {
    const source = await open(file!, metadata, { count, dimensions: entry.dimensions });
    const path = qrels === undefined ? undefined : join(folder, qrels);
    const judged = path === undefined ? {} : { qrels: () => readQrels(path), qrelsFile: path };
    querySets.push({ name, source, ...judged });
  }
  return { points, querySets };
}

interface Size {
  count?: number | undefined;
  dimensions?: number | undefined;
}

function checkSize(source: VectorSource, { count, dimensions }: Size): void {
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
