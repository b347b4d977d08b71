import type { FieldType } from '../../datasets/dataset.js';
import type { PointId } from './ids.js';
import type { Point, PointValue } from './point.js';
import type { DenseValues, VectorValue } from './vectors.js';

/**
 * The points of a page as columns, row by row the same as `Point`s. Made for what reads every point: texts stay bytes
 * and numbers stay in typed arrays. What has no such form is a column of type null, whose values are those of a point.
 */
export interface PointColumns {
  count: number;
  ids: IdValues;
  /** By name; a point without one of them has no such vector. */
  vectors: Readonly<Record<string, VectorValues>>;
  /** Metadata by the names of the first level. */
  fields: Readonly<Record<string, ValueColumn>>;
  text?: TextColumn | undefined;
  uri?: TextColumn | undefined;
  tenant?: TextColumn | undefined;
  /** Undefined: no point has any. */
  details?: readonly PointDetails[] | undefined;
}

/** What a point may have beside the columns. */
export type PointDetails = Pick<Point, 'namespace' | 'partition' | 'version' | 'updated' | 'provenance'>;

/** Texts one after the other: the text of a row is UTF-8 from `offsets[row]` up to `offsets[row + 1]`. */
export interface Texts {
  bytes: Uint8Array;
  /** One more than rows. The first need not be 0. */
  offsets: Int32Array;
}

export type IdValues =
  | { type: 'integer'; values: BigInt64Array | BigUint64Array }
  | { type: 'text'; texts: Texts }
  | { type: null; values: readonly PointId[] };

/** Dense vectors row by row, `count * elementsOf(field)`; `present[row] === 0`: the row has none, and holds anything. */
export type VectorValues =
  | { type: 'dense'; values: DenseValues; present?: Uint8Array | undefined }
  | { type: null; values: readonly (VectorValue | undefined)[] };

/** What a row of a column holds. */
export const HELD = { null: 0, value: 1, missing: 2 } as const;

/** Of each row one of `HELD`; undefined: every row has a value. */
export type States = Uint8Array | undefined;

/** Texts that need not be there: a row whose state is not `value` has none. */
export interface TextColumn {
  texts: Texts;
  states?: States;
}

/** Values of one type, none of which are arrays. */
export type ScalarColumn =
  | { type: 'string'; texts: Texts }
  | { type: 'integer' | 'timestamp'; values: BigInt64Array }
  | { type: 'float'; values: Float64Array }
  /** 0 or 1 a row. */
  | { type: 'boolean'; values: Uint8Array };

export type ListType = Extract<FieldType, `${string}[]`>;

/**
 * Of a field. An array's elements are those from `offsets[row]` up to `offsets[row + 1]`, none where the row has no
 * value.
 */
export type ValueColumn =
  | (ScalarColumn & { states?: States })
  | { type: ListType; offsets: Int32Array; elements: ScalarColumn; states?: States }
  /** Undefined: the point does not have the field. */
  | { type: null; values: readonly (PointValue | undefined)[] };
