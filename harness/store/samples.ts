import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { hideSecrets } from '../../common/secrets.js';
import { checkLists, withStored } from '../../datasets/formats/parquet/stored.js';
import { NO_ROW, NOT_ANSWERED, type Samples, UNKNOWN_KEY } from '../model/samples.js';

const SCALARS = ['query', 'repetition', 'due', 'sent', 'answered', 'returned'] as const;
const LISTS = ['rows', 'scores', 'distances'] as const;

const SCHEMA: SchemaElement[] = [
  { name: 'query', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'repetition', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'due', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'sent', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'answered', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'returned', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'error', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  ...list('rows', 'INT32'),
  ...list('scores', 'DOUBLE'),
  ...list('distances', 'DOUBLE'),
];
/** Only where queries had filters. */
const FLAWS = list('flaws', 'INT32');

function schemaOf({ flaws }: Samples): SchemaElement[] {
  const columns = SCALARS.length + 1 + LISTS.length + (flaws === undefined ? 0 : 1);
  return [{ name: 'root', num_children: columns }, ...SCHEMA, ...(flaws === undefined ? [] : FLAWS)];
}

function list(name: string, type: 'INT32' | 'DOUBLE'): SchemaElement[] {
  return [
    {
      name,
      repetition_type: 'REQUIRED',
      num_children: 1,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type, repetition_type: 'REQUIRED' },
  ];
}

/** Arrays for `length` entries of `k` hits, padded as `Samples` says. */
export function emptySamples(length: number, k: number): Samples {
  return clearSamples({
    length,
    k,
    query: new Int32Array(length),
    repetition: new Int32Array(length),
    due: new Float64Array(length),
    sent: new Float64Array(length),
    answered: new Float64Array(length),
    error: new Array<string | null>(length),
    returned: new Int32Array(length),
    rows: new Int32Array(length * k),
    scores: new Float64Array(length * k),
    distances: new Float64Array(length * k),
  });
}

/** Empties entries, of which nobody needs the answers any more. */
export function clearSamples(samples: Samples): Samples {
  samples.error.fill(null);
  samples.returned.fill(NOT_ANSWERED);
  samples.rows.fill(NO_ROW);
  samples.scores.fill(Number.NaN);
  samples.distances.fill(Number.NaN);
  return samples;
}

/** An engine's words may hold what it was sent; most queries that fail fail with the same ones. */
function hiddenErrors({ error }: Samples): (string | null)[] {
  const known = new Map<string, string>();
  return error.map((text) => {
    if (text === null) return null;
    const hidden = known.get(text) ?? hideSecrets(text);
    known.set(text, hidden);
    return hidden;
  });
}

/** Writes a trial's raw observations: one row per query and repetition, hits as lists cut to what was returned. */
export function writeSamples(path: string, samples: Samples): void {
  const { length, k, returned } = samples;
  const cut = (values: Int32Array | Float64Array | Uint8Array) =>
    Array.from({ length }, (_, i) => Array.from(values.subarray(i * k, i * k + Math.max(0, returned[i]!))));
  const columnData = [
    ...SCALARS.map((name) => ({ name, data: samples[name] })),
    { name: 'error', data: hiddenErrors(samples) },
    ...LISTS.map((name) => ({ name, data: cut(samples[name]) })),
    ...(samples.flaws === undefined ? [] : [{ name: 'flaws', data: cut(samples.flaws) }]),
  ];
  const kvMetadata = [{ key: 'vecproof.k', value: String(k) }];
  const buffer = parquetWriteBuffer({
    schema: schemaOf(samples),
    columnData,
    statistics: false,
    rowGroupSize: 1_000_000,
    kvMetadata,
  });
  writeFileAtomic(path, new Uint8Array(buffer));
}

/**
 * Reads a trial's raw observations. Throws InputError naming the file if it is damaged or truncated.
 *
 * @param k longer answers are cut to it
 * @param without columns that are not needed: they keep their empty values, and lists are what takes time
 * @param most queries and points that there are, where it is known: what names others is damaged
 */
export async function readSamples(
  path: string,
  k: number,
  without: readonly ('scores' | 'due' | 'sent' | 'answered')[] = [],
  most: { queries?: number; points?: number } = {},
): Promise<Samples> {
  const wanted = [...SCALARS, 'error', ...LISTS].filter(
    (name) => !(without as readonly string[]).includes(name),
  );
  const columns = await readColumns(path, wanted, k);
  const length = columns.get('query')?.length ?? 0;
  const samples = emptySamples(length, k);
  for (const name of SCALARS)
    if (columns.has(name)) samples[name].set(columns.get(name) as ArrayLike<number>);
  samples.error = Array.from(columns.get('error') as ArrayLike<string | null>, (text) => text ?? null);
  for (const name of LISTS) {
    if (!columns.has(name)) continue;
    const lists = columns.get(name) as ArrayLike<ArrayLike<number>>;
    for (let i = 0; i < length; i++) samples[name].set(firstOf(lists[i]!, k), i * k);
  }
  for (let i = 0; i < length; i++) samples.returned[i] = Math.min(samples.returned[i]!, k);
  const flaws = columns.get('flaws') as ArrayLike<ArrayLike<number>> | undefined;
  if (flaws !== undefined) {
    samples.flaws = new Uint8Array(length * k);
    for (let i = 0; i < length; i++) samples.flaws.set(firstOf(flaws[i]!, k), i * k);
  }
  checkSamples(path, samples, most);
  return samples;
}

function checkSamples(
  path: string,
  { length, query, repetition, returned, rows }: Samples,
  {
    queries = Number.POSITIVE_INFINITY,
    points = Number.POSITIVE_INFINITY,
  }: { queries?: number; points?: number },
): void {
  const refuse = (i: number, what: string, got: number) => {
    throw new InputError(`sample ${i} has ${what} that there is not`, {
      where: path,
      got,
      next: 'restore the file from a copy of the run, or measure again',
    });
  };
  for (let i = 0; i < length; i++) {
    if (query[i]! < 0 || query[i]! >= queries) refuse(i, 'a query', query[i]!);
    if (repetition[i]! < 0) refuse(i, 'a repetition', repetition[i]!);
    if (returned[i]! < NOT_ANSWERED) refuse(i, 'a number of hits', returned[i]!);
  }
  const strange = rows.findIndex((row) => row < UNKNOWN_KEY || row >= points);
  if (strange !== -1) refuse(Math.floor(strange / (rows.length / length)), 'a row', rows[strange]!);
}

const firstOf = (list: ArrayLike<number>, k: number): ArrayLike<number> =>
  list.length <= k ? list : Array.from(list).slice(0, k);

async function readColumns(
  path: string,
  wanted: string[],
  k: number,
): Promise<Map<string, ArrayLike<unknown>>> {
  try {
    return await withStored(path, async ({ rows, bytes, names, read }) => {
      for (const name of wanted) if (!names.includes(name)) throw new Error(`column ${name} is missing`);
      checkLists(bytes, rows * k * LISTS.length);
      const parts = new Map<string, ArrayLike<unknown>[]>();
      const optional = names.includes('flaws') ? ['flaws'] : [];
      await read(
        ({ columnName, columnData }) => {
          parts.set(columnName, [...(parts.get(columnName) ?? []), columnData]);
        },
        [...wanted, ...optional],
      );
      const columns = new Map<string, ArrayLike<unknown>>();
      for (const name of [...wanted, ...optional]) {
        const [first = [], ...more] = parts.get(name) ?? [];
        const column = more.length === 0 ? first : [first, ...more].flatMap((part) => Array.from(part));
        if (column.length !== rows) throw new Error(`column ${name} has ${column.length} of ${rows} values`);
        columns.set(name, column);
      }
      return columns;
    });
  } catch (error) {
    throw new InputError('the samples of this trial cannot be read', {
      where: path,
      got: error,
      next: 'restore the file from a copy, or delete it and continue the run with --resume to measure it again',
      cause: error,
    });
  }
}

/** The passes of one trial by repetition, in order. */
export function passesOfSamples(samples: Samples): Map<number, Samples> {
  const numbers = [...new Set(samples.repetition)].sort((a, b) => a - b);
  const { repetition } = samples;
  const entriesOf = (number: number) => Array.from(repetition.keys()).filter((i) => repetition[i] === number);
  return new Map(numbers.map((number) => [number, pickSamples(samples, entriesOf(number))]));
}

/** Some samples, in the order of `entries`, as copies. */
export function pickSamples(samples: Samples, entries: readonly number[]): Samples {
  const { k } = samples;
  const picked = emptySamples(entries.length, k);
  if (samples.flaws !== undefined) picked.flaws = new Uint8Array(entries.length * k);
  for (const [to, from] of entries.entries()) {
    for (const name of SCALARS) picked[name][to] = samples[name][from]!;
    for (const name of LISTS) picked[name].set(samples[name].subarray(from * k, (from + 1) * k), to * k);
    picked.flaws?.set(samples.flaws!.subarray(from * k, (from + 1) * k), to * k);
    picked.error[to] = samples.error[from] ?? null;
  }
  return picked;
}

/** The passes of one trial in order of repetition, joined. All must have the same k. */
export function joinSamples(parts: readonly Samples[]): Samples {
  const k = parts[0]?.k ?? 0;
  const joined = emptySamples(
    parts.reduce((sum, part) => sum + part.length, 0),
    k,
  );
  if (parts.some(({ flaws }) => flaws !== undefined)) joined.flaws = new Uint8Array(joined.length * k);
  let offset = 0;
  for (const part of parts) {
    if (part.flaws !== undefined) joined.flaws!.set(part.flaws, offset * k);
    for (const name of SCALARS) joined[name].set(part[name], offset);
    for (const name of LISTS) joined[name].set(part[name], offset * k);
    for (let i = 0; i < part.length; i++) joined.error[offset + i] = part.error[i] ?? null;
    offset += part.length;
  }
  return joined;
}
