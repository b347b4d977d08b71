import type { SchemaTree } from 'hyparquet';
import { getMaxDefinitionLevel } from 'hyparquet/src/schema.js';
import type { ParquetFile } from '../../datasets/formats/parquet/file.js';
import { leafPages } from '../../datasets/formats/parquet/pages.js';
import { listLeaf } from '../../datasets/formats/parquet/schema.js';
import type { DenseType, DenseValues } from '../../engines/contract/vectors.js';

/** A list of numbers, one for each row: typed as it is kept, or float64 that has to be rounded. */
export type NumberList = DenseValues | Float64Array;

/** How numbers of a leaf are kept; undefined: it holds none. */
export function numbersOf({ element }: SchemaTree): DenseType | 'f64' | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (logical?.type === 'FLOAT16') return 'f16';
  if (type === 'FLOAT') return 'f32';
  if (type === 'DOUBLE') return 'f64';
  if (converted === 'INT_8') return 'int8';
  if (logical?.type === 'INTEGER' && logical.bitWidth === 8 && logical.isSigned) return 'int8';
  return undefined;
}

/** The column's leaf, if it holds one list of such numbers a row. */
export function numberLeaf(column: SchemaTree): SchemaTree | undefined {
  const list = listLeaf(column);
  return list?.depth === 1 && numbersOf(list.leaf) !== undefined ? list.leaf : undefined;
}

/**
 * The lists of a column, row by row: page by page, so that memory does not depend on the size of the row groups. Null: the
 * list is null. A list that holds a null is given as an array with it.
 */
export function* numberLists(
  file: ParquetFile,
  root: SchemaTree,
  column: SchemaTree,
): Generator<NumberList | unknown[] | null> {
  const { between, leaf } = listLeaf(column)!;
  const type = numbersOf(leaf)!;
  const path = [root, ...between];
  const highest = getMaxDefinitionLevel(path);
  // Below it the list, or what holds it, is null; at it there is a list without elements.
  const repeated = path.findIndex(({ element }) => element.repetition_type === 'REPEATED');
  const present = path
    .slice(1, repeated)
    .filter(({ element }) => element.repetition_type === 'OPTIONAL').length;
  let row: unknown[] | null | undefined;
  for (const { values, repetition, definition } of leafPages(file, path)) {
    if (definition.length === 0 && isFloats(values)) {
      const starts = startsOf(repetition);
      // What stands before the first start belongs to a row that began in an earlier page.
      for (const value of values.subarray(0, starts[0] ?? values.length)) row!.push(value);
      for (const [i, start] of starts.entries()) {
        if (row !== undefined) yield typed(type, row);
        row = undefined;
        const end = starts[i + 1];
        if (end !== undefined) yield values.slice(start, end);
        else row = Array.from(values.subarray(start));
      }
      continue;
    }
    let at = 0;
    for (let i = 0; i < repetition.length; i++) {
      const level = definition.length === 0 ? highest : definition[i]!;
      if (repetition[i] === 0) {
        if (row !== undefined) yield typed(type, row);
        row = level < present ? null : [];
      }
      if (level === highest) row!.push(values[at++]);
      else if (level > present) row!.push(null);
    }
  }
  if (row !== undefined) yield typed(type, row);
}

function isFloats(values: unknown): values is Float32Array | Float64Array {
  return values instanceof Float32Array || values instanceof Float64Array;
}

/** Where rows begin. */
function startsOf(repetition: Uint8Array): number[] {
  const starts: number[] = [];
  for (let i = repetition.indexOf(0); i >= 0; i = repetition.indexOf(0, i + 1)) starts.push(i);
  return starts;
}

function typed(type: DenseType | 'f64', row: unknown[] | null): NumberList | unknown[] | null {
  if (row === null || row.includes(null)) return row;
  switch (type) {
    case 'f16':
      return Uint16Array.from(row as Uint8Array[], (bytes) => bytes[0]! | (bytes[1]! << 8));
    case 'int8':
      return Int8Array.from(row as number[]);
    case 'f64':
      return Float64Array.from(row as number[]);
    default:
      return Float32Array.from(row as number[]);
  }
}
