import type { PointDetails } from '../../engines/contract/columns.js';
import type { Point, Provenance } from '../../engines/contract/points.js';

/**
 * What a point may have beside vectors, metadata, text, URI and tenant: where it lay, which state of it this is, and where
 * its vectors came from. One row each, in the order of the columns.
 */
export interface Detail {
  /** Of its column, and in the canonical bytes. */
  name: (typeof DETAIL_NAMES)[number];
  /** `integer`: 64 bits with sign; `timestamp`: microseconds since 1970. */
  type: 'text' | 'integer' | 'timestamp';
}

export const DETAIL_NAMES = [
  'namespace',
  'partition',
  'version',
  'updated',
  'provenance.model',
  'provenance.model_version',
  'provenance.chunking',
  'provenance.language',
  'provenance.created',
] as const;
export type DetailName = Detail['name'];

const TYPES: Readonly<Partial<Record<DetailName, Detail['type']>>> = {
  version: 'integer',
  updated: 'timestamp',
  'provenance.created': 'timestamp',
};

export const DETAILS: readonly Detail[] = DETAIL_NAMES.map((name) => ({ name, type: TYPES[name] ?? 'text' }));

const PROVENANCE: Readonly<Record<string, keyof Provenance>> = {
  'provenance.model': 'model',
  'provenance.model_version': 'modelVersion',
  'provenance.chunking': 'chunking',
  'provenance.language': 'language',
  'provenance.created': 'created',
};

export type DetailValue = string | bigint;

/** Undefined: the point does not have it. */
export function detailOf(point: PointDetails, name: DetailName): DetailValue | undefined {
  const key = PROVENANCE[name];
  if (key !== undefined) return point.provenance?.[key];
  return point[name as 'namespace' | 'partition' | 'version' | 'updated'];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The reverse of `detailOf`, for a point that is being put together. */
export function setDetail(point: Mutable<Point>, name: DetailName, value: DetailValue): void {
  const key = PROVENANCE[name];
  if (key === undefined) Object.assign(point, { [name]: value });
  else point.provenance = { ...point.provenance, [key]: value };
}

/** A point without them: what a target holds that has no place for them. */
export function withoutDetails(point: Point): Point {
  const { namespace: _, partition: _p, version: _v, updated: _u, provenance: _o, ...rest } = point;
  return rest;
}
