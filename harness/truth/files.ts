import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { METRICS, type Metric } from '../../datasets/dataset.js';
import { checkLists, withStored } from '../../datasets/formats/parquet/stored.js';
import { NO_ROW, type Truth } from '../model/samples.js';
import { type TruthData, writeHdf5 } from './ann-benchmarks.js';
import { KERNELS, type KernelName } from './kernel.js';
import type { SampleCheck } from './sample-check.js';

export const TRUTH_FORMATS = ['.hdf5', '.h5', '.parquet'] as const;

/** A truth with what its file says of it. */
export interface StoredTruth extends Truth {
  metric: Metric;
  kernel: KernelName | undefined;
  /** Time it took to compute. */
  seconds: number | undefined;
  gflops?: number | undefined;
  checked?: SampleCheck | undefined;
  /** Of rows that are not all: the lists of a query may be short. */
  part?: TruthPart | undefined;
}

/** Which rows of what were compared. */
export interface TruthPart {
  /** Rows `from` to `to` - 1 of `points`. */
  from: number;
  to: number;
  points: number;
  /** Content hashes. */
  datasetHash: string;
  queriesHash: string;
}

type Writable = Truth & Partial<Pick<StoredTruth, 'kernel' | 'seconds' | 'gflops' | 'checked' | 'part'>>;

/**
 * Writes a truth: whole or not at all.
 * `.parquet`: one row per query, lists `neighbors` (int32) and `distances` (float64), a hash over both; with filters
 * also `matches` (int32), the points that pass, and lists no longer than that.
 * `.hdf5`: ann-benchmarks' datasets `neighbors` (int32) and `distances` (float32) and its attribute `distance`;
 * lists that filters make short are padded with -1 and NaN. With `data` also `train` and `test`. See ann-benchmarks.ts.
 * Throws InputError for another extension, FailureError if it cannot be written.
 */
export async function writeTruth(
  path: string,
  truth: Writable,
  { metric, data }: { metric: Metric; data?: TruthData | undefined },
): Promise<void> {
  const extension = extname(path).toLowerCase();
  if (extension === '.parquet') return writeParquet(path, truth, metric);
  if (extension === '.hdf5' || extension === '.h5') return writeHdf5(path, truth, metric, data);
  throw new InputError('a truth is written as .hdf5 or .parquet', {
    where: path,
    got: extension,
    next: 'choose a name that ends in .hdf5 or .parquet',
  });
}

const LISTS: SchemaElement[] = [...list('neighbors', 'INT32'), ...list('distances', 'DOUBLE')];
const SCHEMA: SchemaElement[] = [{ name: 'root', num_children: 2 }, ...LISTS];
const FILTERED_SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: 3 },
  ...LISTS,
  { name: 'matches', type: 'INT32', repetition_type: 'REQUIRED' },
];

/** A list of numbers for each row. */
export function list(name: string, type: 'INT32' | 'DOUBLE'): SchemaElement[] {
  const group = { num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } } as const;
  return [
    { name, repetition_type: 'REQUIRED', ...group },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type, repetition_type: 'REQUIRED' },
  ];
}

function writeParquet(path: string, truth: Writable, metric: Metric): void {
  const { count, depth, rows, distances, matches, kernel, seconds, gflops, checked, margin, part } = truth;
  const lists = (values: Int32Array | Float64Array): number[][] =>
    Array.from({ length: count }, (_, i) =>
      Array.from(values.subarray(i * depth, i * depth + Math.min(depth, matches?.[i] ?? depth))),
    );
  const facts = { metric, depth, sha256: contentHash(truth), kernel, seconds, gflops, checked, margin, part };
  const filtered = matches === undefined ? [] : [{ name: 'matches', data: matches }];
  const buffer = parquetWriteBuffer({
    schema: matches === undefined ? SCHEMA : FILTERED_SCHEMA,
    columnData: [
      { name: 'neighbors', data: lists(rows) },
      { name: 'distances', data: lists(distances) },
      ...filtered,
    ],
    statistics: false,
    kvMetadata: [{ key: 'vecproof.truth', value: JSON.stringify(facts) }],
  });
  writeFileAtomic(path, new Uint8Array(buffer));
}

/**
 * Reads a truth that `writeTruth` wrote as Parquet. Throws InputError naming the file if it is missing, damaged (its
 * content is hashed and compared) or of another kind.
 */
export async function readTruth(path: string): Promise<StoredTruth> {
  const truth = await readTruthOrPart(path);
  if (truth.part === undefined) return truth;
  const { from, to, points } = truth.part;
  throw new InputError('is a part of a truth', {
    where: path,
    got: `rows ${from} to ${to - 1} of ${points}`,
    next: 'merge it with the others: vecproof merge <parts> --truth <file>',
  });
}

/** The same for a part, too. */
export async function readTruthOrPart(path: string): Promise<StoredTruth> {
  try {
    return await readParquet(path);
  } catch (error) {
    throw new InputError('is not a readable truth file', {
      where: path,
      got: error,
      next: 'restore the file from a copy, or have it made again (vecproof truth, or a new run)',
      cause: error,
    });
  }
}

function readParquet(path: string): Promise<StoredTruth> {
  return withStored(path, async ({ metadata, rows: count, bytes, names, read }) => {
    const facts = factsOf(metadata.key_value_metadata?.find(({ key }) => key === 'vecproof.truth')?.value);
    const { depth } = facts;
    checkLists(bytes, count * depth * 2);
    const rows = new Int32Array(count * depth).fill(NO_ROW);
    const distances = new Float64Array(count * depth).fill(Number.NaN);
    const filtered = names.includes('matches');
    const matches = filtered ? new Int32Array(count) : undefined;
    let seen = 0;
    await read(({ columnName, columnData, rowStart }) => {
      seen += columnData.length;
      if (columnName === 'matches') {
        matches?.set(columnData as ArrayLike<number>, rowStart);
        return;
      }
      const into = columnName === 'neighbors' ? rows : distances;
      const lists = columnData as ArrayLike<ArrayLike<number>>;
      for (let i = 0; i < lists.length; i++) into.set(lists[i]!, (rowStart + i) * depth);
    });
    const truth = { count, depth, rows, distances, matches };
    if (seen !== (filtered ? 3 : 2) * count || contentHash(truth) !== facts.sha256)
      throw new Error('its content does not match its hash');
    const { metric, kernel, seconds, gflops, checked, margin, part } = facts;
    return { ...truth, metric, kernel, seconds, gflops, checked, margin, part };
  });
}

interface Facts {
  metric: Metric;
  depth: number;
  sha256: string;
  kernel: KernelName | undefined;
  seconds: number | undefined;
  gflops: number | undefined;
  checked: SampleCheck | undefined;
  margin: Truth['margin'];
  part: TruthPart | undefined;
}

function factsOf(text: string | undefined): Facts {
  if (text === undefined) throw new Error('it was not written by vecproof truth');
  const given = JSON.parse(text) as Record<string, unknown>;
  const { metric, depth, sha256, kernel, seconds, gflops, checked, margin } = given;
  if (
    !METRICS.includes(metric as Metric) ||
    !Number.isInteger(depth) ||
    (depth as number) < 1 ||
    typeof sha256 !== 'string'
  ) {
    throw new Error('its metadata is not that of a truth');
  }
  return {
    metric: metric as Metric,
    depth: depth as number,
    sha256,
    kernel: KERNELS.find((name) => name === kernel),
    seconds: typeof seconds === 'number' ? seconds : undefined,
    gflops: typeof gflops === 'number' ? gflops : undefined,
    checked: checkIn(checked),
    margin: marginIn(margin),
    part: partIn(given['part']),
  };
}

function partIn(given: unknown): TruthPart | undefined {
  if (given === undefined) return undefined;
  const { from, to, points, datasetHash, queriesHash } = Object(given) as Record<string, unknown>;
  const rows = [from, to, points].every((each) => Number.isSafeInteger(each) && (each as number) >= 0);
  if (rows && typeof datasetHash === 'string' && typeof queriesHash === 'string')
    return { from, to, points, datasetHash, queriesHash } as TruthPart;
  throw new Error('what it says of its rows is not that');
}

/** Undefined where nothing was checked. */
function checkIn(given: unknown): SampleCheck | undefined {
  if (given === undefined) return undefined;
  const { kernel, queries, seconds } = Object(given) as Record<string, unknown>;
  const known = KERNELS.find((name) => name === kernel);
  if (known !== undefined && Number.isInteger(queries)) {
    const timed = typeof seconds === 'number' ? { seconds } : {};
    return { kernel: known, queries: queries as number, ...timed };
  }
  throw new Error('what it says of its check is not that');
}

/** Undefined in files of earlier versions. */
function marginIn(given: unknown): Truth['margin'] {
  if (given === undefined) return undefined;
  const { relative, absolute } = Object(given) as Record<string, unknown>;
  if (typeof relative === 'number' && typeof absolute === 'number') return { relative, absolute };
  throw new Error('its margin of ties is not one');
}

/** sha256 over shape, rows, distances and, with filters, the numbers of points that pass. */
function contentHash({ count, depth, rows, distances, matches }: Truth): string {
  const hash = createHash('sha256').update(JSON.stringify([count, depth]));
  hash.update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
  hash.update(new Uint8Array(distances.buffer, distances.byteOffset, distances.byteLength));
  if (matches !== undefined) {
    hash.update(new Uint8Array(matches.buffer, matches.byteOffset, matches.byteLength));
  }
  return hash.digest('hex');
}
