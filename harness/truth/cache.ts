import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../common/errors.js';
import { makeFolder } from '../../common/files.js';
import type { PreparedVectors } from '../../datasets/dataset.js';
import { checkpointAt } from './checkpoint.js';
import { type ComputedTruth, computeTruth, TRUTH_VERSION } from './compute.js';
import { readTruthOrPart, type StoredTruth, type TruthPart, writeTruth } from './files.js';
import { marginFor } from './margin.js';
import type { TruthOptions } from './options.js';
import type { QuerySelections } from './selections.js';

export interface CachedTruthOptions extends TruthOptions {
  /** `.cache`; truths are kept in its folder `truth`. */
  cacheFolder: string;
  /** Content hashes of what goes in. */
  datasetHash: string;
  queriesHash: string;
  vectors: PreparedVectors;
  /** Row-major, as many dimensions as the vectors. */
  queries: Float32Array;
}

export interface CachedTruth extends ComputedTruth {
  fromCache: boolean;
}

/**
 * The truth from the cache, or computed and put there. A damaged cache file is reported by `onWarning` and computed
 * again; a cache that cannot be written is reported too and costs only time. `seconds` is what computing it took,
 * whenever that was.
 */
export async function loadOrComputeTruth(options: CachedTruthOptions): Promise<CachedTruth> {
  const folder = join(options.cacheFolder, 'truth');
  const path = join(folder, `${cacheKey(options)}.parquet`);
  const margin = marginFor(options.vectors, options.queries, options.metric);
  const stored = await load(path, options);
  if (stored !== undefined) return { ...stored, margin };
  const checkpoint = isLong(options) ? checkpointAt(`${path}.partial`, options.onWarning) : undefined;
  const truth = {
    ...(await computeTruth(options.vectors, options.queries, { ...options, checkpoint })),
    margin,
  };
  try {
    makeFolder(folder);
    await writeTruth(path, { ...truth, part: partOf(options) }, options);
  } catch (error) {
    options.onWarning?.(`truth: not kept in the cache: ${messageOf(error)}`);
  }
  return { ...truth, fromCache: false };
}

/** Multiplications and additions from which on a scan that was stopped is taken up again: a minute of two cores, or more. */
const LONG = 5e12;

function isLong({ vectors, queries, part }: CachedTruthOptions): boolean {
  const rows = part === undefined ? vectors.count : part.to - part.from;
  return 2 * rows * queries.length >= LONG;
}

/** What a file says of a part; undefined: it is the whole. */
export function partOf({
  part,
  vectors,
  datasetHash,
  queriesHash,
}: Pick<CachedTruthOptions, 'part' | 'vectors' | 'datasetHash' | 'queriesHash'>): TruthPart | undefined {
  return part && { ...part, points: vectors.count, datasetHash, queriesHash };
}

function cacheKey({
  datasetHash,
  queriesHash,
  metric,
  k,
  kernel,
  selections,
  part,
}: CachedTruthOptions): string {
  const parts = {
    version: TRUTH_VERSION,
    datasetHash,
    queriesHash,
    metric,
    k,
    kernel: kernel ?? 'default',
    // Absent where no query has a filter, so that those truths keep their names.
    selections: selections && selectionsHash(selections),
    part,
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** sha256 of which query may find which points. */
function selectionsHash({ of, list }: QuerySelections): string {
  const hash = createHash('sha256').update(bytesOf(of));
  for (const { words } of list) hash.update(bytesOf(words));
  return hash.digest('hex');
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function load(path: string, options: CachedTruthOptions): Promise<CachedTruth | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const stored = await readTruthOrPart(path);
    const { kernel, seconds } = stored;
    if (!fits(stored, options) || kernel === undefined || seconds === undefined) {
      throw new Error(`${path}: holds another truth than its name says`);
    }
    return { ...stored, kernel, seconds, fromCache: true };
  } catch (error) {
    options.onWarning?.(`truth: the cached file is damaged and is computed again: ${messageOf(error)}`);
    return undefined;
  }
}

function fits(
  stored: StoredTruth,
  { vectors, queries, metric, k, selections, part }: CachedTruthOptions,
): boolean {
  const depth = Math.min(k, vectors.count);
  const count = queries.length / vectors.dimensions;
  const filtered = (stored.matches === undefined) === (selections === undefined && part === undefined);
  return stored.metric === metric && stored.depth === depth && stored.count === count && filtered;
}
