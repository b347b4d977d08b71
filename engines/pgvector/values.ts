import type { FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { IdKind, PointId } from '../contract/ids.js';
import { FIRST_TIMESTAMP, LAST_TIMESTAMP } from './fields.js';

/** Elements' types by PostgreSQL's numbers, which the binary form of an array names. */
const OIDS: Readonly<Record<string, number>> = { string: 25, integer: 20, float: 701, boolean: 16 };
/** Microseconds from 1970 to 2000, where PostgreSQL's time stamps start. */
const EPOCH = 946_684_800_000_000n;

const NULL = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** Bytes after their length (int32; -1: null), as a row of COPY and an array have them. */
export function sized(bytes: Buffer | null): Buffer[] {
  if (bytes === null) return [NULL];
  const length = Buffer.allocUnsafe(4);
  length.writeInt32BE(bytes.length);
  return [length, bytes];
}

/** Type of a value in SQL, as its bytes are meant; assigning it converts it to the column's own type, or fails. */
export const WIRE_TYPES = {
  vector: 'vector',
  halfvec: 'halfvec',
  bit: 'varbit',
  sparsevec: 'sparsevec',
} as const;
export const WIRE_KEYS = { u32: 'bigint', u64: 'bigint', string: 'text', uuid: 'uuid' } as const;

export function keyBytes(ids: IdKind, id: PointId): Buffer {
  if (ids === 'uuid') return Buffer.from((id as string).replaceAll('-', ''), 'hex');
  return ids === 'string' ? textBytes(id as string) : int64(id as bigint);
}

/** Throws RangeError for text with U+0000, which PostgreSQL does not have, or half of a surrogate pair. */
export function textBytes(text: string): Buffer {
  if (text.includes('\0')) throw new RangeError('text with U+0000');
  if (/\p{Surrogate}/u.test(text)) throw new RangeError('text with half of a surrogate pair');
  return Buffer.from(text);
}

/** A metadata value in binary. Throws RangeError for one that PostgreSQL cannot hold. */
export function valueBytes(type: FieldType, value: MetadataValue | undefined): Buffer | null {
  return value === null || value === undefined ? null : binary(type, value);
}

function binary(type: FieldType, value: Exclude<MetadataValue, null>): Buffer {
  switch (type) {
    case 'string':
      return textBytes(value as string);
    case 'integer':
      return int64(BigInt(value as number | bigint));
    case 'float': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(Number(value));
      return bytes;
    }
    case 'boolean':
      return Buffer.from([value === true ? 1 : 0]);
    case 'timestamp':
      if ((value as bigint) < FIRST_TIMESTAMP || (value as bigint) > LAST_TIMESTAMP) {
        throw new RangeError('time stamp out of range');
      }
      return int64((value as bigint) - EPOCH);
    default:
      return array(type.slice(0, -2) as FieldType, value as readonly MetadataValue[]);
  }
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** Dimensions, whether there are nulls, the elements' type; length and first subscript; the elements. */
function array(element: FieldType, values: readonly MetadataValue[]): Buffer {
  const head = [values.length === 0 ? 0 : 1, 0, OIDS[element]!];
  if (values.length > 0) head.push(values.length, 1);
  const bytes = Buffer.alloc(4 * head.length);
  for (const [i, number] of head.entries()) bytes.writeInt32BE(number, 4 * i);
  return Buffer.concat([bytes, ...values.flatMap((value) => sized(valueBytes(element, value)))]);
}
