import { FailureError, InputError, messageOf } from '../../common/errors.js';
import { formatTimestamp, parseTimestamp } from '../../common/timestamps.js';
import type { FieldType } from '../../datasets/dataset.js';
import type { Metadata, PointValue } from '../contract/points.js';
import type { LoadBatch } from '../contract/spec.js';
import type { Json } from './json.js';
import { EMPTY_KEY, metadataKey, payloadKey } from './keys.js';
import type { Layout } from './layout.js';

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

/** Of a collection that was created here, or of another, whose keys are what they are. */
type Made = Pick<Layout, 'own'>;
const OWN: Made = { own: true };

/**
 * A dotted name as the server's path into nested payloads; keys with other signs than letters, digits, `_` and `-`
 * are quoted. Throws InputError for a key of a collection of others that the server's grammar cannot quote.
 */
export function payloadPath(name: string, { own }: Made = OWN): string {
  if (!hasPath(name, { own })) {
    throw new InputError(`no filter of a payload can name the field ${name}`, {
      where: 'qdrant',
      next: 'its paths have no way to write a quote or a backslash: rename the field',
    });
  }
  return name
    .split('.')
    .map((key) => (own ? payloadKey(key) : key))
    .map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : `"${key}"`))
    .join('.');
}

export function hasPath(name: string, { own }: Made): boolean {
  return own || !/["\\]/.test(name);
}

/** What a point of a batch has beside its fields, as payload. */
export type Parts = (row: number) => { readonly [key: string]: Json };
type Tree = { [key: string]: Json };

/**
 * The payloads of rows `from` to `to` of a batch. What is missing is left out, null is null. An empty array is named
 * once more beside the fields: see `EMPTY_KEY`.
 */
export function payloadsOf(
  { fields }: Pick<Layout, 'fields'>,
  columns: LoadBatch['metadata'],
  from: number,
  to: number,
  parts: Parts = () => ({}),
): Tree[] {
  const places = fields.map(({ name, type }) => {
    const keys = name.split('.').map(payloadKey);
    const last = keys.pop()!;
    return { name, type, above: keys, last, column: columns?.[name] };
  });
  return Array.from({ length: to - from }, (_, i) => {
    const row = from + i;
    const payload: Tree = { ...parts(row) };
    const empty: string[] = [];
    for (const { name, type, above, last, column } of places) {
      const value = column?.[row];
      if (value === undefined) continue;
      let at = payload;
      for (const key of above) {
        at[key] ??= {};
        at = at[key] as Tree;
      }
      at[last] = toPayload(type, value) as Json;
      if (Array.isArray(value) && value.length === 0) empty.push(name);
    }
    if (empty.length > 0) payload[EMPTY_KEY] = empty;
    return payload;
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

function toPayload(type: FieldType | undefined, value: PointValue): PointValue {
  return type === 'timestamp' && typeof value === 'bigint' ? timestampText(value) : value;
}

function fromPayload(type: FieldType | undefined, value: PointValue): PointValue {
  if (type === 'timestamp' && typeof value === 'string') {
    const parsed = parseTimestamp(value);
    return parsed.state === 'ok' ? parsed.value : value;
  }
  // Other clients write floats beyond 2^53 without a sign that they are some.
  if (type === 'float' && typeof value === 'bigint') return Number(value);
  if (type === 'float[]' && Array.isArray(value)) return value.map(Number);
  return value;
}

interface Conversion {
  types: ReadonlyMap<string, FieldType>;
  key(key: string): string | undefined;
  value(type: FieldType | undefined, value: PointValue): PointValue;
  /** Whether the dotted names of types are those of the keys that come, or of those that `key` gives. */
  namedAfter: boolean;
}

export function typesOf({ fields }: Pick<Layout, 'fields'>): ReadonlyMap<string, FieldType> {
  return new Map(fields.map(({ name, type }) => [name, type]));
}

/** The metadata of one point as payload, without `EMPTY_KEY`. */
export function metadataToPayload(layout: Pick<Layout, 'fields' | 'own'>, metadata: Metadata): Tree {
  const key = layout.own ? payloadKey : (each: string) => each;
  return converted(metadata, '', {
    types: typesOf(layout),
    key,
    value: toPayload,
    namedAfter: false,
  }) as Tree;
}

export function payloadToMetadata(layout: Pick<Layout, 'fields' | 'own'>, payload: Metadata): Metadata {
  const key = layout.own ? metadataKey : (each: string) => each;
  return converted(payload, '', { types: typesOf(layout), key, value: fromPayload, namedAfter: true });
}

/** The same tree with its keys and its values converted, these by the type of their dotted name. */
function converted(tree: Metadata, prefix: string, by: Conversion): Metadata {
  const pairs = Object.entries(tree).flatMap(([given, value]) => {
    const key = by.key(given);
    if (key === undefined) return [];
    const name = prefix + (by.namedAfter ? key : given);
    const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [
      [key, isTree ? converted(value as Metadata, `${name}.`, by) : by.value(by.types.get(name), value)],
    ] as [string, PointValue][];
  });
  return Object.fromEntries(pairs);
}

/** Dotted names of the fields of one point that hold an empty array. */
export function emptyFields(metadata: Metadata, prefix = ''): string[] {
  return Object.entries(metadata).flatMap(([key, value]) => {
    if (Array.isArray(value)) return value.length === 0 ? [prefix + key] : [];
    const isTree = typeof value === 'object' && value !== null;
    return isTree ? emptyFields(value as Metadata, `${prefix}${key}.`) : [];
  });
}
