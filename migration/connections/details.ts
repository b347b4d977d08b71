import { FailureError, shorten } from '../../common/errors.js';
import { parseTimestamp } from '../../common/timestamps.js';
import type { Collection } from '../../engines/contract/collection.js';
import type { Description, Point, Points, PointValue, Provenance } from '../../engines/contract/points.js';

/** Parameters of a place that say where a point's state, origin and part of the collection stand. */
export const DETAIL_PARAMETERS = [
  'version',
  'updated',
  'namespace',
  'partition',
  'model',
  'model_version',
  'chunking',
  'language',
  'created',
] as const;
export type DetailParameter = (typeof DETAIL_PARAMETERS)[number];

/** A metadata field (dotted for one of a nested object), or what every point has. */
export type DetailFrom = { field: string } | { value: string };
export type Details = Readonly<Partial<Record<DetailParameter, DetailFrom>>>;

/** Of Milvus: in which partition a point is, which no field says. */
export const PARTITION = '$partition';

/** `"text"` is what every point has, anything else names a field. */
export function detailFrom(written: string): DetailFrom {
  const [, value] = /^"(.*)"$/s.exec(written) ?? [];
  return value === undefined ? { field: written } : { value };
}

export function detailText(from: DetailFrom): string {
  return 'value' in from ? `"${from.value}"` : from.field;
}

/** A collection with whole points. */
export type Whole = Collection & { readonly points: Points };

/**
 * A collection whose points have their details from metadata fields, which are no fields then.
 * @param where for messages
 */
export function withDetails(collection: Whole, details: Details, where: string): Whole {
  if (Object.keys(details).length === 0) return collection;
  const { points } = collection;
  const convert = (all: readonly Point[]) => all.map((point) => detailed(point, details, where));
  return overPoints(collection, {
    ...bound(points),
    describe: async () => described(await points.describe(), details),
    get: async (ids) => convert(await points.get(ids)),
    snapshot: async (at) => {
      const snapshot = await points.snapshot(at);
      const { ranges } = snapshot;
      return {
        consistency: snapshot.consistency,
        watermark: snapshot.watermark,
        async *scan(options) {
          for await (const page of snapshot.scan(options)) yield { ...page, points: convert(page.points) };
        },
        ...(ranges && { ranges: (n: number) => snapshot.ranges!(n) }),
        close: () => snapshot.close(),
      };
    },
  });
}

/** The collection with other points; nothing else of it changes. */
export function overPoints(collection: Whole, points: Points): Whole {
  return {
    name: collection.name,
    load: (batch, signal) => collection.load(batch, signal),
    ready: (signal) => collection.ready(signal),
    prepare: (search, k, vector) => collection.prepare(search, k, vector),
    ...(collection.prepareExact && {
      prepareExact: (k: number, vector?: string) => collection.prepareExact!(k, vector),
    }),
    count: () => collection.count(),
    indexBytes: () => collection.indexBytes(),
    drop: () => collection.drop(),
    points,
  };
}

function bound(points: Points): Points {
  return {
    upsert: (all, signal) => points.upsert(all, signal),
    update: (change) => points.update(change),
    delete: (ids) => points.delete(ids),
    get: (ids) => points.get(ids),
    snapshot: (at) => points.snapshot(at),
    describe: () => points.describe(),
    ...(points.insertMissing && {
      insertMissing: (all: readonly Point[], signal?: AbortSignal) => points.insertMissing!(all, signal),
    }),
    ...(points.matching && { matching: (filter) => points.matching!(filter) }),
  };
}

function described(description: Description, details: Details): Description {
  const taken = fieldsOf(details);
  const fields = description.fields.filter(({ name }) => !taken.includes(name));
  const usesPartition = taken.includes(PARTITION);
  return {
    ...description,
    fields,
    ...(usesPartition && { spec: { ...description.spec, tenant: false } }),
  };
}

export function fieldsOf(details: Details): string[] {
  return Object.values(details).flatMap((from) => ('field' in from ? [from.field] : []));
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const PROVENANCE: Readonly<Partial<Record<DetailParameter, keyof Provenance>>> = {
  model: 'model',
  model_version: 'modelVersion',
  chunking: 'chunking',
  language: 'language',
  created: 'created',
};

function detailed(point: Point, details: Details, where: string): Point {
  const found: Mutable<Point> = { ...point };
  const provenance: Mutable<Provenance> = { ...point.provenance };
  for (const [parameter, from] of Object.entries(details) as [DetailParameter, DetailFrom][]) {
    const value = 'value' in from ? from.value : taken(found, from.field);
    if (value === undefined || value === null) continue;
    const detail = detailValue(parameter, value, from, point, where);
    const key = PROVENANCE[parameter];
    if (key === undefined) Object.assign(found, { [parameter]: detail });
    else Object.assign(provenance, { [key]: detail });
  }
  if (Object.keys(provenance).length > 0) found.provenance = provenance;
  return found;
}

/** The value of a field, which the point does not have any more. */
function taken(point: Mutable<Point>, field: string): PointValue | undefined {
  if (field === PARTITION) {
    const { tenant } = point;
    delete point.tenant;
    return tenant;
  }
  const { value, rest } = without(point.metadata, field);
  point.metadata = rest;
  return value;
}

type Metadata = Point['metadata'];

function without(metadata: Metadata, field: string): { value: PointValue | undefined; rest: Metadata } {
  if (Object.hasOwn(metadata, field)) {
    const { [field]: value, ...rest } = metadata;
    return { value, rest };
  }
  const dot = field.indexOf('.');
  const inner = dot < 0 ? undefined : metadata[field.slice(0, dot)];
  if (inner === undefined || inner === null || typeof inner !== 'object' || Array.isArray(inner))
    return { value: undefined, rest: metadata };
  const found = without(inner as Metadata, field.slice(dot + 1));
  return { value: found.value, rest: { ...metadata, [field.slice(0, dot)]: found.rest } };
}

/** @throws FailureError for a value that is none */
function detailValue(
  parameter: DetailParameter,
  value: PointValue,
  from: DetailFrom,
  { id }: Point,
  where: string,
): string | bigint {
  const found =
    parameter === 'version'
      ? integerOf(value)
      : parameter === 'updated' || parameter === 'created'
        ? instantOf(value)
        : textOf(value);
  if (found !== undefined) return found;
  const wanted =
    parameter === 'version'
      ? 'integer'
      : parameter === 'updated' || parameter === 'created'
        ? 'time with a zone'
        : 'text';
  throw new FailureError(`the ${parameter} of point ${shorten(id)} is no ${wanted}`, {
    where: 'field' in from ? `${where}, field "${from.field}"` : where,
    got: value,
    next: `leave ?${parameter}= away, and the field stays one`,
  });
}

function integerOf(value: PointValue): bigint | undefined {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value as number | bigint);
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

/** A time stamp of the source, or RFC 3339. */
function instantOf(value: PointValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined;
  return parsed?.state === 'ok' ? parsed.value : undefined;
}

function textOf(value: PointValue): string | undefined {
  if (typeof value === 'string') return value;
  const plain = typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value);
  return plain ? String(value) : undefined;
}
