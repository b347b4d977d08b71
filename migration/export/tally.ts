import type { FieldType } from '../../datasets/dataset.js';
import type { Point } from '../../engines/contract/points.js';
import type { VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { brainsToFloats, halvesToFloats } from '../../engines/kit/half.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { type IdType, idType, type PointShape } from './canonical.js';
import { DETAILS, type DetailName, detailOf } from './details.js';
import { fitsColumn } from './metadata-cells.js';

/** Counts of what an export holds. Plain data: kept on disk between parts. */
export interface Tally {
  ids: Record<IdType, number>;
  vectors: Record<string, { points: number; zero: number; unit: number; notFinite: number }>;
  fields: Record<string, { values: number; nulls: number; elsewhere: number }>;
  text: number;
  uri: number;
  tenant: number;
  details: Record<DetailName, number>;
}

export function emptyTally(): Tally {
  return {
    ids: { integer: 0, string: 0, uuid: 0 },
    vectors: Object.create(null) as Tally['vectors'],
    fields: Object.create(null) as Tally['fields'],
    text: 0,
    uri: 0,
    tenant: 0,
    details: Object.fromEntries(DETAILS.map(({ name }) => [name, 0])) as Tally['details'],
  };
}

/** Adds the counts of other points. */
export function addTally(tally: Tally, other: Tally): void {
  addCounts(tally as unknown as Counts, other as unknown as Counts);
}

interface Counts {
  [name: string]: number | Counts;
}

function addCounts(counts: Counts, others: Counts): void {
  for (const [name, other] of Object.entries(others)) {
    if (typeof other === 'number')
      counts[name] = ((Object.hasOwn(counts, name) ? counts[name] : 0) as number) + other;
    else {
      if (!Object.hasOwn(counts, name)) counts[name] = Object.create(null) as Counts;
      addCounts(counts[name] as Counts, other);
    }
  }
}

/** A vector of length 1, as far as float32 and models get it. */
const UNIT = 1e-3;

export function countPoint(
  tally: Tally,
  shape: PointShape,
  columns: ReadonlyMap<string, FieldType>,
  point: Point,
): void {
  tally.ids[idType(shape, point.id)]++;
  for (const part of ['text', 'uri', 'tenant'] as const) if (point[part] !== undefined) tally[part]++;
  for (const { name } of DETAILS) if (detailOf(point, name) !== undefined) tally.details[name]++;
  for (const field of shape.vectors) {
    const value = vectorIn(point.vectors, field.name);
    tally.vectors[field.name] ??= { points: 0, zero: 0, unit: 0, notFinite: 0 };
    if (value !== undefined) countVector(tally.vectors[field.name]!, field, value);
  }
  for (const [name, value] of Object.entries(point.metadata)) {
    tally.fields[name] ??= { values: 0, nulls: 0, elsewhere: 0 };
    const counts = tally.fields[name]!;
    const type = columns.get(name);
    if (value === null) counts.nulls++;
    else counts.values++;
    if (value !== null && (type === undefined || !fitsColumn(type, value))) counts.elsewhere++;
  }
}

export function countVector(counts: Tally['vectors'][string], field: VectorField, value: VectorValue): void {
  counts.points++;
  if (field.type === 'bit') return;
  const numbers = numbersOf(field, value);
  let squares = 0;
  for (let i = 0; i < numbers.length; i++) squares += numbers[i]! * numbers[i]!;
  if (!Number.isFinite(squares)) counts.notFinite += numbers.every(Number.isFinite) ? 0 : 1;
  else if (field.kind !== 'multi' && squares === 0)
    counts.zero += numbers.every((each) => each === 0) ? 1 : 0;
  else if (field.kind === 'dense' && Math.abs(Math.sqrt(squares) - 1) <= UNIT) counts.unit++;
}

function numbersOf({ type }: VectorField, value: VectorValue): Float32Array | Int8Array {
  const values = isSparse(value) || isMulti(value) ? value.values : value;
  if (type === 'f16' && values instanceof Uint16Array) return halvesToFloats(values);
  if (type === 'bf16' && values instanceof Uint16Array) return brainsToFloats(values);
  return values as Float32Array | Int8Array;
}
