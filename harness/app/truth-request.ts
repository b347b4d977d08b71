import { resolve } from 'node:path';
import { InputError } from '../../common/errors.js';
import { TRUTH_FORMATS } from '../truth/files.js';
import type { KernelName } from '../truth/kernel.js';
import type { Context } from './context.js';
import { type Data, openData } from './data.js';
import type { DatasetOptions } from './dataset-options.js';
import { locate } from './places.js';
import type { Shard } from './shard.js';

export interface TruthRequest {
  /** Catalog name or path. */
  dataset: string;
  /** How it is read. */
  options: DatasetOptions;
  /** File to write; its ending says the format. */
  out: string;
  k: number;
  /** Query set; default: the first. */
  set?: string | undefined;
  /** Only the first queries. */
  limit?: number | undefined;
  kernel?: KernelName | undefined;
  /** Bytes that the process may take. */
  memory?: number | undefined;
  /** Only a part of the points; the file is then merged with the others. */
  shard?: Shard | undefined;
  /** The vectors, too, as ann-benchmarks reads them. */
  withData?: boolean | undefined;
  /** All points within this distance, in place of the k nearest. */
  radius?: number | undefined;
  /** All points at the distance of the k-th, too, however many they are. */
  ties?: boolean | undefined;
}

/** Where a truth is written. Throws InputError for an ending that says no format. */
export function truthPath(out: string, { cwd }: Context, where = '--out'): string {
  const path = resolve(cwd, out);
  if (TRUTH_FORMATS.some((ending) => path.endsWith(ending))) return path;
  throw new InputError('unknown file format', {
    where,
    got: out,
    next: `end the name with ${TRUTH_FORMATS.join(' or ')}`,
  });
}

/** The points and queries that a request names. Throws InputError as `openData` does. */
export function openRequested(
  { dataset, options, set, limit }: TruthRequest,
  context: Context,
): Promise<Data> {
  const nameOrPath = locate(dataset, context.cwd);
  return openData(context, { nameOrPath, ...options, set, limit, seed: undefined, lenient: false });
}
