import { InputError } from '../../common/errors.js';
import type { VectorSource } from '../source.js';
import type { Format, FormatOptions, OpenedFile } from './format.js';
import { hdf5 } from './hdf5/format.js';
import { jsonl } from './jsonl/format.js';
import { npy } from './npy/format.js';
import { parquet } from './parquet/format.js';

/** Every format that can be read. A new one is a folder and a row here. */
export const FORMATS: readonly Format[] = [parquet, jsonl, npy, hdf5];

/** Endings of the files that can be read. */
export const ENDINGS: readonly string[] = FORMATS.flatMap(({ endings }) => endings);

/** The ending of a path, if it is one that is read: the longest that fits. */
export function fileEnding(path: string): string | undefined {
  const lower = path.toLowerCase();
  return ENDINGS.filter((ending) => lower.endsWith(ending)).sort((a, b) => b.length - a.length)[0];
}

export function formatOf(path: string): Format | undefined {
  const ending = fileEnding(path);
  return FORMATS.find(({ endings }) => ending !== undefined && endings.includes(ending));
}

/** Opens everything that one file holds. Throws InputError naming it. */
export async function openFormat(path: string, options: FormatOptions): Promise<OpenedFile> {
  const format = formatOf(path);
  if (format === undefined) {
    throw new InputError('is not a format that is read here', {
      where: path,
      next: `use one of ${ENDINGS.join(', ')}, or a folder with a dataset.yaml`,
    });
  }
  if (options.metadata !== undefined && format.metadata !== 'beside') {
    const names = FORMATS.filter(({ metadata }) => metadata === 'beside').map(({ name }) => name);
    throw new InputError(
      `carries its own metadata: a metadata file goes with ${names.join(', ')} files only`,
      {
        where: path,
        next: 'remove "metadata" from the description of this file',
      },
    );
  }
  const file = await format.open(path, options);
  options.opened?.push(async () => {
    await file.points.close();
    file.close?.();
  });
  return file;
}

/** Opens the vectors of a file that is queries, or points alone. Throws InputError naming it. */
export async function openVectors(path: string, options: FormatOptions): Promise<VectorSource> {
  const format = formatOf(path);
  if (format === undefined || format.ownQueries !== null) {
    const usable = FORMATS.filter(({ ownQueries }) => ownQueries === null).flatMap(({ endings }) => endings);
    throw new InputError('is no file of vectors that is read here', {
      where: path,
      next: `use one of ${usable.join(', ')}`,
    });
  }
  return (await openFormat(path, options)).points;
}
