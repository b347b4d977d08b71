import type { FieldType } from '../../../datasets/dataset.js';
import {
  HELD,
  type IdValues,
  type PointColumns,
  type PointDetails,
  type ScalarColumn,
  type TextColumn,
  type Texts,
  type ValueColumn,
  type VectorValues,
} from '../../../engines/contract/columns.js';
import type { Description, Point, PointValue } from '../../../engines/contract/points.js';
import { type DenseValues, elementsOf, type VectorField } from '../../../engines/contract/vectors.js';
import { denseArray, vectorIn } from '../../../engines/kit/vectors.js';
import { fitsColumn } from '../../../migration/export/metadata-cells.js';

/** Points as an engine with columns would give them: typed as far as every value is of its field's type. */
export function columnsOf(
  points: readonly Point[],
  vectors: readonly VectorField[],
  fields: Description['fields'],
): PointColumns {
  const names = [...new Set(points.flatMap(({ metadata }) => Object.keys(metadata)))];
  const details = points.map(
    ({ namespace, partition, version, updated, provenance }): PointDetails => ({
      namespace,
      partition,
      version,
      updated,
      provenance,
    }),
  );
  return {
    count: points.length,
    ids: idsOf(points.map(({ id }) => id)),
    vectors: Object.fromEntries(vectors.map((field) => [field.name, vectorsOf(points, field)])),
    fields: Object.fromEntries(
      names.map((name) => [
        name,
        valuesOf(
          points.map(({ metadata }) => (Object.hasOwn(metadata, name) ? metadata[name] : undefined)),
          fields.find((field) => field.name === name)?.type ?? null,
        ),
      ]),
    ),
    text: partOf(points.map(({ text }) => text)),
    uri: partOf(points.map(({ uri }) => uri)),
    tenant: partOf(points.map(({ tenant }) => tenant)),
    ...(details.some((each) => Object.values(each).some((value) => value !== undefined)) && { details }),
  };
}

function idsOf(ids: readonly Point['id'][]): IdValues {
  if (ids.every((id) => typeof id === 'string')) return { type: 'text', texts: textsOf(ids) };
  const signed = ids.every((id) => typeof id === 'bigint' && BigInt.asIntN(64, id) === id);
  return signed
    ? { type: 'integer', values: BigInt64Array.from(ids as readonly bigint[]) }
    : { type: null, values: ids };
}

function textsOf(texts: readonly string[]): Texts {
  const all = texts.map((text) => Buffer.from(text));
  const offsets = new Int32Array(all.length + 1);
  // Not from 0, as where a page is cut out of a larger one.
  offsets[0] = 3;
  all.forEach((bytes, i) => {
    offsets[i + 1] = offsets[i]! + bytes.length;
  });
  return { bytes: Buffer.concat([Buffer.from('xyz'), ...all]), offsets };
}

function partOf(texts: readonly (string | undefined)[]): TextColumn | undefined {
  if (texts.every((text) => text === undefined)) return undefined;
  const states = texts.every((text) => text !== undefined)
    ? undefined
    : Uint8Array.from(texts, (text) => (text === undefined ? HELD.null : HELD.value));
  return { texts: textsOf(texts.map((text) => text ?? '')), states };
}

function vectorsOf(points: readonly Point[], field: VectorField): VectorValues {
  const values = points.map(({ vectors }) => vectorIn(vectors, field.name));
  if (field.kind !== 'dense') return { type: null, values };
  const size = elementsOf(field);
  const block = denseArray(field.type, points.length * size);
  for (const [row, value] of values.entries())
    if (value !== undefined) block.set(value as DenseValues, row * size);
  if (values.every((value) => value !== undefined)) return { type: 'dense', values: block };
  return {
    type: 'dense',
    values: block,
    present: Uint8Array.from(values, (value) => Number(value !== undefined)),
  };
}

function valuesOf(values: readonly (PointValue | undefined)[], type: FieldType | null): ValueColumn {
  if (type === null) return { type: null, values };
  const fits = (value: PointValue | undefined) =>
    value === undefined || value === null || fitsColumn(type, value);
  if (!values.every(fits)) return { type: null, values };
  const states = values.every((value) => value !== undefined && value !== null)
    ? undefined
    : Uint8Array.from(values, (value) =>
        value === undefined ? HELD.missing : value === null ? HELD.null : HELD.value,
      );
  if (!type.endsWith('[]')) return { ...scalarsOf(type, values), states };
  const lists = values.map((value) => (Array.isArray(value) ? (value as readonly PointValue[]) : []));
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, row) => {
    offsets[row + 1] = offsets[row]! + list.length;
  });
  return {
    type: type as 'string[]',
    offsets,
    elements: scalarsOf(type.slice(0, -2) as FieldType, lists.flat()),
    states,
  };
}

function scalarsOf(type: FieldType, values: readonly (PointValue | undefined)[]): ScalarColumn {
  switch (type) {
    case 'string':
      return { type, texts: textsOf(values.map((value) => (value ?? '') as string)) };
    case 'boolean':
      return { type, values: Uint8Array.from(values, Number) };
    case 'float':
      return { type, values: Float64Array.from(values, (value) => (value ?? 0) as number) };
    default:
      return {
        type: type as 'integer',
        values: BigInt64Array.from(values, (value) => BigInt((value ?? 0) as number | bigint)),
      };
  }
}
