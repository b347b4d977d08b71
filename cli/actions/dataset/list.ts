import { EXIT, type ExitCode } from '../../../common/errors.js';
import { type CatalogEntry, catalogEntries, downloadSize } from '../../../datasets/catalog.js';
import { downloadedRecord } from '../../../datasets/download/record.js';
import { importedEntries } from '../../../datasets/imported.js';
import type { CommandContext } from '../../context.js';
import { table } from '../../table.js';
import { printJson } from '../../terminal.js';

/** `vecproof dataset list`. */
export async function datasetListCommand(
  options: { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const rows = datasetRows(context.cache);
  if (options.json === true) printJson(context.out, rows, 2);
  else context.out.write(table(rows));
  return EXIT.passed;
}

/** A row for each dataset that can be named, with what is to be downloaded for it and whether that is here. */
export function datasetRows(cache: string): Record<string, string | number>[] {
  const named = catalogEntries().map((entry) => ({
    dataset: entry.name,
    points: entry.count ?? '',
    dimensions: entry.dimensions ?? '',
    metric: entry.metric ?? '',
    queries: entry.querySets
      .map(({ name, count }) => (count === undefined ? name : `${name} (${count})`))
      .join(', '),
    size: sizeText(entry),
    here: whereabouts(entry, cache),
    title: entry.title ?? '',
  }));
  return [...named, ...importedRows(cache)];
}

function importedRows(cache: string): Record<string, string | number>[] {
  return importedEntries(cache).map(
    ({ name, count, dimensions, metric, querySets, files, title, paths }) => ({
      dataset: name,
      points: count,
      dimensions,
      metric,
      queries: querySets.map((set) => `${set.name} (${set.count})`).join(', '),
      size: megabytes(files.reduce((sum, { bytes }) => sum + bytes, 0)),
      here: 'imported',
      title: title ?? paths[0]!,
    }),
  );
}

function sizeText(entry: CatalogEntry): string {
  const bytes = downloadSize(entry);
  return bytes === undefined ? '' : megabytes(bytes);
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;

function whereabouts({ location, name }: CatalogEntry, cache: string): string {
  if (location === 'download') return downloadedRecord(cache, name) === undefined ? 'download' : 'yes';
  return { bundled: 'yes', generated: 'yes', folder: 'give its folder' }[location];
}
