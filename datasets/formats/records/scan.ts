import { join } from 'node:path';
import { InputError } from '../../../common/errors.js';
import { stillReading } from '../../../common/reading.js';
import { dimensionsError } from '../../check.js';
import type { FieldSchema } from '../../dataset.js';
import { hashFileCached, hashText } from '../../hash.js';
import { keepValue, keptValue, type OnChanged } from '../../kept.js';
import { throwIfInterrupted } from '../../source.js';
import { BadRows } from '../bad-rows.js';
import { idText } from '../ids.js';
import {
  type ColumnChoice,
  type ColumnsRead,
  chooseId,
  chooseText,
  ID_NAMES,
  type NamedColumn,
  pickName,
} from '../names.js';
import { componentsOf, isList } from '../vector-forms.js';
import { describePlace, findVector } from './find-vector.js';
import { type JsonObject, type RecordReader, valueAt } from './reader.js';
import { TypeCollector } from './types.js';
import type { VectorPlace } from './vector-place.js';

const VERSION = 7;

/** What one pass over a file of records found; kept under its content hash, as the pass parses everything. */
export interface RecordScan {
  version: typeof VERSION;
  count: number;
  /** Number of the first record, and where the numbers jump: `[row, number]`. */
  numbers: [row: number, number: number][];
  /** Absent if only ids and metadata were asked for. */
  vector?: VectorPlace | undefined;
  id: string | null;
  columns: ColumnsRead;
  fields: FieldSchema[];
  prepared?: unknown;
}

export interface ScanOptions {
  /** Whether records must have a vector. */
  vectors: boolean;
  columns: ColumnChoice;
  cacheFolder: string;
  signal?: AbortSignal | undefined;
  onChanged?: OnChanged;
}

/**
 * Reads the file once for its number of records, dimensions, key names and field types, and checks that every record
 * has a vector of the same length and an id if the first one has. Throws InputError naming the place.
 */
export async function scanRecords(reader: RecordReader, options: ScanOptions): Promise<RecordScan> {
  const { sha256 } = await hashFileCached(reader.path, options.cacheFolder, options.signal);
  const key = hashText(JSON.stringify([VERSION, reader.format, sha256, options.vectors, options.columns]));
  const entry = join(options.cacheFolder, 'scans', `${key}.json`);
  const known = await keptValue(entry, options.onChanged);
  if (known !== undefined) return known as RecordScan;
  const scan = await readThrough(reader, options);
  await keepValue(entry, scan);
  return scan;
}

/** Where row `row` (from 0) is. */
export function placeOf(reader: RecordReader, { numbers }: RecordScan, row: number): string {
  const jump = numbers.findLast(([at]) => at <= row) ?? [0, 0];
  return reader.place(jump[1] + row - jump[0]);
}

async function readThrough(
  reader: RecordReader,
  { vectors, columns: choice, signal }: ScanOptions,
): Promise<RecordScan> {
  const prepared = await reader.prepare?.();
  let count = 0;
  let expected = Number.NaN;
  let found: Found | undefined;
  const numbers: RecordScan['numbers'] = [];
  const types = new TypeCollector();
  const bad = new BadRows();
  for await (const { number, record } of reader.read(prepared)) {
    if ((count & 1023) === 0) throwIfInterrupted(signal);
    if ((count & 1023) === 0) stillReading();
    if (number !== expected) numbers.push([count, number]);
    expected = number + 1;
    const where = reader.place(number);
    found ??= lookAt(reader, where, record, vectors, choice);
    const { id, vector } = found;
    if (id !== null) bad.try(() => idText(valueAt(record, id), id, () => where));
    if (vector !== undefined) bad.try(() => vectorOf(record, vector, where));
    types.add(where, record, found.skip);
    count++;
  }
  if (found === undefined) {
    throw new InputError('has no lines', { where: reader.path, next: 'give a file with points' });
  }
  bad.throwIfAny();
  const late = found.id === null && choice.id === undefined ? pickName(types.names(), ID_NAMES) : undefined;
  if (late !== undefined && !found.names.includes(late)) throw someIds(reader.path, late);
  const { id, vector } = found;
  const notes = [...found.columns.notes, ...(reader.notes?.(prepared) ?? [])];
  const columns = { ...found.columns, notes };
  return { version: VERSION, count, numbers, vector, id, columns, fields: types.fields(count), prepared };
}

interface Found {
  id: string | null;
  vector: VectorPlace | undefined;
  columns: ColumnsRead;
  /** Names that are no metadata. */
  skip: string[];
  names: string[];
}

/** What the first record says of all. */
function lookAt(
  reader: RecordReader,
  where: string,
  record: JsonObject,
  vectors: boolean,
  choice: ColumnChoice,
): Found {
  const vector = vectors ? findVector(where, record, choice) : undefined;
  const taken = vector === undefined ? [] : placeNames(vector.place);
  const names = Object.keys(record);
  const dotted = [choice.id, choice.text].filter(
    (name) => name !== undefined && !names.includes(name) && valueAt(record, name) !== undefined,
  ) as string[];
  const columns = [...names, ...dotted]
    .filter((name) => !taken.includes(name))
    .map((name) => ({ name, type: reader.typeOf?.(name) ?? typeWords(valueAt(record, name)) }));
  const isUsable = ({ name }: NamedColumn) => canBeId(valueAt(record, name), where);
  const usable = columns.filter(isUsable);
  const id = chooseId(
    where,
    usable,
    columns.filter((each) => !isUsable(each)),
    choice,
  );
  const text = chooseText(
    where,
    columns.filter(({ name }) => typeof valueAt(record, name) === 'string' && name !== id.name),
    choice,
  );
  const others = vector?.others ?? [];
  const read = {
    id: words(columns.find(({ name }) => name === id.name)),
    vector: vector === undefined ? '' : describePlace(vector.place),
    text: words(text),
    idCandidates: id.candidates,
    notes: others.map((name) => `holds vectors also in "${name}"; choose with --vector (dataset.vector)`),
  };
  const skip = [...taken, ...(id.name === null ? [] : [id.name])];
  return { id: id.name, vector: vector?.place, columns: read, skip, names };
}

function words(column: NamedColumn | undefined): string | null {
  return column === undefined ? null : `column "${column.name}" (${column.type})`;
}

function placeNames(place: VectorPlace): string[] {
  return place.kind === 'columns' ? place.names : [place.name];
}

/** A null is refused with its place, not passed over: the column is an id's all the same. */
function canBeId(value: unknown, where: string): boolean {
  if (value === null) return true;
  try {
    idText(value, '', () => where);
    return true;
  } catch {
    return typeof value === 'number' || value === '';
  }
}

function typeWords(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  if (typeof value === 'boolean') return 'boolean';
  if (isList(value)) return 'list';
  return value instanceof Uint8Array ? 'binary' : 'object';
}

/** The components of a record's vector, checked. Throws InputError. */
export function vectorOf(record: JsonObject, place: VectorPlace, where: string): ArrayLike<number> {
  const components =
    place.kind === 'value'
      ? componentsOf(valueAt(record, place.name), place.form)
      : columnNumbers(record, place.names);
  if (typeof components === 'string') {
    const name = place.kind === 'value' ? `"${place.name}"` : 'its columns';
    const value = place.kind === 'value' ? valueAt(record, place.name) : undefined;
    throw new InputError(`has no vector: ${name} ${components}`, {
      where,
      ...(value !== undefined && { got: value }),
      next: 'give every record a vector, or remove it',
    });
  }
  if (components.length !== place.dimensions) {
    throw dimensionsError(where, place.dimensions, components.length);
  }
  return components;
}

function columnNumbers(record: JsonObject, names: readonly string[]): Float64Array | string {
  const out = new Float64Array(names.length);
  for (const [i, name] of names.entries()) {
    const value = record[name];
    if (typeof value !== 'number' && typeof value !== 'bigint') return `hold no number in "${name}"`;
    out[i] = Number(value);
  }
  return out;
}

function someIds(path: string, name: string): InputError {
  return new InputError(`the first record has no "${name}", later ones have`, {
    where: path,
    next: 'give every record an id, or take row numbers: --id row-number',
  });
}
