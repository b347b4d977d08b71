import { FailureError, InputError, messageOf } from '../../common/errors.js';
import { formatTimestamp, parseTimestamp } from '../../common/timestamps.js';
import type { FieldSchema, FieldType, MetadataColumns } from '../../datasets/dataset.js';
import type { Metadata, MetadataSupport, RecordValue } from '../contract/points.js';
import { nest } from '../kit/check.js';
import type { Json } from './json.js';

/** How payloads, which are JSON, keep each type. */
export const METADATA: MetadataSupport = {
  types: {
    string: 'native',
    integer: 'native (64 bits)',
    float:
      'native; fewer than 1 in 100 random float64 come back off by one unit in the last place (see the remarks)',
    boolean: 'native',
    timestamp: 'RFC 3339 text in UTC with six decimals, years 0000 to 9999',
    'string[]': 'native',
    'integer[]': 'native (64 bits)',
    'float[]': 'native, as float',
    'boolean[]': 'native',
  },
  absence: 'kept',
  nested: 'native',
  emptyArrays: 'kept',
  undeclared: 'kept',
};

export type PayloadIndexType = 'keyword' | 'integer' | 'float' | 'bool' | 'datetime';

/** The server's index for a field; one for arrays is one for their elements. */
export function payloadIndexType(type: FieldType): PayloadIndexType {
  switch (type) {
    case 'string':
    case 'string[]':
      return 'keyword';
    case 'integer':
    case 'integer[]':
      return 'integer';
    case 'float':
    case 'float[]':
      return 'float';
    case 'boolean':
    case 'boolean[]':
      return 'bool';
    case 'timestamp':
      return 'datetime';
  }
}

/**
 * A dotted name as the server's path into nested payloads; keys with other signs than letters, digits, `_` and `-`
 * are quoted. Throws InputError for those that the server's grammar cannot quote.
 */
export function payloadPath(name: string): string {
  if (!hasPath(name)) {
    throw new InputError(`no filter or index of a payload can name the field ${name}`, {
      where: 'qdrant',
      next: 'its paths have no way to write a quote or a backslash: rename the field',
    });
  }
  return name
    .split('.')
    .map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : `"${key}"`))
    .join('.');
}

export function hasPath(name: string): boolean {
  return !/["\\]/.test(name);
}

/**
 * The payloads of rows `from` to `to` of a batch. What has no value is left out, but for arrays it is written as null:
 * no condition of the server tells an empty array, which is a value, from a missing one in all versions.
 */
export function payloadsOf(
  fields: readonly FieldSchema[],
  columns: MetadataColumns,
  from: number,
  to: number,
): Json[] {
  const isNested = fields.some(({ name }) => name.includes('.'));
  return Array.from({ length: to - from }, (_, row) => {
    const flat: Record<string, RecordValue> = {};
    for (const { name, type } of fields) {
      const value = columns[name]?.[from + row] ?? null;
      if (value !== null || type.endsWith('[]')) flat[name] = toPayload(type, value);
    }
    return (isNested ? nest(flat) : flat) as Json;
  });
}

/** Throws FailureError for a time that RFC 3339 cannot write. */
export function timestampText(value: bigint): string {
  try {
    return formatTimestamp(value);
  } catch (error) {
    throw new FailureError(messageOf(error), { where: 'qdrant', cause: error });
  }
}

function toPayload(type: FieldType | undefined, value: RecordValue): RecordValue {
  return type === 'timestamp' && typeof value === 'bigint' ? timestampText(value) : value;
}

function fromPayload(type: FieldType | undefined, value: RecordValue): RecordValue {
  if (type === 'timestamp' && typeof value === 'string') {
    const parsed = parseTimestamp(value);
    return parsed.state === 'ok' ? parsed.value : value;
  }
  // Other clients write floats beyond 2^53 without a sign that they are some.
  if (type === 'float' && typeof value === 'bigint') return Number(value);
  if (type === 'float[]' && Array.isArray(value)) return value.map(Number);
  return value;
}

type Types = ReadonlyMap<string, FieldType>;
type Convert = (type: FieldType | undefined, value: RecordValue) => RecordValue;

export function metadataToPayload(types: Types, metadata: Metadata): { [key: string]: Json } {
  return converted(types, metadata, '', toPayload) as { [key: string]: Json };
}

export function payloadToMetadata(types: Types, payload: Metadata): Metadata {
  return converted(types, payload, '', fromPayload);
}

/** The same tree with its values converted by the type of their dotted name. */
function converted(types: Types, tree: Metadata, prefix: string, convert: Convert): Metadata {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const name = prefix + key;
      const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
      return [
        key,
        isTree ? converted(types, value as Metadata, `${name}.`, convert) : convert(types.get(name), value),
      ];
    }),
  );
}
