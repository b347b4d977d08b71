import type { Point, PointSupport } from '../../engines/contract/points.js';
import type { NamedVectors, VectorField, VectorValue } from '../../engines/contract/vectors.js';
import { halvesToFloats } from '../../engines/kit/half.js';
import { isMulti, isSparse, vectorIn } from '../../engines/kit/vectors.js';
import { isMetric } from './metric.js';

/** A dense vector that an engine does not give back bit for bit (`PointSupport.vectors.changed`). */
export interface NearField {
  name: string;
  type: 'f32' | 'f16';
  how: 'rounded' | 'normalised';
}

/** Those vectors of a collection that its engine changes. */
export function nearFields(
  vectors: readonly VectorField[],
  { changed = {} }: PointSupport['vectors'],
): NearField[] {
  return vectors.flatMap(({ name, kind, type, metric }) => {
    const how = metric !== null && isMetric(metric) ? changed[metric] : undefined;
    return how !== undefined && kind === 'dense' && (type === 'f32' || type === 'f16')
      ? [{ name, type, how }]
      : [];
  });
}

/** A point without them, to be compared bit for bit. */
export function withoutNear(fields: readonly NearField[], point: Point): Point {
  if (fields.length === 0) return point;
  const vectors: Record<string, VectorValue> = { ...point.vectors };
  for (const { name } of fields) delete vectors[name];
  return { ...point, vectors };
}

/** Their numbers, in the order of the fields; undefined: the point has none. */
export function nearValues(
  fields: readonly NearField[],
  vectors: NamedVectors,
): (Float32Array | undefined)[] {
  return fields.map(({ name, type }) => {
    const value = vectorIn(vectors, name);
    if (value === undefined || isSparse(value) || isMulti(value)) return undefined;
    return type === 'f16' ? halvesToFloats(value as Uint16Array) : (value as Float32Array);
  });
}

/** Relative and absolute error that is allowed: a few units in the last place of the type. */
const TOLERANCE = {
  rounded: { f32: [2 ** -22, 0], f16: [2 ** -9, 0] },
  // The length is computed in float32, over all dimensions.
  normalised: { f32: [2 ** -18, 2 ** -24], f16: [2 ** -9, 2 ** -12] },
} as const;

/**
 * Whether a vector came back as its engine says that it does: number by number within a few units in the last place of
 * the original, or of the original divided by its length.
 */
export function isNear({ how, type }: NearField, original: Float32Array, found: Float32Array): boolean {
  if (original.length !== found.length) return false;
  const [relative, absolute] = TOLERANCE[how][type];
  const length = how === 'normalised' ? lengthOf(original) : 1;
  return original.every((value, i) => {
    const wanted = length === 0 ? value : value / length;
    return Math.abs(found[i]! - wanted) <= relative * Math.abs(wanted) + absolute;
  });
}

function lengthOf(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
