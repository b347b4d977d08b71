import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { z } from 'zod';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { hideSecrets } from '../../common/secrets.js';
import { withStored } from '../../datasets/formats/parquet/stored.js';
import { type Candidates, WRITE_KINDS, type Write, type WriteLog } from '../model/writes.js';
import { churnFiles, type RunFolder } from './run-folder.js';

/** Columns of the writes' file with their Parquet type. */
const COLUMNS = {
  kind: 'BYTE_ARRAY',
  row: 'INT32',
  due: 'DOUBLE',
  sent: 'DOUBLE',
  acknowledged: 'DOUBLE',
  error: 'BYTE_ARRAY',
  followed: 'BOOLEAN',
  before: 'BOOLEAN',
  looks: 'INT32',
  unseen: 'DOUBLE',
  seen: 'DOUBLE',
  kept: 'BOOLEAN',
} as const satisfies Record<keyof Write, SchemaElement['type']>;
const NAMES = Object.keys(COLUMNS) as (keyof Write)[];
const REQUIRED: readonly (keyof Write)[] = ['kind', 'row', 'due', 'followed', 'looks'];

const number = z.number().nullable();
const flag = z.boolean().nullable();
const writeSchema: z.ZodType<Write> = z.strictObject({
  kind: z.enum(WRITE_KINDS),
  row: z.int().min(0),
  due: z.number(),
  sent: number,
  acknowledged: number,
  error: z.string().nullable(),
  followed: z.boolean(),
  before: flag,
  looks: z.int().min(0),
  unseen: number,
  seen: number,
  kept: flag,
});
const aboutSchema = z.strictObject({ from: z.number(), to: z.number(), points: z.int().min(0) });
const KEY = 'vecproof.writes';

/** Writes both files of a trial that changed its collection; see `docs/run-folder.md`. */
export function writeWrites(folder: RunFolder, trial: string, log: WriteLog, candidates: Candidates): void {
  const { writes: path, candidates: other } = churnFiles(folder, trial);
  const { writes, ...about } = log;
  const column = (name: keyof Write) =>
    writes.map((write) => {
      const value = write[name];
      return name === 'error' && value !== null ? hideSecrets(String(value)) : value;
    });
  const schema: SchemaElement[] = NAMES.map((name) => ({
    name,
    type: COLUMNS[name],
    repetition_type: REQUIRED.includes(name) ? 'REQUIRED' : 'OPTIONAL',
    ...(COLUMNS[name] === 'BYTE_ARRAY' && { converted_type: 'UTF8' }),
  }));
  const rows = parquetWriteBuffer({
    schema: [{ name: 'root', num_children: NAMES.length }, ...schema],
    columnData: NAMES.map((name) => ({ name, data: column(name) })),
    statistics: false,
    rowGroupSize: 1_000_000,
    kvMetadata: [{ key: KEY, value: JSON.stringify(about) }],
  });
  writeFileAtomic(path, new Uint8Array(rows));
  writeCandidates(other, candidates);
}

const LISTS = { rows: 'INT32', versions: 'INT32', distances: 'DOUBLE' } as const;

function writeCandidates(path: string, { starts, ...columns }: Candidates): void {
  const cut = (values: Int32Array | Uint8Array | Float64Array) =>
    Array.from({ length: starts.length - 1 }, (_, q) =>
      Array.from(values.subarray(starts[q]!, starts[q + 1]!)),
    );
  const lists = Object.entries(LISTS) as [keyof typeof LISTS, 'INT32' | 'DOUBLE'][];
  const schema = lists.flatMap(([name, type]): SchemaElement[] => [
    {
      name,
      repetition_type: 'REQUIRED',
      num_children: 1,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type, repetition_type: 'REQUIRED' },
  ]);
  const buffer = parquetWriteBuffer({
    schema: [{ name: 'root', num_children: lists.length }, ...schema],
    columnData: lists.map(([name]) => ({ name, data: cut(columns[name]) })),
    statistics: false,
    rowGroupSize: 1_000_000,
  });
  writeFileAtomic(path, new Uint8Array(buffer));
}

/** Throws InputError naming the file if one is missing or damaged. */
export async function readWrites(
  folder: Pick<RunFolder, 'samples'>,
  trial: string,
): Promise<{ log: WriteLog; candidates: Candidates }> {
  const { writes, candidates } = churnFiles(folder, trial);
  return { log: await guarded(writes, readLog), candidates: await guarded(candidates, readCandidates) };
}

async function guarded<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    throw new InputError('what was written in this trial cannot be read', {
      where: path,
      got: error,
      next: 'restore the file from a copy of the run, or measure again',
      cause: error,
    });
  }
}

function readLog(path: string): Promise<WriteLog> {
  return withStored(path, async ({ metadata, rows, names, read }) => {
    const text = metadata.key_value_metadata?.find(({ key }) => key === KEY)?.value;
    const about = aboutSchema.parse(JSON.parse(text ?? 'null'));
    for (const name of NAMES) if (!names.includes(name)) throw new Error(`column ${name} is missing`);
    const columns = await columnsOf(read, NAMES, rows);
    const writes = Array.from({ length: rows }, (_, i) => {
      const given = NAMES.map((name) => [name, columns.get(name)![i] ?? null]);
      return writeSchema.parse(Object.fromEntries(given));
    });
    return { ...about, writes };
  });
}

function readCandidates(path: string): Promise<Candidates> {
  return withStored(path, async ({ rows: count, names, read }) => {
    const wanted = Object.keys(LISTS);
    for (const name of wanted) if (!names.includes(name)) throw new Error(`column ${name} is missing`);
    const columns = await columnsOf(read, wanted, count);
    const lists = (name: keyof typeof LISTS) => columns.get(name) as ArrayLike<number>[];
    const starts = new Int32Array(count + 1);
    for (let q = 0; q < count; q++) {
      const { length } = lists('rows')[q]!;
      if (lists('versions')[q]!.length !== length || lists('distances')[q]!.length !== length)
        throw new Error(`lists of query ${q} differ in length`);
      starts[q + 1] = starts[q]! + length;
    }
    const flat = (name: keyof typeof LISTS) => lists(name).flatMap((list) => Array.from(list));
    return {
      starts,
      rows: Int32Array.from(flat('rows')),
      versions: Uint8Array.from(flat('versions')),
      distances: Float64Array.from(flat('distances')),
    };
  });
}

type Stored = Parameters<Parameters<typeof withStored>[1]>[0];

async function columnsOf(read: Stored['read'], names: readonly string[], rows: number) {
  const columns = new Map<string, unknown[]>(names.map((name) => [name, []]));
  await read(
    ({ columnName, columnData }) => {
      const into = columns.get(columnName);
      for (let i = 0; i < columnData.length; i++) into?.push(columnData[i]);
    },
    [...names],
  );
  for (const [name, { length }] of columns)
    if (length !== rows) throw new Error(`column ${name} has ${length} of ${rows} values`);
  return columns;
}
