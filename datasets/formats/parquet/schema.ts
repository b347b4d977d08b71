import type { SchemaElement, SchemaTree } from 'hyparquet';
import type { FieldType } from '../../dataset.js';

export type ScalarType = 'string' | 'integer' | 'float' | 'boolean' | 'timestamp';

/** The type in our words; undefined where a column holds something that is no metadata value (structs, maps, …). */
export function fieldType(column: SchemaTree): FieldType | undefined {
  if (isCell(column)) return scalarType(column.element);
  const inner = listLeaf(column);
  const type = inner?.depth === 1 ? scalarType(inner.leaf.element) : undefined;
  return type === undefined || type === 'timestamp' ? undefined : `${type}[]`;
}

/** Whether a column holds one value per row. */
export function isCell(column: SchemaTree): boolean {
  return column.children.length === 0 && column.element.repetition_type !== 'REPEATED';
}

/** The only leaf under a column, if something repeats: `list<x>` in each of its historical spellings. */
export function listLeaf(
  column: SchemaTree,
): { leaf: SchemaTree; between: SchemaTree[]; depth: number } | undefined {
  const between = [column];
  let node = column;
  while (node.children.length === 1) {
    node = node.children[0]!;
    between.push(node);
  }
  const depth = between.filter((each) => each.element.repetition_type === 'REPEATED').length;
  return node.children.length === 0 && depth > 0 ? { leaf: node, between, depth } : undefined;
}

export function isNumber(leaf: SchemaTree | undefined): boolean {
  const type = leaf && scalarType(leaf.element);
  return type === 'integer' || type === 'float';
}

/** Whether the values of a cell can be ids; floats are looked at one by one. */
export function canBeId(column: SchemaTree): boolean {
  if (!isCell(column)) return false;
  const {
    type,
    type_length: length,
    scale,
    converted_type: converted,
    logical_type: logical,
  } = column.element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return (scale ?? 0) === 0;
  if (type === 'FIXED_LEN_BYTE_ARRAY') return length === 16 && logical?.type !== 'FLOAT16';
  const scalar = scalarType(column.element);
  return scalar === 'string' || scalar === 'integer' || scalar === 'float' || isBinary(column.element);
}

function isBinary({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return type === 'BYTE_ARRAY' && converted === undefined && logical === undefined;
}

export function scalarType(element: SchemaElement): ScalarType | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === 'BOOLEAN') return 'boolean';
  if (converted === 'DATE' || logical?.type === 'DATE') return 'timestamp';
  if (converted?.startsWith('TIMESTAMP') || logical?.type === 'TIMESTAMP' || type === 'INT96') {
    return 'timestamp';
  }
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL' || logical?.type === 'FLOAT16') return 'float';
  if (converted?.startsWith('TIME_') || logical?.type === 'TIME') return undefined;
  if (type === 'INT32' || type === 'INT64') return 'integer';
  if (type === 'FLOAT' || type === 'DOUBLE') return 'float';
  if (logical?.type === 'UUID') return 'string';
  const text = converted === 'UTF8' || converted === 'ENUM' || converted === undefined;
  return type === 'BYTE_ARRAY' && text && isText(logical?.type) ? 'string' : undefined;
}

function isText(logical: string | undefined): boolean {
  return logical === undefined || logical === 'STRING' || logical === 'ENUM';
}

/** A column's type in Arrow's words: `int64`, `list<float>`, `decimal(38, 0)`, `struct<a, b>`. */
export function typeWords(column: SchemaTree): string {
  const list = listLeaf(column);
  if (list !== undefined) {
    return Array.from({ length: list.depth }).reduce<string>(
      (inner) => `list<${inner}>`,
      elementWords(list.leaf.element),
    );
  }
  if (column.children.length > 0) {
    return `struct<${column.children.map((child) => child.element.name).join(', ')}>`;
  }
  return elementWords(column.element);
}

const PHYSICAL: Readonly<Record<string, string>> = {
  BOOLEAN: 'bool',
  INT32: 'int32',
  INT64: 'int64',
  INT96: 'timestamp',
  FLOAT: 'float',
  DOUBLE: 'double',
  BYTE_ARRAY: 'binary',
};

function elementWords(element: SchemaElement): string {
  const { type, type_length, converted_type: converted, logical_type: logical, precision, scale } = element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return `decimal(${precision}, ${scale ?? 0})`;
  if (converted === 'UTF8' || logical?.type === 'STRING') return 'string';
  if (logical?.type === 'FLOAT16') return 'halffloat';
  if (logical !== undefined && logical.type !== 'INTEGER') return logical.type.toLowerCase();
  if (converted !== undefined) return converted.toLowerCase().replaceAll('_', '');
  if (type === 'FIXED_LEN_BYTE_ARRAY') return `binary(${type_length})`;
  return PHYSICAL[type ?? ''] ?? 'unknown';
}
