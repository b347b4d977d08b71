import { join } from 'node:path';
import { InputError } from '../common/errors.js';
import type { QueryPart } from './assemble.js';
import type { CatalogEntry } from './catalog.js';
import { concatSources } from './concat.js';
import type { Dataset, DatasetFile } from './dataset.js';
import { withDeclaredFields } from './declared-fields.js';
import { finishDataset } from './finish.js';
import type { OpenedFile } from './formats/format.js';
import { readNeighborFile } from './formats/neighbor-files.js';
import { readQrels } from './formats/qrels.js';
import { formatOf, openFormat } from './formats/registry.js';
import { hashDataset } from './hash.js';
import { chosenMetric } from './metric.js';
import type { OpenContext } from './open-context.js';
import { givenQueries, openQueries, withGiven } from './query-files.js';
import type { VectorSource } from './source.js';
import { syntheticParameters, syntheticSource } from './synthetic.js';
import { verifyFiles } from './verify.js';

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
  if (querySets.length === 0 && options.queriesOptional !== true) {
    throw new InputError('has no queries', {
      where: source,
      next: 'name a file with query vectors under querySets, or give one with the dataset',
    });
  }
  return finishDataset(
    {
      info: { ...describe(entry, source, files, parts, options) },
      points: parts.points,
      querySets,
      ...(parts.close && { close: parts.close }),
    },
    options,
  );
}

function describe(
  entry: CatalogEntry,
  source: string,
  files: readonly DatasetFile[],
  parts: OpenedFile,
  options: OpenContext,
) {
  const sets = entry.format === 'synthetic' ? entry.querySets : [];
  return {
    name: entry.name,
    hash: hashDataset(files, [parts.points.reading, parts.points.count, sets]),
    ...chosenMetric(options.metric ?? entry.metric, parts.metric),
    source,
    licence: entry.licence,
    provenance: entry.provenance,
    files,
  } as const;
}

async function openParts(entry: CatalogEntry, folder: string, options: OpenContext): Promise<OpenedFile> {
  if (entry.format === 'synthetic') return syntheticParts(entry);
  const path = join(folder, [entry.points!.file].flat()[0]!);
  if (formatOf(path)?.name !== entry.format) {
    throw new InputError(`is not a file of the format "${entry.format}", which its description states`, {
      where: path,
      next: 'correct "format" or the name of the file',
    });
  }
  return fileParts(entry, folder, options);
}

function syntheticParts(entry: CatalogEntry): OpenedFile {
  const parameters = syntheticParameters(entry);
  return {
    points: syntheticSource(entry.name, parameters, entry.count!, 0),
    querySets: entry.querySets.map((set, i) => ({
      name: set.name,
      source: syntheticSource(`${entry.name} ${set.name}`, parameters, set.count!, i + 1),
    })),
  };
}

async function fileParts(entry: CatalogEntry, folder: string, options: OpenContext): Promise<OpenedFile> {
  const inFolder = (file: string | undefined) => (file === undefined ? undefined : join(folder, file));
  const { file, metadata } = entry.points!;
  const metric = options.metric ?? entry.metric;
  const all: OpenedFile[] = [];
  for (const each of [file].flat()) {
    all.push(await openFormat(join(folder, each), { ...options, metric, metadata: inFolder(metadata) }));
  }
  const opened = { ...all[0]!, points: concatSources(all.map(({ points }) => points)) };
  checkSize(opened.points, entry);
  const querySets: QueryPart[] = [];
  for (const { name, file, metadata, count, qrels, neighbors } of entry.querySets) {
    const own = opened.querySets.find((set) => set.name === name);
    if (file === undefined && own === undefined) throw noSuchSet(entry, name, opened);
    const source =
      file === undefined
        ? own!.source
        : await openAll(folder, [file].flat(), { ...options, metadata: inFolder(metadata) });
    checkSize(source, { count, dimensions: entry.dimensions });
    const near = inFolder(neighbors);
    const path = inFolder(qrels);
    const judged = path === undefined ? {} : { qrels: () => readQrels(path), qrelsFile: path };
    const typed = withDeclaredFields(source, entry.fields);
    querySets.push({
      ...(file === undefined && own),
      name,
      source: typed,
      ...judged,
      ...(near !== undefined && {
        providedTruth: async () => readNeighborFile(near, source.count, opened.points.count),
      }),
    });
  }
  const named = new Set(querySets.map(({ name }) => name));
  return {
    ...opened,
    points: withDeclaredFields(opened.points, entry.fields),
    querySets: [...querySets, ...opened.querySets.filter(({ name }) => !named.has(name))],
  };
}

async function openAll(
  folder: string,
  files: readonly string[],
  options: OpenContext & { metadata?: string | undefined },
): Promise<VectorSource> {
  const sources: VectorSource[] = [];
  for (const file of files) sources.push(await openQueries(join(folder, file), options));
  return concatSources(sources);
}

function noSuchSet(entry: CatalogEntry, name: string, { querySets }: OpenedFile): InputError {
  const own = querySets.map((set) => `"${set.name}"`).join(', ');
  return new InputError(`the query set "${name}" names no file, and the points' file has no such queries`, {
    where: [entry.points!.file].flat().join(', '),
    next: `name a file${own === '' ? '' : `, or use the file's own: ${own}`}`,
  });
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
