import type { FieldSchema, MetadataValue } from '../../datasets/dataset.js';
import { HELD, type PointColumns } from '../contract/columns.js';
import type { IdColumn, IdKind, PointId } from '../contract/ids.js';
import type { Point } from '../contract/points.js';
import type { CollectionSpec, LoadBatch } from '../contract/spec.js';
import { type DenseValues, elementsOf, type VectorField } from '../contract/vectors.js';
import { flatten } from '../kit/check.js';
import { denseArray } from '../kit/vectors.js';
import type { ArrowClient } from './client.js';
import { arrowColumn, arrowType, columnName } from './fields.js';
import { ID, keptMetadata, partsOf, reservedColumns, vectorColumnName } from './layout.js';
import { bitmap, type TypedColumn, writtenColumn } from './written-columns.js';

/** The Arrow schema of a table of ours. */
export function tableSchema(arrow: ArrowClient, spec: CollectionSpec): object {
  const reserved = reservedColumns(spec);
  // With one vector every point has it.
  const several = spec.vectors.length > 1;
  return new arrow.Schema(
    [
      new arrow.Field(ID, idType(arrow, spec.ids), false),
      ...spec.vectors.map(
        (field) => new arrow.Field(vectorColumnName(field.name), listType(arrow, field), several),
      ),
      ...partsOf(spec).map((part) => new arrow.Field(part, new arrow.Utf8(), true)),
      ...spec.fields.map(
        ({ name, type, nullable }) =>
          new arrow.Field(columnName(name, reserved), arrowType(arrow, type), nullable),
      ),
    ],
    keptMetadata(spec),
  );
}

/** A batch as an Arrow table, over the batch's own memory as far as it goes. */
export function batchTable(arrow: ArrowClient, spec: CollectionSpec, batch: LoadBatch): object {
  const reserved = reservedColumns(spec);
  const texts = { text: batch.texts, uri: batch.uris, tenant: batch.tenants };
  return new arrow.Table(tableSchema(arrow, spec), {
    [ID]: idColumn(arrow, spec.ids, batch.ids, batch.count),
    ...Object.fromEntries(
      spec.vectors.map((field) => {
        const column = batch.vectors[field.name];
        if (column === undefined) return [vectorColumnName(field.name), allAbsent(arrow, field, batch.count)];
        if (column.kind !== 'dense') throw new Error(`vector "${field.name}" is ${column.kind}`);
        const { values, present } = column;
        return [vectorColumnName(field.name), vectorColumn(arrow, field, values, batch.count, present)];
      }),
    ),
    ...Object.fromEntries(
      partsOf(spec).map((part) => [part, arrowColumn(arrow, 'string', texts[part] ?? [])]),
    ),
    ...Object.fromEntries(
      spec.fields.map(({ name, type }) => [
        columnName(name, reserved),
        arrowColumn(arrow, type, batch.metadata?.[name] ?? []),
      ]),
    ),
  });
}

/**
 * The collection without boolean fields of which no point of a batch has a value: the engine's merge fails at them ("Spill has
 * sent an error", 0.31). A new row has null in a column that is not given; a row that is there keeps its value.
 */
export function withoutUnset(
  spec: CollectionSpec,
  batch: LoadBatch | PointColumns,
): { spec: CollectionSpec; unset: readonly FieldSchema[] } {
  const unset = spec.fields.filter(({ name, type }) => type === 'boolean' && !hasValue(batch, name));
  return { spec: { ...spec, fields: spec.fields.filter((field) => !unset.includes(field)) }, unset };
}

function hasValue(batch: LoadBatch | PointColumns, name: string): boolean {
  if ('fields' in batch) {
    const column = Object.hasOwn(batch.fields, name) ? batch.fields[name] : undefined;
    if (column === undefined || column.type === null || column.states === undefined)
      return column !== undefined;
    return column.states.includes(HELD.value);
  }
  return batch.metadata?.[name]?.some((value) => value !== null && value !== undefined) === true;
}

/** Points as columns. */
export function batchOf(spec: CollectionSpec, points: readonly Point[]): LoadBatch {
  const flat = points.map(({ metadata }) => flatten(metadata));
  return {
    start: 0,
    count: points.length,
    ids: points.map(({ id }) => id),
    vectors: Object.fromEntries(spec.vectors.map((field) => [field.name, gathered(field, points)])),
    metadata: Object.fromEntries(
      spec.fields.map(({ name }) => [name, flat.map((each): MetadataValue | undefined => each[name])]),
    ),
    texts: points.map(({ text }) => text),
    uris: points.map(({ uri }) => uri),
    tenants: points.map(({ tenant }) => tenant),
  };
}

function gathered(field: VectorField, points: readonly Point[]) {
  const size = elementsOf(field);
  const values = denseArray(field.type, points.length * size);
  const present = new Uint8Array(points.length);
  for (const [row, { vectors }] of points.entries()) {
    const value = vectors[field.name] as DenseValues | undefined;
    if (value === undefined) continue;
    present[row] = 1;
    values.set(value, row * size);
  }
  return { kind: 'dense' as const, values, present };
}

function idType(arrow: ArrowClient, kind: IdKind): object {
  if (kind === 'u32') return new arrow.Uint32();
  return kind === 'u64' ? new arrow.Int64() : new arrow.Utf8();
}

function idColumn(arrow: ArrowClient, kind: IdKind, ids: IdColumn, count: number): object {
  if (ids instanceof Uint32Array) return arrow.makeVector(ids.subarray(0, count));
  const list = Array.from(ids as Iterable<PointId>);
  if (kind === 'u32') return arrow.makeVector(Uint32Array.from(list, Number));
  return arrow.vectorFromArray(list, idType(arrow, kind));
}

/** `count` row-major vectors as a column over their own memory; `present`: 0 where a row has none. */
function vectorColumn(
  arrow: ArrowClient,
  field: VectorField,
  values: DenseValues,
  count: number,
  present: Uint8Array | undefined,
): object {
  const absent = present === undefined ? 0 : present.subarray(0, count).filter((each) => each === 0).length;
  const child = arrow.makeData({
    type: numberType(arrow, field),
    length: count * field.dimensions,
    nullCount: 0,
    data: values.subarray(0, count * field.dimensions),
  });
  const list = arrow.makeData({
    type: listType(arrow, field),
    length: count,
    nullCount: absent,
    ...(absent > 0 && { nullBitmap: bitmap(present!, count) }),
    child,
  });
  return arrow.makeVector(list);
}

/** Columns that fit the collection (`fitsColumns`) as an Arrow table, over their own memory. */
export function columnTable(arrow: ArrowClient, spec: CollectionSpec, columns: PointColumns): object {
  const { count } = columns;
  const reserved = reservedColumns(spec);
  return new arrow.Table(tableSchema(arrow, spec), {
    [ID]: writtenIds(arrow, spec.ids, columns),
    ...Object.fromEntries(
      spec.vectors.map((field) => {
        const { values } = columns.vectors[field.name] as { values: DenseValues };
        return [vectorColumnName(field.name), vectorColumn(arrow, field, values, count, undefined)];
      }),
    ),
    ...Object.fromEntries(
      partsOf(spec).map((part) => {
        const column = columns[part];
        return [
          part,
          column === undefined
            ? arrowColumn(arrow, 'string', new Array(count).fill(null))
            : writtenColumn(arrow, { type: 'string', ...column }, count),
        ];
      }),
    ),
    ...Object.fromEntries(
      spec.fields.map(({ name, type }) => [
        columnName(name, reserved),
        Object.hasOwn(columns.fields, name)
          ? writtenColumn(arrow, columns.fields[name] as TypedColumn, count)
          : arrowColumn(arrow, type, new Array(count).fill(null)),
      ]),
    ),
  });
}

function writtenIds(arrow: ArrowClient, kind: IdKind, { ids, count }: PointColumns): object {
  if (ids.type === 'text') return writtenColumn(arrow, { type: 'string', texts: ids.texts }, count);
  const { values } = ids as { values: BigInt64Array | BigUint64Array };
  if (kind === 'u32') return arrow.makeVector(Uint32Array.from(values as Iterable<bigint>, Number));
  const signed = new BigInt64Array(values.buffer as ArrayBuffer, values.byteOffset, count);
  return writtenColumn(arrow, { type: 'integer', values: signed }, count);
}

function allAbsent(arrow: ArrowClient, field: VectorField, count: number): object {
  const values = denseArray(field.type, count * field.dimensions);
  return vectorColumn(arrow, field, values, count, new Uint8Array(count));
}

function numberType(arrow: ArrowClient, { type }: Pick<VectorField, 'type'>): object {
  return type === 'f16' ? new arrow.Float16() : new arrow.Float32();
}

function listType(arrow: ArrowClient, field: VectorField): object {
  return new arrow.FixedSizeList(field.dimensions, new arrow.Field('item', numberType(arrow, field), true));
}
