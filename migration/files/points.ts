import { InputError } from '../../common/errors.js';
import { parseTimestamp } from '../../common/timestamps.js';
import { idText } from '../../datasets/formats/ids.js';
import { Instant } from '../../datasets/formats/instant.js';
import { vectorOf } from '../../datasets/formats/records/scan.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, Point, PointValue, Provenance } from '../../engines/contract/points.js';
import { type DenseType, elementsOf, type VectorValue } from '../../engines/contract/vectors.js';
import { record } from '../../engines/kit/check.js';
import type { FileVector } from './find-vectors.js';
import type { Layout } from './layout.js';
import { type Row, valueAt } from './rows.js';
import { pointValue, type ValueNotes } from './values.js';

/** How rows become points. */
export interface Conversion {
  layout: Layout;
  notes: ValueNotes;
  provenance: Provenance | undefined;
  /** Texts that are ids must be UUIDs. */
  uuids: boolean;
}

/** @throws InputError with the place of what no point can have */
export function pointOf({ layout, notes, provenance, uuids }: Conversion, row: Row, number: number): Point {
  const point: { -readonly [K in keyof Point]: Point[K] } = {
    id: layout.id === null ? BigInt(number) : idOf(valueAt(row.record, layout.id), layout.id, row.place),
    vectors: vectorsOf(layout, row),
    metadata: metadataOf(layout, row, notes),
  };
  if (uuids && typeof point.id === 'string' && !UUID.test(point.id)) throw noUuid(point.id, row.place);
  if (layout.text !== undefined) point.text = textOf(valueAt(row.record, layout.text));
  const { version, updated, ...texts } = layout.roles;
  for (const [role, name] of Object.entries(texts))
    point[role as 'uri' | 'tenant' | 'namespace' | 'partition'] = textOf(valueAt(row.record, name));
  if (version !== undefined) point.version = versionOf(valueAt(row.record, version), version, row.place);
  if (updated !== undefined) point.updated = instantOf(valueAt(row.record, updated), updated, row.place);
  if (provenance !== undefined) point.provenance = provenance;
  return point;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function noUuid(id: string, place: () => string): InputError {
  return new InputError('the id is no UUID in its canonical form, lower-case with hyphens', {
    where: place(),
    got: id,
    next: 'leave ?ids=uuid out: the ids are texts then',
  });
}

/** `7`, `"7"` and a UUID are three things: integers stay integers, texts texts. */
export function idOf(value: unknown, column: string, place: () => string): PointId {
  // An empty text is an id that a database may have: "validate" tells of it.
  if (value === '') return value;
  const text = idText(value, column, place);
  const isText =
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    (typeof value === 'object' &&
      !('$numberLong' in value!) &&
      !('$numberInt' in value!) &&
      !('unscaled' in value!));
  return isText ? text : BigInt(text);
}

function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' ? value : String(value);
}

function versionOf(value: unknown, column: string, place: () => string): bigint | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value as number | bigint);
  throw new InputError(`the version in column "${column}" is no integer`, { where: place(), got: value });
}

function instantOf(value: unknown, column: string, place: () => string): bigint | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Instant && !value.finer) return value.microseconds;
  const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (parsed?.state === 'ok') return parsed.value;
  throw new InputError(`the time in column "${column}" cannot be read`, {
    where: place(),
    got: value,
    next: 'give a timestamp of microseconds, or text such as 2024-03-31T00:00:00Z',
  });
}

function metadataOf({ lifted, taken }: Layout, row: Row, notes: ValueNotes): Metadata {
  const source = lifted === undefined ? row.record : ((row.record[lifted] ?? {}) as Record<string, unknown>);
  const metadata = record<PointValue>();
  for (const [name, value] of Object.entries(source))
    if (value !== undefined && !(lifted === undefined ? taken : notes.elsewhere).has(name))
      metadata[name] = pointValue(value, name, notes, row.place);
  return metadata;
}

function vectorsOf({ vectors }: Layout, row: Row): Record<string, VectorValue> {
  const named = record<VectorValue>();
  for (const vector of vectors) {
    const value = vectorIn(vector, row);
    if (value !== undefined) named[vector.field.name] = value;
  }
  return named;
}

/** Undefined: the row has none. */
function vectorIn({ field, column, place }: FileVector, row: Row): VectorValue | undefined {
  if (place !== undefined) {
    const there = place.kind === 'columns' ? row.record[place.names[0]!] : valueAt(row.record, place.name);
    if (there === null || there === undefined) return undefined;
    return Float32Array.from(vectorOf(row.record as Record<string, unknown>, place, row.place()));
  }
  const value = valueAt(row.record, column);
  if (value === null || value === undefined) return undefined;
  if (field.kind === 'sparse') return sparseOf(value as { indices: number[]; values: number[] }, column, row);
  if (field.kind === 'dense') return denseOf(field.type, value as ArrayLike<number>);
  const rows = value as ArrayLike<number>[];
  const size = elementsOf(field);
  const values = new Float32Array(rows.length * size);
  rows.forEach((each, at) => {
    values.set(Float32Array.from(each, Number), at * size);
  });
  return { rows: rows.length, values };
}

function denseOf(type: DenseType, value: ArrayLike<number>) {
  // Arrays of the vector's own type are bits, which stay.
  if (type !== 'f32') return value as unknown as Uint16Array | Int8Array | Uint8Array;
  return value instanceof Float32Array ? value : Float32Array.from(value, Number);
}

function sparseOf({ indices, values }: { indices: number[]; values: number[] }, column: string, row: Row) {
  const order = Array.from(indices, (_, i) => i).sort((a, b) => Number(indices[a]) - Number(indices[b]));
  const sorted = order.map((i) => Number(indices[i]));
  const bad = sorted.find(
    (index, i) => !Number.isInteger(index) || index < 0 || index >= 2 ** 32 || index === sorted[i - 1],
  );
  if (bad !== undefined)
    throw new InputError(`the sparse vector "${column}" has an index twice, or one that is none`, {
      where: row.place(),
      got: bad,
      next: 'correct the vector: each index once, from 0 to 2^32 - 1',
    });
  return { indices: Uint32Array.from(sorted), values: Float32Array.from(order, (i) => Number(values[i])) };
}
