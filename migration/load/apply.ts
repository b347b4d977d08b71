import { FailureError, shorten } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, MetadataSupport, Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { flatten, integerValue, nest, record } from '../../engines/kit/check.js';
import { brainsToFloats, halvesToFloats } from '../../engines/kit/half.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { detailOf } from '../export/details.js';
import type { IdOf } from '../mapping/ids.js';
import type { MappedField, Mapping } from '../mapping/mapping.js';
import { isObject } from '../mapping/observe.js';

/** What becomes of an id. */
export interface MappedId {
  idOf: IdOf;
  /** `s:7` */
  typed(id: PointId): string;
}

/** A point as a mapping wants it in the target. */
export type Apply = (point: Point) => Point;

/**
 * @param vectors as the source has them
 * @param nested how the target keeps objects: `native` ones may be empty
 * @param ids the rule for ids, and the typed id where it is to be kept
 */
export function applyMapping(
  mapping: Mapping,
  vectors: readonly VectorField[],
  nested: MetadataSupport['nested'] | undefined,
  ids: MappedId,
): Apply {
  const fields = new Map(mapping.fields.map((field) => [field.from, field]));
  const { keep } = mapping.ids;
  return (point) => {
    const parts = (['text', 'uri', 'tenant'] as const).filter(
      (part) => mapping[part] && point[part] !== undefined,
    );
    return {
      id: ids.idOf(point.id, point.tenant),
      vectors: mappedVectors(mapping, vectors, point),
      metadata: {
        ...(nested === 'native'
          ? withEmptyObjects(mappedMetadata(mapping, fields, point), point.metadata)
          : mappedMetadata(mapping, fields, point)),
        ...(keep !== null && { [keep]: ids.typed(point.id) }),
      },
      ...Object.fromEntries(parts.map((part) => [part, point[part]])),
    };
  };
}

function mappedVectors({ vectors }: Mapping, source: readonly VectorField[], point: Point) {
  const mapped = record<VectorValue>();
  for (const { from, to, type } of vectors) {
    const value = vectorIn(point.vectors, from);
    const field = source.find(({ name }) => name === from);
    if (to === null || value === undefined || field === undefined) continue;
    mapped[to] = field.type === type ? value : widened(field, value);
  }
  return mapped;
}

function widened({ type }: VectorField, value: VectorValue): VectorValue {
  if (isSparse(value)) return value;
  const values = isMulti(value) ? value.values : value;
  const floats =
    type === 'f16'
      ? halvesToFloats(values as Uint16Array)
      : type === 'bf16'
        ? brainsToFloats(values as Uint16Array)
        : Float32Array.from(values);
  return isMulti(value) ? { rows: value.rows, values: floats } : floats;
}

function mappedMetadata(
  { details }: Mapping,
  fields: ReadonlyMap<string, MappedField>,
  point: Point,
): Metadata {
  const { id, metadata } = point;
  const mapped = record<PointValue>();
  for (const [name, value] of Object.entries(flatten(metadata))) {
    const field = fields.get(name);
    if (field === undefined)
      throw new FailureError(`has a field ${shorten(name)} that the mapping does not name`, {
        where: `id ${shorten(id)}`,
        next: 'make the mapping again from this export',
      });
    if (field.to !== null) mapped[field.to] = field.as === 'text' && value !== null ? asText(value) : value;
  }
  for (const { from, to, type } of details) {
    const value = detailOf(point, from);
    if (to !== null && value !== undefined)
      mapped[to] = typeof value === 'bigint' && type !== 'timestamp' ? integerValue(value) : value;
  }
  return nest(mapped);
}

/** Objects without keys have no fields that could be mapped: they are put back where they were. */
function withEmptyObjects(mapped: Metadata, source: Metadata): Metadata {
  const all: Record<string, PointValue> = Object.assign(record<PointValue>(), mapped);
  for (const [key, value] of Object.entries(source)) {
    if (!isObject(value)) continue;
    const there = Object.hasOwn(mapped, key) ? mapped[key] : undefined;
    if (there === undefined && hasNoValue(value)) all[key] = value;
    else if (isObject(there)) all[key] = withEmptyObjects(there, value);
  }
  return all;
}

/** Nothing but empty objects. */
function hasNoValue(object: Metadata): boolean {
  return Object.values(object).every((value) => isObject(value) && hasNoValue(value));
}

/** Texts as they are, everything else as JSON with all digits. */
function asText(value: PointValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return `[${(value as readonly PointValue[]).map(asJson).join(',')}]`;
  return asJson(value);
}

function asJson(value: PointValue): string {
  if (typeof value === 'bigint' || typeof value === 'number') return asText(value);
  if (Array.isArray(value)) return asText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Metadata).map(
    ([key, each]) => `${JSON.stringify(key)}:${asJson(each)}`,
  );
  return `{${entries.join(',')}}`;
}
