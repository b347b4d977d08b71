import { FailureError, shorten } from '../../common/errors.js';
import type { PointDetails } from '../../engines/contract/columns.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Description, Metadata, Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { isMulti, isSparse } from '../../engines/kit/vectors.js';
import { BrokenText, Bytes } from './bytes.js';
import { DETAILS, detailOf } from './details.js';
import { quietNaNs } from './quiet-nan.js';

/**
 * The canonical bytes of a point, over which its hash is computed: docs/export-format.md, "Hashes". Two points are the
 * same if and only if their bytes are. Each value begins with a letter for its kind; lengths and counts are u32,
 * little-endian; text is UTF-8.
 */

/** What decides how a point is read: which vectors have which number type, and which fields hold timestamps. */
export interface PointShape {
  vectors: readonly VectorField[];
  /** `uuid`: ids that are text are UUIDs; null: both integers and UUIDs may come, and text is a UUID if it looks so. */
  ids: 'integer' | 'string' | 'uuid' | null;
  /** Metadata fields whose integers are microseconds since 1970; those of nested objects as dotted paths. */
  timestamps: ReadonlySet<string>;
}

/** The shape of a collection as its engine describes it. */
export function describedShape({
  ids,
  spec,
  fields,
}: Pick<Description, 'ids' | 'spec' | 'fields'>): PointShape {
  return {
    vectors: spec.vectors,
    ids: ids === 'u32' || ids === 'u64' ? 'integer' : ids,
    timestamps: new Set(fields.filter(({ type }) => type === 'timestamp').map(({ name }) => name)),
  };
}

export type IdType = 'integer' | 'string' | 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The type of an id: `7`, `"7"` and a UUID are three things. */
export function idType(shape: Pick<PointShape, 'ids'>, id: PointId): IdType {
  if (typeof id === 'bigint') return 'integer';
  if (shape.ids === 'uuid' || (shape.ids === null && UUID.test(id))) return 'uuid';
  return 'string';
}

/** The bytes of an id. */
export function idBytes(shape: Pick<PointShape, 'ids'>, id: PointId): Buffer {
  const bytes = new Bytes();
  writeId(bytes, shape, id);
  return bytes.take();
}

/** A letter, the length in bytes, and a text. */
export function canonicalText(letter: string, text: string): Buffer {
  const bytes = new Bytes();
  bytes.text(letter, text);
  return bytes.take();
}

/** Parts of a point that are compared by themselves, so that a difference can be named. */
export interface CanonicalPoint {
  id: Buffer;
  vectors: Buffer;
  metadata: Buffer;
  /** Text, URI and tenant, and what a point may have beside them (details.ts). */
  parts: Buffer;
}

/**
 * The canonical bytes of a point, part by part; the whole is their concatenation in this order. They are in memory that
 * the next call uses again.
 * @throws FailureError for what has no canonical form: half of a surrogate pair
 */
export function canonicalPoint(shape: PointShape, point: Point): CanonicalPoint {
  return validText(point, () => {
    const bytes = cleared();
    writeId(bytes, shape, point.id);
    const id = bytes.length;
    writeVectors(bytes, shape, point);
    const vectors = bytes.length;
    writeObject(bytes, point.metadata, shape.timestamps, '');
    const metadata = bytes.length;
    writeParts(bytes, point);
    const all = bytes.view();
    return {
      id: all.subarray(0, id),
      vectors: all.subarray(id, vectors),
      metadata: all.subarray(vectors, metadata),
      parts: all.subarray(metadata),
    };
  });
}

/** One for all points: most are as long as the one before. */
let common: Bytes | undefined;

function cleared(): Bytes {
  common ??= new Bytes();
  common.clear();
  return common;
}

/**
 * All canonical bytes of a point in memory that the next call uses again.
 * @throws FailureError for what has no canonical form: half of a surrogate pair
 */
export function canonicalBytes(shape: PointShape, point: Point): Buffer {
  return validText(point, () => {
    const bytes = cleared();
    writeId(bytes, shape, point.id);
    writeVectors(bytes, shape, point);
    writeObject(bytes, point.metadata, shape.timestamps, '');
    writeParts(bytes, point);
    return bytes.view();
  });
}

/** The bytes of the first of two points while the second's are written. */
let other = Buffer.alloc(0);

/**
 * Whether two points have the same canonical bytes.
 * @throws FailureError for what has no canonical form: half of a surrogate pair
 */
export function samePoints(shape: PointShape, a: Point, b: Point): boolean {
  const first = canonicalBytes(shape, a);
  if (other.length < first.length) other = Buffer.allocUnsafe(first.length * 2);
  const { length } = first;
  first.copy(other);
  const second = canonicalBytes(shape, b);
  return second.length === length && other.compare(second, 0, length, 0, length) === 0;
}

function writeParts(bytes: Bytes, point: Point): void {
  for (const part of [point.text, point.uri, point.tenant]) {
    if (part === undefined) bytes.letter('n');
    else bytes.text('s', part);
  }
  writeDetails(bytes, point);
}

function validText<T>({ id }: Point, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof BrokenText)) throw error;
    throw new FailureError('holds text that is not valid Unicode (half of a surrogate pair)', {
      where: `id ${shorten(id)}`,
      got: error.text,
      next: 'correct the text in the source: no other database could hold it',
      cause: error,
    });
  }
}

export function writeId(bytes: Bytes, shape: Pick<PointShape, 'ids'>, id: PointId): void {
  const type = idType(shape, id);
  if (type === 'integer') bytes.text('i', String(id));
  else bytes.text(type === 'uuid' ? 'u' : 's', id as string);
}

/** `v`, their number, then by name (in the order of its UTF-8 bytes) name and value. */
function writeVectors(bytes: Bytes, { vectors }: PointShape, point: Point): void {
  const names = sorted(Object.keys(point.vectors));
  bytes.letter('v');
  bytes.u32(names.length);
  for (const name of names) {
    bytes.text('s', name);
    writeVector(bytes, vectors.find((each) => each.name === name)!, point.vectors[name]!);
  }
}

export const LETTERS = { f32: 'F', f16: 'H', bf16: 'B', int8: 'I', bit: 'T' } as const;

/** Numbers as they stand in memory, little-endian: bit for bit, but for the payload of a NaN. */
export function writeVector(bytes: Bytes, { type }: VectorField, value: VectorValue): void {
  if (isSparse(value)) {
    bytes.letter('S');
    bytes.u32(value.indices.length);
    bytes.raw(value.indices);
    bytes.raw(quietNaNs('f32', value.values));
  } else if (isMulti(value)) {
    bytes.letter('M');
    bytes.u32(value.rows);
    bytes.letter(LETTERS[type]);
    bytes.u32(value.values.length);
    bytes.raw(quietNaNs(type, value.values));
  } else {
    bytes.letter(LETTERS[type]);
    bytes.u32(value.length);
    bytes.raw(quietNaNs(type, value));
  }
}

/** Nothing if there are none; else `x`, their number, and each by name: points without them hash as before there were any. */
export function writeDetails(bytes: Bytes, point: PointDetails): void {
  if (hasNone(point)) return;
  const there = DETAILS.flatMap(({ name, type }) => {
    const value = detailOf(point, name);
    return value === undefined ? [] : [{ name, type, value }];
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (there.length === 0) return;
  bytes.letter('x');
  bytes.u32(there.length);
  for (const { name, type, value } of there) {
    bytes.text('s', name);
    bytes.text(type === 'text' ? 's' : type === 'integer' ? 'i' : 'm', String(value));
  }
}

/** Of most points, which are not asked for each. */
function hasNone({ namespace, partition, version, updated, provenance }: PointDetails): boolean {
  return (
    namespace === undefined &&
    partition === undefined &&
    version === undefined &&
    updated === undefined &&
    provenance === undefined
  );
}

/**
 * `o`, the number of keys, then each key (in the order of its UTF-8 bytes) and its value.
 * @param path of the object: its keys joined by dots; arrays add nothing to it
 */
function writeObject(bytes: Bytes, object: Metadata, timestamps: ReadonlySet<string>, path: string): void {
  const keys = sorted(Object.keys(object));
  bytes.letter('o');
  bytes.u32(keys.length);
  for (const key of keys) {
    bytes.text('s', key);
    writeValue(bytes, object[key]!, timestamps, path === '' ? key : `${path}.${key}`);
  }
}

export function writeValue(
  bytes: Bytes,
  value: PointValue,
  timestamps: ReadonlySet<string>,
  path: string,
): void {
  if (value === null) bytes.letter('n');
  else if (isInteger(value) && timestamps.has(path)) bytes.text('m', BigInt(value).toString());
  else if (typeof value === 'boolean') bytes.letter(value ? 't' : 'f');
  else if (typeof value === 'string') bytes.text('s', value);
  else if (typeof value === 'bigint') bytes.text('i', String(value));
  else if (typeof value === 'number') writeNumber(bytes, value);
  else if (Array.isArray(value)) {
    bytes.letter('a');
    bytes.u32(value.length);
    for (const each of value as readonly PointValue[]) writeValue(bytes, each, timestamps, path);
  } else writeObject(bytes, value as Metadata, timestamps, path);
}

function isInteger(value: PointValue): value is number | bigint {
  return typeof value === 'bigint' || (Number.isInteger(value) && !Object.is(value, -0));
}

/** Numbers by value: 5 and 5.0 are the same, -0 and 0 are not; integers of any size as decimal digits. */
export function writeNumber(bytes: Bytes, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) bytes.digits('i', value);
  else if (Number.isInteger(value) && value !== 0) bytes.text('i', BigInt(value).toString());
  else bytes.double(value);
}

/** In the order of their UTF-8 bytes. */
export function sorted(keys: string[]): string[] {
  if (keys.length < 2) return keys;
  return keys.every(isAscii)
    ? keys.sort()
    : keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
