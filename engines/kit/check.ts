import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/engine.js';
import type {
  MetadataSupport,
  PointId,
  PointRecord,
  RecordChange,
  RecordSchema,
  RecordValue,
} from '../contract/points.js';

/** A value that is no object. */
export type FlatValue = MetadataValue;

/** What an engine holds, against which records are checked before anything is written. */
export interface RecordLimits {
  /** Name for messages. */
  engine: string;
  metadata: MetadataSupport;
  idKinds: readonly IdKind[];
  /** Integer ids: PostgreSQL's and most engines' bigint, or those from 0 to 2^64 - 1; both where absent. */
  integerIds?: 'signed' | 'unsigned' | undefined;
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Throws FailureError naming the field or kind of id that the engine cannot hold. */
export function checkSchema(limits: RecordLimits, schema: Pick<RecordSchema, 'ids' | 'fields'>): void {
  const { engine: where, metadata, idKinds } = limits;
  if (!idKinds.includes(schema.ids)) {
    throw new FailureError(`cannot hold ids of kind ${schema.ids}`, {
      where,
      next: `it holds ${idKinds.join(', ')}`,
    });
  }
  for (const { name, type } of schema.fields) {
    if (metadata.types[type] === undefined) {
      throw new FailureError(`cannot hold field "${name}" of type ${type}`, {
        where,
        next: `it holds ${Object.keys(metadata.types).join(', ')}`,
      });
    }
    if (name.includes('.') && metadata.nested === 'refused') {
      throw new FailureError(`cannot hold nested field "${name}"`, { where });
    }
  }
}

/** Throws FailureError naming id and field unless all records fit the schema. Asked before anything is written. */
export function checkRecords(
  limits: RecordLimits,
  schema: Pick<RecordSchema, 'ids' | 'fields' | 'dimensions'>,
  records: readonly PointRecord[],
): void {
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  for (const { id, vector, metadata } of records) {
    checkIds(limits, schema.ids, [id]);
    checkVector(limits, schema.dimensions, id, vector);
    checkMetadata(limits, fields, id, metadata);
  }
}

/** Throws FailureError naming the first id that is not of the collection's kind. */
export function checkIds(
  { engine: where, integerIds }: RecordLimits,
  kind: IdKind,
  ids: readonly PointId[],
): void {
  for (const id of ids) {
    const wrong = wrongId(kind, integerIds, id);
    if (wrong !== undefined) throw new FailureError(`id ${wrong}`, { where, got: id });
  }
}

function wrongId(
  kind: IdKind,
  integers: RecordLimits['integerIds'],
  id: PointId | unknown,
): string | undefined {
  if (kind === 'string' || kind === 'uuid') {
    if (typeof id !== 'string') return `must be text, as the collection's ids are of kind ${kind}`;
    if (kind === 'uuid' && !UUID.test(id)) return 'must be a UUID in lower case';
    return isBroken(id) ? 'is not valid Unicode (half of a surrogate pair)' : undefined;
  }
  if (typeof id !== 'bigint') return `must be a bigint, as the collection's ids are of kind ${kind}`;
  const unsigned = kind === 'u32' || integers === 'unsigned';
  const least = unsigned ? 0n : MIN;
  const most = kind === 'u32' ? 2n ** 32n - 1n : integers === 'signed' ? MAX : 2n ** 64n - 1n;
  return id < least || id > most ? `must be from ${least} to ${most}` : undefined;
}

/** Throws FailureError for another dimension and for values that are no finite numbers. */
export function checkVector(
  { engine: where }: RecordLimits,
  dimensions: number,
  id: PointId,
  vector: Float32Array,
): void {
  if (vector.length !== dimensions) {
    throw new FailureError(
      `the vector of id ${shorten(id)} has ${vector.length} dimensions, the collection ${dimensions}`,
      { where },
    );
  }
  const at = vector.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new FailureError(`the vector of id ${shorten(id)} holds ${vector[at]} at ${at}`, { where });
  }
}

/**
 * `fields` by name, dotted for nested ones; `part`: other fields have values already.
 * Throws FailureError naming id and field.
 */
export function checkMetadata(
  { engine: where, metadata: support }: RecordLimits,
  fields: ReadonlyMap<string, FieldSchema>,
  id: PointId,
  metadata: Readonly<Record<string, RecordValue>>,
  part = false,
): void {
  const refuse = (name: string, what: string, got?: unknown): never => {
    throw new FailureError(`field "${name}" of id ${shorten(id)} ${what}`, { where, got });
  };
  for (const [name, value] of Object.entries(flatten(metadata))) {
    const field = fields.get(name);
    if (field === undefined) {
      if (support.undeclared === 'refused') refuse(name, 'is not in the schema of the collection');
      continue;
    }
    if (value === null) {
      if (!field.nullable) refuse(name, 'is null, but is not nullable');
      continue;
    }
    if (!fits(field.type, value)) refuse(name, `is not of its type ${field.type}`, value);
    if (Array.isArray(value) && value.length === 0 && support.emptyArrays === 'refused') {
      refuse(name, 'is an empty array, which the engine cannot hold');
    }
  }
  if (part) return;
  for (const { name, nullable } of fields.values()) {
    if (!nullable && !(name in flatten(metadata))) refuse(name, 'is missing, but is not nullable');
  }
}

/**
 * What a change does to each field, by dotted name; null: it goes. Throws FailureError naming id and field where it
 * does not fit the schema, and for a vector that does not.
 */
export function checkChange(
  limits: RecordLimits,
  schema: Pick<RecordSchema, 'ids' | 'fields' | 'dimensions'>,
  { id, vector, set = {}, unset = [] }: RecordChange,
): Record<string, FlatValue> {
  checkIds(limits, schema.ids, [id]);
  if (vector !== undefined) checkVector(limits, schema.dimensions, id, vector);
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  const changes: Record<string, FlatValue> = {};
  for (const name of unset) {
    const below = [...fields.keys()].filter((each) => each === name || each.startsWith(`${name}.`));
    for (const each of below.length > 0 ? below : [name]) changes[each] = null;
  }
  Object.assign(changes, flatten(set));
  checkMetadata(limits, fields, id, changes, true);
  return changes;
}

/** Whether a value that is not null is one of a field's type: see `FieldSchema`. */
export function fits(type: FieldType, value: unknown): boolean {
  if (type.endsWith('[]')) {
    const element = type.slice(0, -2) as FieldType;
    return Array.isArray(value) && value.every((each) => fits(element, each));
  }
  switch (type) {
    case 'string':
      return typeof value === 'string' && !isBroken(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'float':
      return typeof value === 'number' && Number.isFinite(value);
    case 'integer':
      return Number.isSafeInteger(value) || (typeof value === 'bigint' && value >= MIN && value <= MAX);
    default:
      return typeof value === 'bigint' && value >= MIN && value <= MAX;
  }
}

/** An integer as it is in memory: a number where that is exact. */
export function integerValue(value: bigint | string | number): number | bigint {
  const exact = BigInt(value);
  return exact >= Number.MIN_SAFE_INTEGER && exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact;
}

/** Half of a surrogate pair: it has no UTF-8 and would be replaced without a word. */
function isBroken(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** Records without those that a later one with the same id replaces. */
export function lastOfEachId(records: readonly PointRecord[]): PointRecord[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

/** Nested objects as dotted names; arrays and values stay. An empty object has no fields, and so is missing. */
export function flatten(
  metadata: Readonly<Record<string, RecordValue | undefined>>,
  prefix = '',
): Record<string, FlatValue> {
  const flat: Record<string, FlatValue> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (value === undefined) continue;
    if (isNested(value)) Object.assign(flat, flatten(value, `${prefix}${key}.`));
    else flat[prefix + key] = value;
  }
  return flat;
}

/** Dotted names as nested objects: the reverse of `flatten`. */
export function nest(flat: Readonly<Record<string, RecordValue>>): Record<string, RecordValue> {
  const nested: Record<string, RecordValue> = {};
  for (const [name, value] of Object.entries(flat)) {
    const path = name.split('.');
    const last = path.pop()!;
    let at = nested;
    for (const key of path) {
      at[key] ??= {};
      at = at[key] as Record<string, RecordValue>;
    }
    at[last] = value;
  }
  return nested;
}

function isNested(value: RecordValue): value is { readonly [key: string]: RecordValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
