import type { SchemaElement } from 'hyparquet';
import type { FieldType } from '../../datasets/dataset.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';
import type { IdKind } from '../../engines/contract/ids.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { DETAILS, type Detail } from './details.js';

/** Columns of a part: docs/export-format.md, "Parts". Prefixes keep the names of users and ours apart. */

export const ID = 'id';
/** Only where ids of several kinds may come: `integer`, `string` or `uuid`. */
export const ID_TYPE = 'id_type';
export const PARTS = ['text', 'uri', 'tenant'] as const;
/** JSON of what the typed columns of a point's metadata cannot say; null: nothing. */
export const METADATA = 'metadata';

export function fieldColumn(name: string): string {
  return `metadata.${name}`;
}

export function vectorColumn(name: string): string {
  return `vector.${name}`;
}

/** A sparse vector has two columns. */
export const SPARSE = { indices: '.indices', values: '.values' } as const;

/** How ids stand in their column; `typed text`: with the column `id_type` beside it. */
export const ID_COLUMNS = ['int64', 'uint64', 'text', 'typed text'] as const;
export type IdColumnType = (typeof ID_COLUMNS)[number];

/** The column that holds every id of a kind exactly, in the ranges of an engine. */
export function idColumnOf(ids: IdKind | null, range: Capabilities['integerIds']): IdColumnType {
  if (ids === 'string' || ids === 'uuid') return 'text';
  if (ids === 'u32' || (ids === 'u64' && range === 'signed')) return 'int64';
  return ids === 'u64' && range === 'unsigned' ? 'uint64' : 'typed text';
}

/** What decides the columns of a part. */
export interface PartShape {
  idColumn: IdColumnType;
  vectors: readonly VectorField[];
  /** Top-level metadata fields with a column, in the order they were met. */
  fields: readonly { name: string; type: FieldType }[];
}

/**
 * The Parquet schema of a part. Integers have the older `converted_type` alone: hyparquet-writer 0.17 writes the logical
 * type INTEGER with a bit width of the wrong size, which other readers refuse.
 */
export function partSchema({ idColumn, vectors, fields }: PartShape): SchemaElement[] {
  const columns = [
    ...idColumns(idColumn),
    ...vectors.flatMap(vectorColumns),
    ...fields.map(({ name, type }) => valueColumn(fieldColumn(name), type)),
    ...[METADATA, ...PARTS].map((name) => [text(name, 'OPTIONAL')]),
    ...DETAILS.map(({ name, type }) => [scalar(name, DETAIL_TYPES[type], 'OPTIONAL')]),
  ];
  return [{ name: 'root', num_children: columns.length }, ...columns.flat()];
}

const DETAIL_TYPES: Readonly<Record<Detail['type'], FieldType>> = {
  text: 'string',
  integer: 'integer',
  timestamp: 'timestamp',
};

type Repetition = 'REQUIRED' | 'OPTIONAL';

/** Columns whose values are floating-point numbers. */
export function floatingColumns({ vectors, fields }: PartShape): ReadonlySet<string> {
  const floats = fields.filter(({ type }) => type === 'float' || type === 'float[]');
  return new Set([
    ...vectors.flatMap(({ name }) => [vectorColumn(name), vectorColumn(name) + SPARSE.values]),
    ...floats.map(({ name }) => fieldColumn(name)),
  ]);
}

export function idColumns(type: IdColumnType): SchemaElement[][] {
  if (type === 'int64') return [[integer(ID, 'REQUIRED')]];
  if (type === 'text') return [[text(ID, 'REQUIRED')]];
  if (type === 'typed text') return [[text(ID, 'REQUIRED')], [text(ID_TYPE, 'REQUIRED')]];
  return [[{ ...integer(ID, 'REQUIRED'), converted_type: 'UINT_64' }]];
}

function text(name: string, repetition_type: Repetition): SchemaElement {
  return {
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
    repetition_type,
  };
}

function integer(name: string, repetition_type: Repetition): SchemaElement {
  return { name, type: 'INT64', repetition_type };
}

/** A vector's columns: float lists hold f32, f16 and bf16 exactly; bits are packed, eight a byte. */
function vectorColumns({ name, kind, type, dimensions }: VectorField): SchemaElement[][] {
  const column = vectorColumn(name);
  if (kind === 'sparse') {
    const index: SchemaElement = {
      name: 'element',
      type: 'INT32',
      converted_type: 'UINT_32',
      repetition_type: 'REQUIRED',
    };
    return [
      list(column + SPARSE.indices, [index]),
      list(column + SPARSE.values, [{ name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' }]),
    ];
  }
  if (kind === 'multi') {
    const row: SchemaElement[] =
      type === 'bit'
        ? [bits('element', dimensions, 'REQUIRED')]
        : list('element', [number(type)], 'REQUIRED');
    return [list(column, row)];
  }
  return [type === 'bit' ? [bits(column, dimensions, 'OPTIONAL')] : list(column, [number(type)])];
}

function number(type: VectorField['type']): SchemaElement {
  const element = { name: 'element', repetition_type: 'REQUIRED' } as const;
  if (type !== 'int8') return { ...element, type: 'FLOAT' };
  return { ...element, type: 'INT32', converted_type: 'INT_8' };
}

function bits(name: string, dimensions: number, repetition_type: Repetition): SchemaElement {
  return { name, type: 'FIXED_LEN_BYTE_ARRAY', type_length: Math.ceil(dimensions / 8), repetition_type };
}

function valueColumn(name: string, type: FieldType): SchemaElement[] {
  if (type.endsWith('[]')) return list(name, [scalar('element', type.slice(0, -2) as FieldType, 'REQUIRED')]);
  return [scalar(name, type, 'OPTIONAL')];
}

export function scalar(name: string, type: FieldType, repetition_type: Repetition): SchemaElement {
  switch (type) {
    case 'string':
      return text(name, repetition_type);
    case 'boolean':
      return { name, type: 'BOOLEAN', repetition_type };
    case 'float':
      return { name, type: 'DOUBLE', repetition_type };
    case 'timestamp':
      return {
        name,
        type: 'INT64',
        repetition_type,
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      };
    default:
      return integer(name, repetition_type);
  }
}

function list(
  name: string,
  element: SchemaElement[],
  repetition_type: Repetition = 'OPTIONAL',
): SchemaElement[] {
  return [
    { name, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ];
}
