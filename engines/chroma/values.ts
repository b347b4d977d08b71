import { isDeepStrictEqual } from 'node:util';
import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import type { Metadata, PointValue } from '../contract/points.js';
import { flatten, nest, record } from '../kit/check.js';
import {
  type ChromaMetadata,
  type ChromaValue,
  decodeField,
  encodeField,
  keyOf,
  nameOf,
  OWN,
} from './fields.js';

/** JSON of what the other keys do not give back as it was: arrays, nulls, nested fields without schema, … */
const REST_KEY = `${OWN}rest`;
/** Beyond it, JSON numbers may be refused as too large once rounded. */
const MAX_READABLE = 1e300;

/** Whole metadata of a record as the server keeps it. What is read back is compared, so that nothing is lost. */
export function encodeMetadata(fields: readonly FieldSchema[], metadata: Metadata): ChromaMetadata {
  const flat = flatten(metadata);
  const encoded: ChromaMetadata = {};
  for (const field of fields) {
    const value = (flat[field.name] ?? null) as MetadataValue;
    Object.assign(encoded, readable(field, value), encodeField(field, value));
  }
  const declared = new Set(fields.map(({ name }) => name));
  for (const [name, value] of Object.entries(metadata)) {
    if (!declared.has(name) && !name.includes('.') && isPlain(value)) encoded[keyOf(name)] = value;
  }
  const rest = restOf(metadata, decodeMetadata(fields, encoded), declared);
  if (Object.keys(rest).length > 0) encoded[REST_KEY] = JSON.stringify(tagged(rest));
  return encoded;
}

/** Floats are kept in two halves; beside them a copy for those who read the collection without this adapter. */
function readable({ name, type }: FieldSchema, value: MetadataValue): ChromaMetadata {
  const fits = type === 'float' && typeof value === 'number' && Math.abs(value) <= MAX_READABLE;
  return fits ? { [keyOf(name)]: value } : {};
}

function restOf(
  metadata: Metadata,
  kept: Metadata,
  declared: ReadonlySet<string>,
): Record<string, PointValue> {
  const rest = record<PointValue>();
  for (const [name, value] of Object.entries(metadata)) {
    // A declared name with dots is the nested field, however it was written.
    if (value === undefined || (name.includes('.') && declared.has(name))) continue;
    if (!isDeepStrictEqual(kept[name], value)) rest[name] = value;
  }
  return rest;
}

/** Metadata as it was; `fields` null: a collection that others made, whose keys are names as they are. */
export function decodeMetadata(
  fields: readonly FieldSchema[] | null,
  metadata: Readonly<Record<string, unknown>>,
): Record<string, PointValue> {
  if (fields === null) return { ...(metadata as Metadata) };
  const flat = record<PointValue>();
  for (const field of fields) {
    const value = decodeField(field, metadata);
    if (value !== undefined) flat[field.name] = value;
  }
  const decoded = nest(flat);
  const declared = new Set(fields.map(({ name }) => name));
  for (const [key, value] of Object.entries(metadata)) {
    const name = nameOf(key);
    // Arrays are never written: this one is of a collection that is gone.
    if (name !== undefined && !declared.has(name) && !Array.isArray(value))
      decoded[name] = value as PointValue;
  }
  const rest = metadata[REST_KEY];
  return typeof rest === 'string' ? { ...decoded, ...(untagged(JSON.parse(rest)) as Metadata) } : decoded;
}

/** Whether a value without a declared type comes back from the server by itself. */
function isPlain(value: unknown): value is ChromaValue {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0);
  return typeof value === 'string' || typeof value === 'boolean';
}

/** JSON has no 64-bit integers and no negative zero: both become objects with one key, and other objects lists. */
function tagged(value: PointValue): unknown {
  if (typeof value === 'bigint') return { integer: String(value) };
  if (Object.is(value, -0)) return { float: '-0' };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== 'object' || value === null) return value;
  return { object: Object.entries(value).map(([key, each]) => [key, tagged(each)]) };
}

function untagged(value: unknown): PointValue {
  if (Array.isArray(value)) return value.map(untagged) as MetadataValue[];
  if (typeof value !== 'object' || value === null) return value as MetadataValue;
  const { integer, float, object } = value as {
    integer?: string;
    float?: string;
    object?: [string, unknown][];
  };
  if (integer !== undefined) return BigInt(integer);
  if (float !== undefined) return Number(float);
  return Object.fromEntries((object ?? []).map(([key, each]) => [key, untagged(each)]));
}
