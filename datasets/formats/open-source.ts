import { InputError } from '../../common/errors.js';
import type { VectorSource } from '../source.js';
import { openRecords } from './jsonl/records.js';
import { openJsonl } from './jsonl/source.js';
import { openNpy } from './npy.js';
import { openParquet } from './parquet/source.js';

export interface SourceOptions {
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  /** jsonl file with ids and metadata of an npy file, one line per row. */
  metadata?: string | undefined;
  /** What is to be closed if opening the rest of a dataset fails is added here. */
  opened?: Closer[] | undefined;
}

export type Closer = () => void | Promise<void>;

/** Opens the vectors of one parquet, jsonl or npy file, by its extension. Throws InputError naming the file. */
export async function openSource(path: string, options: SourceOptions): Promise<VectorSource> {
  const source = await openKind(path, options);
  options.opened?.push(() => source.close());
  return source;
}

async function openKind(path: string, options: SourceOptions): Promise<VectorSource> {
  const kind = fileKind(path);
  if (options.metadata !== undefined && kind !== 'npy') {
    throw new InputError('carries its own metadata: a metadata file goes with npy files only', {
      where: path,
      next: 'remove "metadata" from the description of this file',
    });
  }
  if (kind === 'parquet') return openParquet(path);
  if (kind === 'jsonl') return openJsonl(path, options);
  if (kind === 'npy') {
    const { metadata } = options;
    return openNpy(path, metadata === undefined ? undefined : await openRecords(metadata, options));
  }
  throw new InputError('is no file of vectors that is read here', {
    where: path,
    next: 'use .parquet, .jsonl, .jsonl.gz or .npy',
  });
}

export type FileKind = 'parquet' | 'jsonl' | 'npy' | 'hdf5';

const KINDS: Readonly<Record<string, FileKind>> = {
  '.parquet': 'parquet',
  '.jsonl': 'jsonl',
  '.jsonl.gz': 'jsonl',
  '.npy': 'npy',
  '.hdf5': 'hdf5',
  '.h5': 'hdf5',
};

/** Endings of the files that can be read. */
export const EXTENSIONS = Object.keys(KINDS);

/** The ending of a path, if it is one that is read. */
export function fileExtension(path: string): string | undefined {
  const lower = path.toLowerCase();
  return EXTENSIONS.find((end) => lower.endsWith(end));
}

export function fileKind(path: string): FileKind | undefined {
  const extension = fileExtension(path);
  return extension === undefined ? undefined : KINDS[extension];
}
