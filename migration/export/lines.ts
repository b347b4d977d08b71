import { parseJson } from '../../common/json.js';
import type { PointId } from '../../engines/contract/ids.js';
import type { Metadata, Point, PointValue, Provenance } from '../../engines/contract/points.js';
import type { VectorValue } from '../../engines/contract/vectors.js';
import { record } from '../../engines/kit/check.js';
import { vectorIn } from '../../engines/kit/vectors.js';
import { idType, type PointShape } from './canonical.js';
import { PARTS } from './columns.js';
import { DETAILS, type Detail, detailOf, setDetail } from './details.js';
import { vectorFromJson, vectorJson } from './line-vectors.js';
import { metadataJson, withTimestamps } from './metadata-json.js';

/** A point as one line of JSON, and back, without a loss: docs/export-format.md, "JSON lines". */

export function lineOf(shape: PointShape, point: Point): string {
  const notFinite = new Map<string, string>();
  const metadata = metadataJson(point.metadata, (value, pointer) => {
    notFinite.set(pointer, String(value));
    return 'null';
  });
  const vectors = shape.vectors.flatMap((field) => {
    const value = vectorIn(point.vectors, field.name);
    return value === undefined ? [] : [`${JSON.stringify(field.name)}:${vectorJson(field, value)}`];
  });
  const members = [
    `"id":${idJson(shape, point.id)}`,
    `"vector":{${vectors.join(',')}}`,
    `"metadata":${metadata}`,
    ...(notFinite.size === 0 ? [] : [`"notFinite":${JSON.stringify(Object.fromEntries(notFinite))}`]),
    ...PARTS.flatMap((part) => {
      const value = point[part];
      return value === undefined ? [] : [`"${part}":${JSON.stringify(value)}`];
    }),
    ...detailsJson(point),
  ];
  return `{${members.join(',')}}`;
}

function idJson(shape: PointShape, id: PointId): string {
  if (typeof id === 'bigint') return String(id);
  return idType(shape, id) === 'uuid' ? `{"$uuid":${JSON.stringify(id)}}` : JSON.stringify(id);
}

const PROVENANCE = 'provenance.';

function detailsJson(point: Point): string[] {
  const members: string[] = [];
  const provenance: string[] = [];
  for (const { name, type } of DETAILS) {
    const value = detailOf(point, name);
    if (value === undefined) continue;
    const json = type === 'text' ? JSON.stringify(value) : String(value);
    if (name.startsWith(PROVENANCE)) provenance.push(`"${name.slice(PROVENANCE.length)}":${json}`);
    else members.push(`"${name}":${json}`);
  }
  if (provenance.length > 0) members.push(`"provenance":{${provenance.join(',')}}`);
  return members;
}

interface Line {
  id: string | number | bigint | { $uuid: string };
  vector: Record<string, unknown>;
  metadata: Metadata;
  notFinite?: Record<string, string>;
  [part: string]: unknown;
}

/**
 * The reverse of `lineOf`.
 * @throws Error for what is no such line
 */
export function pointOf(shape: PointShape, text: string): Point {
  const line = parseJson(text) as Line;
  const vectors = record<VectorValue>();
  for (const field of shape.vectors)
    if (Object.hasOwn(line.vector, field.name))
      vectors[field.name] = vectorFromJson(field, line.vector[field.name]);
  for (const [pointer, value] of Object.entries(line.notFinite ?? {}))
    put(line.metadata, pointer, Number(value));
  const point: { -readonly [K in keyof Point]: Point[K] } = {
    id: idOf(line.id),
    vectors,
    metadata: withTimestamps(line.metadata, shape.timestamps, '') as Metadata,
  };
  for (const part of PARTS) if (line[part] !== undefined) point[part] = line[part] as string;
  for (const detail of DETAILS) {
    const value = detailIn(line, detail);
    if (value !== undefined) setDetail(point, detail.name, value);
  }
  return point;
}

function idOf(id: Line['id']): PointId {
  if (typeof id === 'string') return id;
  return typeof id === 'object' ? id.$uuid : BigInt(id);
}

function detailIn(line: Line, { name, type }: Detail): string | bigint | undefined {
  const value = name.startsWith(PROVENANCE)
    ? (line['provenance'] as Provenance & Record<string, unknown>)?.[name.slice(PROVENANCE.length)]
    : line[name];
  if (value === undefined) return undefined;
  return type === 'text' ? (value as string) : BigInt(value as number | bigint);
}

/** Sets what a JSON Pointer (RFC 6901) leads to. */
function put(root: Metadata, pointer: string, value: number): void {
  const keys = pointer.split('/').slice(1);
  const last = unescaped(keys.pop()!);
  let place = root as Record<string, PointValue>;
  for (const key of keys) place = place[unescaped(key)] as Record<string, PointValue>;
  place[last] = value;
}

function unescaped(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}
