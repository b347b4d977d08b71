import { parquetScan, parquetSchema, type SchemaTree } from 'hyparquet';
import { InputError, messageOf } from '../../common/errors.js';
import { Instant } from '../../datasets/formats/instant.js';
import { CellCursor } from '../../datasets/formats/parquet/cells.js';
import { COMPRESSORS } from '../../datasets/formats/parquet/compression.js';
import { openParquetFile, type ParquetFile } from '../../datasets/formats/parquet/file.js';
import { checkColumns } from '../../datasets/formats/parquet/pages.js';
import { isCell, scalarType, typeWords } from '../../datasets/formats/parquet/schema.js';
import { numberLeaf, numberLists, numbersOf } from './parquet-lists.js';
import type { DeclaredColumn, FileRows, Hints, Row } from './rows.js';

/** Rows decoded at once of columns that are neither plain values nor lists of numbers. */
const WINDOW = 1 << 17;
const TAKE = 1 << 10;

/**
 * Rows of Parquet files with the same columns, by pyarrow, pandas, DuckDB, Spark and others.
 * @throws InputError naming a file that is damaged, or whose columns differ from the first one's
 */
export async function parquetRows(paths: readonly string[], hints: Hints = {}): Promise<FileRows> {
  const first = await described(paths[0]!);
  for (const path of paths.slice(1)) requireSame(await described(path), first);
  const named = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
  const dates = [...first.declared].flatMap(([name, { native }]) => (native === 'date' ? [name] : []));
  return {
    format: 'parquet',
    files: paths,
    declared: first.declared,
    hints,
    absence: 'null',
    notes: [
      ...(dates.length === 0 ? [] : [`dates of ${named(dates)} become their midnight in UTC`]),
      ...(first.naive.length === 0
        ? []
        : [`times of ${named(first.naive)} say no zone, and are read as those of UTC`]),
    ],
    async *read() {
      for (const path of paths) yield* readFile(path);
    },
  };
}

interface Described {
  path: string;
  declared: ReadonlyMap<string, DeclaredColumn>;
  /** Columns that hold, or have inside them, times without a zone. */
  naive: readonly string[];
}

async function described(path: string): Promise<Described> {
  const file = await openParquetFile(path);
  try {
    const { children } = parquetSchema(file.metadata);
    return {
      path,
      declared: new Map(children.map((each) => [each.element.name, declare(each)])),
      naive: children.filter(holdsNaiveTimes).map(({ element }) => element.name),
    };
  } finally {
    file.close();
  }
}

function holdsNaiveTimes({ element, children }: SchemaTree): boolean {
  const { logical_type: type } = element;
  return (type?.type === 'TIMESTAMP' && !type.isAdjustedToUTC) || children.some(holdsNaiveTimes);
}

function declare(column: SchemaTree): DeclaredColumn {
  const leaf = numberLeaf(column);
  const uuid = column.element.logical_type?.type === 'UUID';
  return {
    native: typeWords(column),
    ...(leaf && { numbers: numbersOf(leaf) }),
    ...(uuid && { uuid }),
  };
}

function requireSame(other: Described, first: Described): void {
  const words = ({ declared }: Described) =>
    [...declared]
      .map(([name, { native }]) => `${name}: ${native}`)
      .sort()
      .join(', ');
  if (words(other) === words(first)) return;
  throw new InputError('has other columns than the first file', {
    where: other.path,
    got: words(other),
    next: `give files with the same columns (${words(first)})`,
  });
}

async function* readFile(path: string): AsyncGenerator<Row> {
  const file = await openParquetFile(path);
  let number = 0;
  try {
    for await (const record of records(file)) {
      const row = number++;
      yield { place: () => `${path} row ${row}`, record };
    }
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error) throw error;
    throw new InputError(`is damaged at or after row ${number}: ${messageOf(error)}`, {
      where: path,
      next: 'write or download it again',
      cause: error,
    });
  } finally {
    file.close();
  }
  const rows = Number(file.metadata.num_rows);
  if (number !== rows)
    throw new InputError(`ends after ${number} rows, its footer says ${rows}`, {
      where: path,
      next: 'the file is damaged: write or download it again',
    });
}

type Take = (count: number) => unknown[];

async function* records(file: ParquetFile): AsyncGenerator<Record<string, unknown>> {
  const root = parquetSchema(file.metadata);
  // All pages are looked through first: the library believes what they say.
  checkColumns(file);
  const scan = await parquetScan({
    file: file.buffer,
    metadata: file.metadata,
    compressors: COMPRESSORS,
    parsers: PARSERS as never,
  });
  const streams: [name: string, take: Take][] = [];
  const whole: string[] = [];
  for (const column of root.children) {
    const { name } = column.element;
    const take = streamOf(file, root, column);
    if (take === undefined) whole.push(name);
    else streams.push([name, take]);
  }
  for (const { rowStart, rowEnd } of scan.ranges) {
    for (let from = rowStart; from < rowEnd; from += WINDOW) {
      const to = Math.min(from + WINDOW, rowEnd);
      const columns: [string, ArrayLike<unknown>][] = [];
      for (const name of whole)
        columns.push([name, await scan.readColumn({ column: name, rowStart: from, rowEnd: to })]);
      yield* assembled(streams, columns, to - from);
    }
  }
}

function* assembled(
  streams: readonly [name: string, take: Take][],
  columns: readonly [string, ArrayLike<unknown>][],
  count: number,
): Generator<Record<string, unknown>> {
  for (let start = 0; start < count; start += TAKE) {
    const size = Math.min(TAKE, count - start);
    const taken = streams.map(([name, take]) => [name, take(size)] as const);
    for (let i = 0; i < size; i++) {
      const record = Object.create(null) as Record<string, unknown>;
      for (const [name, values] of taken) record[name] = values[i] ?? null;
      for (const [name, values] of columns) record[name] = values[start + i] ?? null;
      yield record;
    }
  }
}

/** Columns that are read page by page; undefined: in windows. */
function streamOf(file: ParquetFile, root: SchemaTree, column: SchemaTree): Take | undefined {
  if (numberLeaf(column) !== undefined) {
    const lists = numberLists(file, root, column);
    return (count) =>
      Array.from({ length: count }, () => {
        const next = lists.next();
        if (next.done === true) throw new Error(`column "${column.element.name}" has fewer rows`);
        return next.value;
      });
  }
  if (!isCell(column) || scalarType(column.element) === 'timestamp') return undefined;
  const cells = new CellCursor(file, [root, column]);
  return (count) => cells.take(count);
}

/** Timestamps and dates as instants; finer ones are refused where they are used. */
const PARSERS = {
  timestampFromMilliseconds: (value: bigint) => new Instant(BigInt(value) * 1000n),
  timestampFromMicroseconds: (value: bigint) => new Instant(BigInt(value)),
  timestampFromNanoseconds: (value: bigint) => new Instant(value / 1000n, value % 1000n !== 0n),
  dateFromDays: (days: number) => new Instant(BigInt(days) * 86_400_000_000n),
};
