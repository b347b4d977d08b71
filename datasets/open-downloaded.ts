import { InputError } from '../common/errors.js';
import { type CatalogEntry, downloadSize } from './catalog.js';
import type { Dataset } from './dataset.js';
import { datasetFolder, downloadedRecord } from './download/record.js';
import type { OpenContext } from './open-context.js';
import { openEntry } from './open-entry.js';
import { openFiles } from './open-files.js';
import { folderLayout } from './paths.js';
import { verifyFiles } from './verify.js';

/** Opens a dataset of the catalog that was downloaded before, or is now if the user asked for that. Throws InputError. */
export async function openDownloaded(
  entry: CatalogEntry,
  given: string,
  options: OpenContext,
): Promise<Dataset> {
  if (entry.holds === 'texts') throw textsAlone(entry, options);
  let record = downloadedRecord(options.cacheFolder, entry.name);
  if (record === undefined && options.onMissing !== undefined) {
    await options.onMissing(entry);
    record = downloadedRecord(options.cacheFolder, entry.name);
  }
  if (record === undefined) throw notHere(entry);
  const folder = datasetFolder(options.cacheFolder, entry.name);
  const known = { ...entry, files: record.files };
  if (entry.points !== undefined) return openEntry(known, folder, given, options);
  await verifyFiles(known, folder, options);
  const layout = folderLayout(folder);
  if (layout === undefined) throw notLaidOut(entry, folder);
  const { licence, provenance } = entry;
  const reading = { ...options, metric: options.metric ?? entry.metric };
  return openFiles(entry.name, layout, given, reading, { licence, provenance });
}

function notHere(entry: CatalogEntry): InputError {
  return new InputError(
    `dataset "${entry.name}" is not here yet (${Math.ceil(downloadSize(entry)! / 1e6)} MB to download; licence: ${entry.licence ?? 'not stated'})`,
    { next: `vecproof dataset download ${entry.name}, or run with --download` },
  );
}

function textsAlone(entry: CatalogEntry, { cacheFolder }: OpenContext): InputError {
  const here = downloadedRecord(cacheFolder, entry.name) !== undefined;
  const folder = here ? datasetFolder(cacheFolder, entry.name) : 'what "vecproof dataset download" brings';
  return new InputError(`dataset "${entry.name}" holds texts, queries and judgements, and no vectors`, {
    next: `copy ${folder}, add a key "vector" from your model to each line of corpus.jsonl and queries.jsonl, and give the copy's path`,
  });
}

function notLaidOut(entry: CatalogEntry, folder: string): InputError {
  return new InputError(`dataset "${entry.name}" is laid out in another way than it was`, {
    where: folder,
    next: 'describe its files in a dataset.yaml (docs/datasets.md shows one), and give the folder as a path',
  });
}
