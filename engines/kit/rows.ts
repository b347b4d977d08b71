import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, MetadataColumns, Metric } from '../../datasets/dataset.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { DEFAULT_VECTOR } from '../contract/vectors.js';

/** A dataset's rows as a collection: one dense float32 vector, row numbers as ids. */
export interface RowShape {
  name: string;
  dimensions: number;
  metric: Metric;
  /** Rows that will be loaded. */
  capacity: number;
  index: ParameterSet;
  fields?: readonly FieldSchema[] | undefined;
}

export function rowSpec({ dimensions, metric, fields = [], ...rest }: RowShape): CollectionSpec {
  const vectors = [{ name: DEFAULT_VECTOR, kind: 'dense', type: 'f32', dimensions, metric }] as const;
  return { ...rest, vectors, ids: 'u32', fields };
}

/** Rows `start .. start+count` with their values, row-major. */
export function rowBatch(
  start: number,
  count: number,
  values: Float32Array,
  metadata?: MetadataColumns,
): LoadBatch {
  return {
    start,
    count,
    ids: Uint32Array.from({ length: count }, (_, i) => start + i),
    vectors: { [DEFAULT_VECTOR]: { kind: 'dense', values } },
    metadata,
  };
}
