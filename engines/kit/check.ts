import { FailureError, shorten } from '../../common/errors.js';
import type { FieldSchema, FieldType, MetadataValue } from '../../datasets/dataset.js';
import type { EngineDefinition } from '../contract/engine.js';
import type { IdKind, PointId } from '../contract/ids.js';
import type { Point, PointChange, PointValue } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { NamedVectors } from '../contract/vectors.js';
import { whyNotHeld } from './holds.js';
import { vectorIn, whyNotVectorValue } from './vectors.js';

/** A value that is no object. */
export type FlatValue = MetadataValue;

/** An engine, against whose capabilities points are checked before anything is written. */
export type Holder = Pick<EngineDefinition, 'name' | 'capabilities'>;

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Throws FailureError naming what the engine cannot hold of such a collection. */
export function checkSpec(holder: Holder, spec: CollectionSpec): void {
  const reasons = whyNotHeld(holder, spec);
  if (reasons.length > 0) throw new FailureError(reasons.join('; '), { where: holder.name });
}

/** Throws FailureError naming id and field unless all points fit the collection. Asked before anything is written. */
export function checkPoints(holder: Holder, spec: CollectionSpec, points: readonly Point[]): void {
  const fields = new Map(spec.fields.map((field) => [field.name, field]));
  for (const point of points) {
    checkIds(holder, spec.ids, [point.id]);
    checkVectors(holder, spec, point.id, point.vectors);
    checkMetadata(holder, fields, point.id, point.metadata);
    checkParts(holder, spec, point);
  }
}

/** Throws FailureError naming the first id that is not of the collection's kind. */
export function checkIds({ name, capabilities }: Holder, kind: IdKind, ids: readonly PointId[]): void {
  for (const id of ids) {
    const wrong = wrongId(kind, capabilities.integerIds, id);
    if (wrong !== undefined) throw new FailureError(`id ${wrong}`, { where: name, got: id });
  }
}

/** Throws FailureError for a text, URI or tenant in a collection that has none. */
function checkParts({ name: where }: Holder, spec: CollectionSpec, point: Point): void {
  for (const part of ['text', 'uri', 'tenant'] as const) {
    if (point[part] !== undefined && spec[part] !== true)
      throw new FailureError(`id ${shorten(point.id)} has a ${part}, which the collection does not keep`, {
        where,
      });
  }
}

function wrongId(
  kind: IdKind,
  integers: Holder['capabilities']['integerIds'],
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

/**
 * Throws FailureError for vectors the collection does not have, for one that is missing unless the engine keeps such
 * points, for another dimension or type, and for values that are no finite numbers.
 *
 * @param part the point has its other vectors already
 */
export function checkVectors(
  { name: where, capabilities }: Holder,
  { vectors }: Pick<CollectionSpec, 'vectors'>,
  id: PointId,
  given: NamedVectors,
  part = false,
): void {
  const refuse = (name: string, why: string): never => {
    throw new FailureError(`vector "${name}" of id ${shorten(id)} ${why}`, { where });
  };
  for (const field of vectors) {
    const value = vectorIn(given, field.name);
    const why = value === undefined ? undefined : whyNotVectorValue(field, value);
    if (why !== undefined) refuse(field.name, why);
    if (value === undefined && !part && capabilities.points?.vectors.absent !== 'kept')
      refuse(field.name, 'is missing');
  }
  const strange = Object.keys(given).find((name) => !vectors.some((field) => field.name === name));
  if (strange !== undefined) refuse(strange, 'is none of the collection');
}

/**
 * `fields` by name, dotted for nested ones; `part`: other fields have values already.
 * Throws FailureError naming id and field.
 */
export function checkMetadata(
  { name: where, capabilities }: Holder,
  fields: ReadonlyMap<string, FieldSchema>,
  id: PointId,
  metadata: Readonly<Record<string, PointValue>>,
  part = false,
): void {
  const support = capabilities.metadata!;
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
  const flat = flatten(metadata);
  for (const { name, nullable } of fields.values()) {
    if (!nullable && !Object.hasOwn(flat, name)) refuse(name, 'is missing, but is not nullable');
  }
}

/**
 * What a change does to each field, by dotted name; null: it goes. Throws FailureError naming id and field where it
 * does not fit the schema, and for a vector that does not.
 */
export function checkChange(
  holder: Holder,
  schema: CollectionSpec,
  { id, vectors = {}, set = {}, unset = [] }: PointChange,
): Record<string, FlatValue> {
  checkIds(holder, schema.ids, [id]);
  checkVectors(holder, schema, id, vectors, true);
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  const changes = record<FlatValue>();
  for (const name of unset) {
    const below = [...fields.keys()].filter((each) => each === name || each.startsWith(`${name}.`));
    for (const each of below.length > 0 ? below : [name]) changes[each] = null;
  }
  Object.assign(changes, flatten(set));
  checkMetadata(holder, fields, id, changes, true);
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

/** Points without those that a later one with the same id replaces. */
export function lastOfEachId(points: readonly Point[]): Point[] {
  return [...new Map(points.map((point) => [point.id, point])).values()];
}

/** Without a prototype: any name is a key, also `__proto__`. */
export function record<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** Nested objects as dotted names; arrays and values stay. An empty object has no fields, and so is missing. */
export function flatten(
  metadata: Readonly<Record<string, PointValue | undefined>>,
  prefix = '',
  flat = record<FlatValue>(),
): Record<string, FlatValue> {
  for (const key of Object.keys(metadata)) {
    const value = metadata[key];
    if (value === undefined) continue;
    if (isNested(value)) flatten(value, `${prefix}${key}.`, flat);
    else flat[prefix + key] = value;
  }
  return flat;
}

/**
 * Dotted names as nested objects: the reverse of `flatten`. Where a field is a value itself (`a` beside `a.b`), those
 * below it keep their dotted names.
 */
export function nest(flat: Readonly<Record<string, PointValue>>): Record<string, PointValue> {
  const nested = record<PointValue>();
  const names = Object.keys(flat);
  if (!names.some((name) => name.includes('.'))) {
    for (const name of names) nested[name] = flat[name]!;
    return nested;
  }
  const entries = Object.entries(flat).map(([name, value]) => ({ path: name.split('.'), value }));
  // Values first, so that no object is in the place of one.
  entries.sort((a, b) => a.path.length - b.path.length);
  for (const { path, value } of entries) {
    let at = nested;
    let depth = 0;
    for (; depth < path.length - 1; depth++) {
      const key = path[depth]!;
      const below = at[key] ?? (key in at ? null : record<PointValue>());
      if (!isNested(below)) break;
      at[key] = below;
      at = below as Record<string, PointValue>;
    }
    at[path.slice(depth).join('.')] = value;
  }
  return nested;
}

function isNested(value: PointValue): value is { readonly [key: string]: PointValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
