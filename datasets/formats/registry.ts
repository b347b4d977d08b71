import { closeSync, fstatSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { reading, readingEach } from '../../common/reading.js';
import { openRegular } from '../../common/regular-file.js';
import { unreadable } from '../check.js';
import { checkDimensions, checkRatio } from '../limits.js';
import type { VectorSource } from '../source.js';
import { arrow } from './arrow/format.js';
import { bin } from './bin/format.js';
import { csv } from './csv/format.js';
import type { Format, FormatOptions, OpenedFile } from './format.js';
import { hdf5 } from './hdf5/format.js';
import { jsonl } from './jsonl/format.js';
import { npy } from './npy/format.js';
import { npz } from './npz/format.js';
import { unpackedFile, withoutPacking } from './packed.js';
import { parquet } from './parquet/format.js';
import { vecs } from './vecs/format.js';

/** Every format that can be read. A new one is a folder and a row here. */
export const FORMATS: readonly Format[] = [parquet, jsonl, csv, arrow, npy, npz, hdf5, vecs, bin];

/** Endings of the files that can be read. */
export const ENDINGS: readonly string[] = FORMATS.flatMap(({ endings }) => endings);

/** The ending of a path, if it is one that is read: with what says that the file is packed (`.jsonl.gz`). */
export function fileEnding(path: string): string | undefined {
  const plain = withoutPacking(path);
  const lower = plain.toLowerCase();
  const ending = ENDINGS.filter((each) => lower.endsWith(each)).sort((a, b) => b.length - a.length)[0];
  return ending === undefined ? undefined : path.toLowerCase().slice(plain.length - ending.length);
}

export function formatOf(path: string): Format | undefined {
  const lower = withoutPacking(path).toLowerCase();
  return FORMATS.find(({ endings }) => endings.some((ending) => lower.endsWith(ending)));
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
  const stored = sizeOfFile(path);
  const file = await reading(path, stored, async () => {
    const plain = format.streams ? path : await unpackedFile(path, withoutPacking(path), options);
    return format.open(plain, options);
  });
  options.opened?.push(async () => {
    await file.points.close();
    file.close?.();
  });
  const sources = [file.points, ...file.querySets.map(({ source }) => source)];
  for (const { dimensions } of sources) checkDimensions(path, dimensions);
  checkRatio(
    path,
    stored,
    sources.reduce((sum, { count, dimensions }) => sum + count * dimensions * 4, 0),
  );
  const watched = (source: VectorSource): VectorSource => ({
    ...source,
    read: (batches) => readingEach(path, stored, source.read(batches)),
  });
  return {
    ...file,
    points: watched(file.points),
    querySets: file.querySets.map((part) => ({ ...part, source: watched(part.source) })),
  };
}

function sizeOfFile(path: string): number {
  try {
    const handle = openRegular(path);
    const { size } = fstatSync(handle);
    closeSync(handle);
    return size;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Opens the vectors of a file that is queries, or points alone. Throws InputError naming it. */
export async function openVectors(path: string, options: FormatOptions): Promise<VectorSource> {
  const format = formatOf(path);
  if (format === undefined || format.ownQueries !== null) {
    const usable = FORMATS.filter(({ ownQueries }) => ownQueries === null).flatMap(({ endings }) => endings);
    throw new InputError('is not a vector file of a known format', {
      where: path,
      next: `use one of ${usable.join(', ')}`,
    });
  }
  return (await openFormat(path, options)).points;
}
