import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { hideSecrets } from '../../common/secrets.js';
import { withStored } from '../../datasets/formats/parquet/stored.js';
import { NOT_ANSWERED, type Times } from '../model/samples.js';

/** Samples of one file: what is read at a time. */
const SAMPLES = 100_000;

const COLUMNS = [
  ['query', 'INT32'],
  ['repetition', 'INT32'],
  ['due', 'DOUBLE'],
  ['sent', 'DOUBLE'],
  ['answered', 'DOUBLE'],
  ['returned', 'INT32'],
] as const;

/** `<samples>.times.0001.parquet` beside `<samples>.parquet`. */
export function numberedTimes(samplesPath: string, number: number): string {
  const name = basename(samplesPath, '.parquet');
  return join(dirname(samplesPath), `${name}.times.${String(number).padStart(4, '0')}.parquet`);
}

/** The times that stand beside a file of samples, in their order; none where it holds all samples itself. */
export function timesFiles(samplesPath: string): string[] {
  const begin = `${basename(samplesPath, '.parquet')}.times.`;
  if (!existsSync(dirname(samplesPath))) return [];
  return readdirSync(dirname(samplesPath))
    .filter((name) => name.startsWith(begin) && /^\d{4,}\.parquet$/.test(name.slice(begin.length)))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .map((name) => join(dirname(samplesPath), name));
}

/**
 * Writes times beside a file of samples, behind those that are there: one file after the other, each of as many samples as
 * are read at a time.
 * @param blocks in the order of passes, and within one in about the order in which they ended
 */
export async function writeTimes(
  samplesPath: string,
  blocks: AsyncIterable<Times> | Iterable<Times>,
): Promise<void> {
  let number = timesFiles(samplesPath).length;
  let waiting: Times[] = [];
  let length = 0;
  const flush = () => {
    if (length === 0) return;
    writeOne(numberedTimes(samplesPath, ++number), joined(waiting, length));
    [waiting, length] = [[], 0];
  };
  for await (const block of blocks) {
    for (let from = 0; from < block.length; ) {
      const part = slice(block, from, Math.min(block.length, from + SAMPLES - length));
      waiting.push(part);
      length += part.length;
      from += part.length;
      if (length === SAMPLES) flush();
    }
  }
  flush();
}

function writeOne(path: string, times: Times): void {
  const known = new Map<string, string>();
  const errors = times.error.map((text) => {
    if (text === null) return null;
    const hidden = known.get(text) ?? hideSecrets(text);
    known.set(text, hidden);
    return hidden;
  });
  const buffer = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: COLUMNS.length + 1 },
      ...COLUMNS.map(([name, type]) => ({ name, type, repetition_type: 'REQUIRED' as const })),
      { name: 'error', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ],
    columnData: [...COLUMNS.map(([name]) => ({ name, data: times[name] })), { name: 'error', data: errors }],
    statistics: false,
    rowGroupSize: SAMPLES,
  });
  writeFileAtomic(path, new Uint8Array(buffer));
}

/** The times of a trial, file by file. Throws InputError naming one that is damaged or truncated. */
export async function* readTimes(
  paths: readonly string[],
  { queries = Number.POSITIVE_INFINITY }: { queries?: number } = {},
): AsyncGenerator<Times> {
  for (const path of paths) yield await readOne(path, queries);
}

async function readOne(path: string, queries: number): Promise<Times> {
  try {
    return await withStored(path, async ({ rows, names, read }) => {
      const wanted = [...COLUMNS.map(([name]) => name), 'error'];
      for (const name of wanted) if (!names.includes(name)) throw new Error(`column ${name} is missing`);
      if (rows > SAMPLES) throw new Error(`holds ${rows} samples, not up to ${SAMPLES}`);
      const times = empty(rows);
      let seen = 0;
      await read(({ columnName, columnData, rowStart }) => {
        seen += columnData.length;
        if (columnName === 'error')
          for (let i = 0; i < columnData.length; i++)
            times.error[rowStart + i] = (columnData[i] as string | null | undefined) ?? null;
        else times[columnName as (typeof COLUMNS)[number][0]].set(columnData as ArrayLike<number>, rowStart);
      }, wanted);
      if (seen !== rows * wanted.length) throw new Error(`columns have ${seen} values for ${rows} rows`);
      check(times, queries);
      return times;
    });
  } catch (error) {
    throw new InputError('the times of this trial cannot be read', {
      where: path,
      got: error,
      next: 'restore the file from a copy of the run, or measure again',
      cause: error,
    });
  }
}

function check({ length, query, repetition, returned }: Times, queries: number): void {
  for (let i = 0; i < length; i++) {
    const isThere = query[i]! >= 0 && query[i]! < queries && repetition[i]! >= 0;
    if (!isThere || returned[i]! < NOT_ANSWERED)
      throw new Error(`sample ${i} is of a query that there is not`);
  }
}

const empty = (length: number): Times => ({
  length,
  query: new Int32Array(length),
  repetition: new Int32Array(length),
  due: new Float64Array(length),
  sent: new Float64Array(length),
  answered: new Float64Array(length),
  returned: new Int32Array(length),
  error: new Array<string | null>(length).fill(null),
});

function slice(times: Times, from: number, to: number): Times {
  return {
    length: to - from,
    query: times.query.subarray(from, to),
    repetition: times.repetition.subarray(from, to),
    due: times.due.subarray(from, to),
    sent: times.sent.subarray(from, to),
    answered: times.answered.subarray(from, to),
    returned: times.returned.subarray(from, to),
    error: times.error.slice(from, to),
  };
}

function joined(parts: readonly Times[], length: number): Times {
  if (parts.length === 1) return parts[0]!;
  const all = empty(length);
  let at = 0;
  for (const part of parts) {
    for (const [name] of COLUMNS) all[name].set(part[name], at);
    for (let i = 0; i < part.length; i++) all.error[at + i] = part.error[i]!;
    at += part.length;
  }
  return all;
}
