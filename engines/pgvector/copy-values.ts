import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, FieldType, MetadataColumns, MetadataValue } from '../../datasets/dataset.js';
import { FIRST_TIMESTAMP, LAST_TIMESTAMP } from './fields.js';

/** Elements' types by PostgreSQL's numbers, which the binary form of an array names. */
const OIDS: Readonly<Record<string, number>> = { string: 25, integer: 20, float: 701, boolean: 16 };
/** Microseconds from 1970 to 2000, where PostgreSQL's time stamps start. */
const EPOCH = 946_684_800_000_000n;

/**
 * The values of one row in PostgreSQL's binary form, each after its length (int32; -1: null).
 * Throws FailureError naming field and row for a value that PostgreSQL cannot hold.
 */
export function rowValues(fields: readonly FieldSchema[], columns: MetadataColumns, row: number): Buffer {
  return Buffer.concat(
    fields.map(({ name, type }) => {
      const value = columns[name]?.[row] ?? null;
      try {
        return sized(type, value);
      } catch (error) {
        const what = `field "${name}" of row ${row} of the batch cannot be held`;
        throw new FailureError(what, { where: 'pgvector', got: shorten(value), cause: error });
      }
    }),
  );
}

const NULL = Buffer.from([0xff, 0xff, 0xff, 0xff]);

function sized(type: FieldType, value: MetadataValue): Buffer {
  if (value === null) return NULL;
  const bytes = binary(type, value);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function binary(type: FieldType, value: Exclude<MetadataValue, null>): Buffer {
  switch (type) {
    case 'string':
      if ((value as string).includes('\0')) throw new RangeError('text with U+0000');
      return Buffer.from(value as string);
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
  return Buffer.concat([bytes, ...values.map((value) => sized(element, value))]);
}
