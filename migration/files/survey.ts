import { Instant } from '../../datasets/formats/instant.js';
import { isList } from '../../datasets/formats/vector-forms.js';
import { type Row, valueAt } from './rows.js';

/** What one pass over all rows found in a column. */
export interface SurveyedColumn {
  name: string;
  /** Rows that have a value, and rows with a null. */
  values: number;
  nulls: number;
  /** Of lists of numbers: the length of the first, and where the first one of another length is. */
  length: number;
  otherLength?: string | undefined;
  /** What the values are. */
  kinds: Set<ColumnKind>;
  /** Some number of a list has a fraction. */
  fractional: boolean;
  /** Rows of a list whose numbers float32 does not hold. */
  rounded: number;
  /** Of single values: which types, and what ids they could be. */
  types: Set<ScalarType | 'list'>;
  ids: { integers: number; negative: boolean; large: boolean; texts: number; uuids: number };
}

type ScalarType = 'string' | 'integer' | 'float' | 'boolean' | 'timestamp';

/** `numbers`: a list of numbers; `rows`: a list of such lists; `sparse`: indices and values; `object`: another object. */
export type ColumnKind = 'numbers' | 'rows' | 'sparse' | 'object' | 'text' | 'other' | 'empty list';

export interface Survey {
  count: number;
  columns: ReadonlyMap<string, SurveyedColumn>;
  first: Row | undefined;
  /** Dotted paths of timestamps. */
  timestamps: ReadonlySet<string>;
}

/** Reads all rows once: which columns there are, and which of them can hold vectors. */
export async function surveyRows(
  read: AsyncIterable<Row>,
  dotted: readonly string[],
  signal: AbortSignal,
): Promise<Survey> {
  const columns = new Map<string, SurveyedColumn>();
  const timestamps = new Set<string>();
  let count = 0;
  let first: Row | undefined;
  for await (const row of read) {
    if ((count & 1023) === 0) signal.throwIfAborted();
    first ??= row;
    count++;
    for (const name in row.record) {
      look(columns, name, row.record[name], row);
      findTimestamps(row.record[name], name, timestamps);
    }
    for (const name of dotted) if (!(name in row.record)) look(columns, name, valueAt(row.record, name), row);
  }
  return { count, columns, first, timestamps };
}

function look(columns: Map<string, SurveyedColumn>, name: string, value: unknown, row: Row): void {
  let column = columns.get(name);
  if (column === undefined) {
    const nothing = { values: 0, nulls: 0, length: 0, fractional: false, rounded: 0 };
    const ids = { integers: 0, negative: false, large: false, texts: 0, uuids: 0 };
    column = { name, kinds: new Set(), types: new Set(), ids, ...nothing };
    columns.set(name, column);
  }
  if (value === null || value === undefined) {
    column.nulls++;
    return;
  }
  column.values++;
  lookAtValue(column, value);
  const kind = kindOf(value);
  column.kinds.add(kind);
  if (kind === 'numbers') lookAtNumbers(column, value as ArrayLike<number>, row);
  else if (kind === 'rows') {
    for (const each of value as ArrayLike<number>[]) lookAtNumbers(column, each, row);
    column.fractional = true;
  }
}

const LARGEST = 2n ** 63n - 1n;

function lookAtValue({ types, ids }: SurveyedColumn, value: unknown): void {
  const type = scalarOf(value);
  types.add(type ?? 'list');
  if (type === 'integer') {
    const integer = BigInt(value as number | bigint);
    ids.integers++;
    ids.negative ||= integer < 0n;
    ids.large ||= integer > LARGEST;
  } else if (type === 'string') ids.texts++;
  else if (typeof value === 'object' && value !== null && '$uuid' in value) ids.uuids++;
}

function scalarOf(value: unknown): ScalarType | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? 'integer' : 'float';
  return value instanceof Instant ? 'timestamp' : undefined;
}

function findTimestamps(value: unknown, path: string, found: Set<string>): void {
  if (value instanceof Instant) found.add(path);
  else if (Array.isArray(value)) {
    // Lists of numbers and texts have none.
    if (typeof value[0] === 'object') for (const each of value) findTimestamps(each, path, found);
  } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
    for (const [key, each] of Object.entries(value)) findTimestamps(each, `${path}.${key}`, found);
}

function kindOf(value: unknown): ColumnKind {
  if (typeof value === 'string') return 'text';
  if (value instanceof Uint8Array) return 'other';
  if (isList(value)) return listKind(value);
  if (typeof value !== 'object') return 'other';
  const keys = Object.keys(value as object);
  if (Object.getPrototypeOf(value) !== null && Object.getPrototypeOf(value) !== Object.prototype)
    return 'other';
  const { indices, values } = value as { indices?: unknown; values?: unknown };
  return keys.length === 2 && isNumbers(indices) && isNumbers(values) && indices.length === values.length
    ? 'sparse'
    : 'object';
}

function listKind(value: ArrayLike<unknown>): ColumnKind {
  if (value.length === 0) return 'empty list';
  if (isNumbers(value)) return 'numbers';
  return Array.prototype.every.call(value, (each) => isNumbers(each) && each.length > 0) ? 'rows' : 'other';
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  if (ArrayBuffer.isView(value)) return true;
  return Array.isArray(value) && value.every((each) => typeof each === 'number' || typeof each === 'bigint');
}

function lookAtNumbers(column: SurveyedColumn, numbers: ArrayLike<number | bigint>, row: Row): void {
  if (column.length === 0) column.length = numbers.length;
  else if (column.length !== numbers.length) column.otherLength ??= row.place();
  if (ArrayBuffer.isView(numbers) && !(numbers instanceof Float64Array)) {
    column.fractional ||= numbers instanceof Float32Array;
    return;
  }
  let exact = true;
  for (let i = 0; i < numbers.length; i++) {
    const value = Number(numbers[i]);
    if (!Number.isInteger(value)) column.fractional = true;
    if (Math.fround(value) !== value && !isShort(value)) exact = false;
  }
  if (!exact) column.rounded++;
}

/** A number of nine digits and less is how float32 is written down: the nearest one is meant. */
function isShort(value: number): boolean {
  return Number.isNaN(value) || Number(value.toPrecision(9)) === value;
}
