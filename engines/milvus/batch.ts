import type { MetadataValue } from '../../datasets/dataset.js';
import type { Point } from '../contract/points.js';
import type { LoadBatch } from '../contract/spec.js';
import { elementsOf, type SparseVector, type VectorColumn, type VectorField } from '../contract/vectors.js';
import { flatten } from '../kit/check.js';
import { denseArray } from '../kit/vectors.js';
import type { Layout } from './layout.js';

/** Points by column. */
export function batchOf({ vectors, fields }: Layout, points: readonly Point[]): LoadBatch {
  const flat = points.map(({ metadata }) => flatten(metadata));
  const columns = vectors.map((field) => [field.name, columnOf(field, points)] as const);
  const metadata = fields.map(({ name }) => [
    name,
    flat.map((each): MetadataValue | undefined => (Object.hasOwn(each, name) ? each[name] : undefined)),
  ]);
  return {
    start: 0,
    count: points.length,
    ids: points.map(({ id }) => id),
    vectors: Object.fromEntries(columns),
    metadata: Object.fromEntries(metadata),
    texts: points.map(({ text }) => text),
    uris: points.map(({ uri }) => uri),
    tenants: points.map(({ tenant }) => tenant),
  };
}

function columnOf(field: VectorField, points: readonly Point[]): VectorColumn {
  const given = points.map(({ vectors }) => vectors[field.name]!);
  if (field.kind === 'sparse') return { kind: 'sparse', values: given as SparseVector[] };
  const width = elementsOf(field);
  const values = denseArray(field.type, points.length * width);
  given.forEach((vector, row) => {
    values.set(vector as ArrayLike<number>, row * width);
  });
  return { kind: 'dense', values };
}
