import type { Metadata, Point, PointValue } from '../../engines/contract/points.js';
import type { VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { flatten, nest, record } from '../../engines/kit/check.js';
import { brainsToFloats, halvesToFloats } from '../../engines/kit/half.js';
import { isMulti, isSparse } from '../../engines/kit/vectors.js';
import { withoutDetails } from '../export/details.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Place } from '../probe/place.js';
import type { ExpectedIds } from './ids.js';

/**
 * What a target must hold if an accepted mapping was followed. Written apart from the code that loads: a fault in one
 * of them shows as a difference.
 */
export interface Expectation {
  /** A point of the source, as it must be in the target; undefined: by an accepted loss it is left out. */
  source(point: Point): Point | undefined;
  /** A point of the target, with what the accepted losses leave open taken out. */
  target(point: Point): Point;
}

/** What a target makes of points by its engine’s own account. */
export type Traits = Pick<Place, 'absence' | 'needsVectors' | 'maxTextBytes' | 'nestedNatively'>;

export function expectation(
  mapping: Mapping,
  vectors: readonly VectorField[],
  { absence, needsVectors, maxTextBytes, nestedNatively }: Traits,
  ids: ExpectedIds,
): Expectation {
  const required = mapping.fields.filter((field) => field.required);
  const named = (name: string) => mapping.fields.find(({ from }) => from === name);
  const open = (point: Point) => withoutDetails(absence === 'kept' ? point : withoutNulls(point));
  return {
    source: (point) => {
      const flat = flatten(point.metadata);
      if (required.some(({ from }) => !Object.hasOwn(flat, from) || flat[from] === null)) return undefined;
      const expected = expectedVectors(mapping, vectors, point);
      const wanted = mapping.vectors.filter(({ to }) => to !== null);
      if (needsVectors && wanted.some(({ to }) => expected[to!] === undefined)) return undefined;
      if (Object.values(expected).some((value) => !allFinite(value))) return undefined;
      const metadata = record<PointValue>();
      for (const [name, value] of Object.entries(flat)) {
        const field = named(name);
        // A field that the mapping does not know must not be in the target: kept under its name, it shows as missing.
        if (field === undefined) metadata[name] = value;
        else if (field.to !== null) metadata[field.to] = field.as === 'text' ? textOf(value) : value;
      }
      for (const { from, to, type } of mapping.details) {
        const value = detailNamed(point, from);
        if (to !== null && value !== undefined) metadata[to] = type === 'timestamp' ? value : plain(value);
      }
      if (mapping.text && tooLong(point.text, maxTextBytes)) return undefined;
      if (mapping.uri && tooLong(point.uri, maxTextBytes)) return undefined;
      if (Object.values(metadata).some((value) => tooLong(value, maxTextBytes))) return undefined;
      return open({
        id: ids.of(point.id, point.tenant),
        vectors: expected,
        metadata: withId(
          nestedNatively ? keepEmpty(nest(metadata), point.metadata) : nest(metadata),
          mapping.ids.keep,
          () => ids.kept(point.id),
        ),
        text: mapping.text ? point.text : undefined,
        uri: mapping.uri ? point.uri : undefined,
        tenant: mapping.tenant ? point.tenant : undefined,
      });
    },
    target: open,
  };
}

/** Version, provenance, namespace or partition by the name that a mapping gives it. */
function detailNamed(point: Point, name: string): string | bigint | undefined {
  const { provenance = {} } = point;
  const named: Readonly<Record<string, string | bigint | undefined>> = {
    namespace: point.namespace,
    partition: point.partition,
    version: point.version,
    updated: point.updated,
    'provenance.model': provenance.model,
    'provenance.model_version': provenance.modelVersion,
    'provenance.chunking': provenance.chunking,
    'provenance.language': provenance.language,
    'provenance.created': provenance.created,
  };
  return named[name];
}

/** Integers that a double holds are numbers. */
function plain(value: string | bigint): PointValue {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function withId(metadata: Metadata, keep: string | null, id: () => string): Metadata {
  return keep === null ? metadata : { ...metadata, [keep]: id() };
}

function tooLong(value: PointValue | undefined, most: number): boolean {
  if (Array.isArray(value)) return value.some((each) => tooLong(each as PointValue, most));
  return typeof value === 'string' && Buffer.byteLength(value, 'utf8') > most;
}

/** Bits of halves say it in their exponent. */
function allFinite(value: VectorValue): boolean {
  const numbers = isSparse(value) || isMulti(value) ? value.values : value;
  if (!(numbers instanceof Uint16Array)) return Array.prototype.every.call(numbers, Number.isFinite);
  return halvesToFloats(numbers).every(Number.isFinite) && brainsToFloats(numbers).every(Number.isFinite);
}

/** Where the source has an object of nothing, so has the target. */
function keepEmpty(expected: Metadata, source: Metadata): Metadata {
  const kept = record<PointValue>();
  for (const [key, value] of Object.entries(expected)) {
    const before = Object.hasOwn(source, key) ? source[key] : undefined;
    kept[key] = isObject(value) && isObject(before) ? keepEmpty(value, before) : value;
  }
  for (const [key, value] of Object.entries(source))
    if (!(key in kept) && isObject(value) && Object.keys(flatten(value)).length === 0) kept[key] = value;
  return kept;
}

function isObject(value: PointValue | undefined): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutNulls(point: Point): Point {
  const entries = Object.entries(flatten(point.metadata)).filter(([, value]) => value !== null);
  const metadata = record<PointValue>();
  for (const [name, value] of entries) metadata[name] = value;
  return { ...point, metadata: nest(metadata) };
}

function expectedVectors(mapping: Mapping, fields: readonly VectorField[], { vectors }: Point) {
  const expected = record<VectorValue>();
  for (const [name, value] of Object.entries(vectors)) {
    const mapped = mapping.vectors.find(({ from }) => from === name);
    const type = fields.find((field) => field.name === name)?.type;
    if (mapped === undefined || mapped.to === null) continue;
    expected[mapped.to] = mapped.type === type || isSparse(value) ? value : asFloats(type, value);
  }
  return expected;
}

function asFloats(type: VectorField['type'] | undefined, value: VectorValue): VectorValue {
  if (isSparse(value)) return value;
  if (isMulti(value)) return { rows: value.rows, values: asFloats(type, value.values) as Float32Array };
  if (type === 'f16') return halvesToFloats(value as Uint16Array);
  return type === 'bf16' ? brainsToFloats(value as Uint16Array) : Float32Array.from(value);
}

/** Texts stay; null is null; anything else is its JSON with all digits. */
function textOf(value: PointValue): PointValue {
  return value === null || typeof value === 'string' ? value : jsonOf(value);
}

function jsonOf(value: PointValue): string {
  if (Array.isArray(value)) return `[${(value as readonly PointValue[]).map(jsonOf).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(
      ([key, each]) => `${JSON.stringify(key)}:${jsonOf(each as PointValue)}`,
    );
    return `{${pairs.join()}}`;
  }
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}
