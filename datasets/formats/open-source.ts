import { InputError } from '../../common/errors.js';
import { unreadable } from '../check.js';
import type { VectorSource } from '../source.js';
import { openParquet } from './parquet/source.js';

/** Vectors of one file, by its extension. `metadata` is the jsonl file that goes with an npy file. */
export async function openSource(
  path: string,
  context: { metadata?: string | undefined; cacheFolder: string; signal?: AbortSignal | undefined },
): Promise<VectorSource> {
  const kind = fileKind(path);
  if (context.metadata !== undefined && kind !== 'npy') {
    throw new InputError('has its own metadata; a metadata file goes with npy files only', { where: path });
  }
  try {
    if (kind === 'parquet') return await openParquet(path);
  } catch (error) {
    throw error instanceof Error && 'exitCode' in error ? error : unreadable(path, error);
  }
  throw new InputError('is not a format that holds vectors here', {
    where: path,
    next: `use one of: ${EXTENSIONS.join(', ')}`,
  });
}

export type FileKind = 'parquet' | 'jsonl' | 'npy' | 'hdf5';

const KINDS: Readonly<Record<string, FileKind>> = {
  '.parquet': 'parquet',
  '.jsonl': 'jsonl',
  '.jsonl.gz': 'jsonl',
  '.ndjson': 'jsonl',
  '.ndjson.gz': 'jsonl',
  '.npy': 'npy',
  '.hdf5': 'hdf5',
  '.h5': 'hdf5',
};

/** Endings of the files that can be read. */
export const EXTENSIONS = Object.keys(KINDS);

/** The ending of a path, if it is one that is read; longest first, so that `.jsonl.gz` is one ending. */
export function fileExtension(path: string): string | undefined {
  const lower = path.toLowerCase();
  return EXTENSIONS.filter((end) => lower.endsWith(end)).sort((a, b) => b.length - a.length)[0];
}

export function fileKind(path: string): FileKind | undefined {
  const extension = fileExtension(path);
  return extension === undefined ? undefined : KINDS[extension];
}
