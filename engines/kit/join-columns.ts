import {
  HELD,
  type IdValues,
  type PointColumns,
  type ScalarColumn,
  type States,
  type TextColumn,
  type Texts,
  type ValueColumn,
  type VectorValues,
} from '../contract/columns.js';
import type { PointValue } from '../contract/points.js';
import { elementsOf, type VectorField, type VectorValue } from '../contract/vectors.js';
import { idIn, valueAt, vectorAt } from './columns.js';
import { denseArray } from './vectors.js';

/**
 * Several pages as one, in memory of its own and nothing beside it, so that it can be handed to another thread. Columns
 * that are of different types in two pages, or in one of them alone, are of type null.
 */
export function joinColumns(pages: readonly PointColumns[], fields: readonly VectorField[]): PointColumns {
  const count = pages.reduce((sum, page) => sum + page.count, 0);
  const names = new Set(pages.flatMap((page) => Object.keys(page.fields)));
  return {
    count,
    ids: joinIds(pages),
    vectors: Object.fromEntries(fields.map((field) => [field.name, joinVectors(pages, field, count)])),
    fields: Object.fromEntries(
      [...names].map((name) => [
        name,
        joinValues(
          pages,
          pages.map((page) => (Object.hasOwn(page.fields, name) ? page.fields[name] : undefined)),
          count,
        ),
      ]),
    ),
    text: joinParts(pages, 'text', count),
    uri: joinParts(pages, 'uri', count),
    tenant: joinParts(pages, 'tenant', count),
    ...(pages.some(({ details }) => details !== undefined) && {
      details: pages.flatMap((page) => page.details ?? Array.from({ length: page.count }, () => ({}))),
    }),
  };
}

type Numbers =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

/** Some rows of each of several arrays of one type. */
function joinNumbers<T extends Numbers>(parts: readonly { values: T; from: number; to: number }[]): T {
  const length = parts.reduce((sum, { from, to }) => sum + to - from, 0);
  const { values: first } = parts[0]!;
  // Bytes that came as a Buffer are bytes: its constructor is not to be used any more.
  const make = (Buffer.isBuffer(first) ? Uint8Array : first.constructor) as new (length: number) => T;
  const joined = new make(length);
  let at = 0;
  for (const { values, from, to } of parts) {
    joined.set(values.subarray(from, to) as never, at);
    at += to - from;
  }
  return joined;
}

function joinTexts(parts: readonly { texts: Texts; from: number; to: number }[]): Texts {
  const rows = parts.reduce((sum, { from, to }) => sum + to - from, 0);
  const offsets = new Int32Array(rows + 1);
  let at = 0;
  let end = 0;
  for (const { texts, from, to } of parts) {
    const shift = end - texts.offsets[from]!;
    for (let row = from; row < to; row++) offsets[at++] = texts.offsets[row]! + shift;
    end = texts.offsets[to]! + shift;
  }
  offsets[at] = end;
  const bytes = joinNumbers(
    parts.map(({ texts, from, to }) => ({
      values: texts.bytes,
      from: texts.offsets[from]!,
      to: texts.offsets[to]!,
    })),
  );
  return { bytes, offsets };
}

function joinIds(pages: readonly PointColumns[]): IdValues {
  const [first] = pages;
  const same = pages.every(({ ids }) => ids.type === first!.ids.type);
  if (same && first!.ids.type === 'text')
    return {
      type: 'text',
      texts: joinTexts(
        pages.map(({ ids, count }) => ({ texts: (ids as { texts: Texts }).texts, from: 0, to: count })),
      ),
    };
  if (same && first!.ids.type === 'integer') {
    const parts = pages.map(({ ids, count }) => ({
      values: (ids as { values: BigInt64Array }).values,
      from: 0,
      to: count,
    }));
    if (new Set(parts.map(({ values }) => values.constructor)).size === 1)
      return { type: 'integer', values: joinNumbers(parts) };
  }
  return {
    type: null,
    values: pages.flatMap(({ ids, count }) => Array.from({ length: count }, (_, row) => idIn(ids, row))),
  };
}

function joinVectors(pages: readonly PointColumns[], field: VectorField, count: number): VectorValues {
  const size = elementsOf(field);
  const columns = pages.map(({ vectors }) => vectors[field.name]);
  if (columns.some((column) => column?.type === null))
    return {
      type: null,
      values: columns.flatMap((column, i) =>
        Array.from(
          { length: pages[i]!.count },
          (_, row): VectorValue | undefined => column && vectorAt(column, size, row),
        ),
      ),
    };
  const values = denseArray(field.type, count * size);
  const all = columns.every((column) => column !== undefined && column.type === 'dense' && !column.present);
  const present = all ? undefined : new Uint8Array(count).fill(1);
  let at = 0;
  for (const [i, column] of columns.entries()) {
    const rows = pages[i]!.count;
    if (column?.type === 'dense') {
      values.set(column.values.subarray(0, rows * size), at * size);
      if (column.present !== undefined) present!.set(column.present.subarray(0, rows), at);
    } else present!.fill(0, at, at + rows);
    at += rows;
  }
  return { type: 'dense', values, present };
}

/** States of all rows; `absent`: what rows of a page without the column hold. */
function joinStates(
  pages: readonly PointColumns[],
  columns: readonly ({ states?: States } | undefined)[],
  count: number,
): States {
  if (columns.every((column) => column !== undefined && column.states === undefined)) return undefined;
  const states = new Uint8Array(count).fill(HELD.value);
  let at = 0;
  for (const [i, column] of columns.entries()) {
    const rows = pages[i]!.count;
    if (column === undefined) states.fill(HELD.missing, at, at + rows);
    else if (column.states !== undefined) states.set(column.states.subarray(0, rows), at);
    at += rows;
  }
  return states;
}

function joinParts(
  pages: readonly PointColumns[],
  part: 'text' | 'uri' | 'tenant',
  count: number,
): TextColumn | undefined {
  const columns = pages.map((page) => page[part]);
  if (columns.every((column) => column === undefined)) return undefined;
  const texts = joinTexts(
    columns.map((column, i) => ({
      texts: column?.texts ?? noTexts(pages[i]!.count),
      from: 0,
      to: pages[i]!.count,
    })),
  );
  return { texts, states: joinStates(pages, columns, count) };
}

function noTexts(rows: number): Texts {
  return { bytes: new Uint8Array(0), offsets: new Int32Array(rows + 1) };
}

function joinValues(
  pages: readonly PointColumns[],
  columns: readonly (ValueColumn | undefined)[],
  count: number,
): ValueColumn {
  const [first] = columns;
  const { type } = first ?? { type: null };
  if (type === null || columns.some((column) => column?.type !== type))
    return {
      type: null,
      values: columns.flatMap((column, i) =>
        Array.from(
          { length: pages[i]!.count },
          (_, row): PointValue | undefined => column && valueAt(column, row),
        ),
      ),
    };
  const states = joinStates(pages, columns as readonly { states?: States }[], count);
  if (!('elements' in first!)) {
    const parts = columns.map((column, i) => ({
      column: column as ScalarColumn,
      from: 0,
      to: pages[i]!.count,
    }));
    return { ...joinScalars(parts), states };
  }
  const lists = columns as readonly { offsets: Int32Array; elements: ScalarColumn }[];
  const offsets = new Int32Array(count + 1);
  let at = 0;
  let end = 0;
  for (const [i, list] of lists.entries()) {
    const shift = end - list.offsets[0]!;
    const rows = pages[i]!.count;
    for (let row = 0; row < rows; row++) offsets[at++] = list.offsets[row]! + shift;
    end = list.offsets[rows]! + shift;
  }
  offsets[at] = end;
  const elements = joinScalars(
    lists.map((list, i) => ({
      column: list.elements,
      from: list.offsets[0]!,
      to: list.offsets[pages[i]!.count]!,
    })),
  );
  return { type: first.type, offsets, elements, states };
}

function joinScalars(parts: readonly { column: ScalarColumn; from: number; to: number }[]): ScalarColumn {
  const { type } = parts[0]!.column;
  if (type === 'string')
    return {
      type,
      texts: joinTexts(
        parts.map(({ column, from, to }) => ({ texts: (column as { texts: Texts }).texts, from, to })),
      ),
    };
  const values = joinNumbers(
    parts.map(({ column, from, to }) => ({ values: (column as { values: Numbers }).values, from, to })),
  );
  return { type, values } as ScalarColumn;
}

/** The memory of columns that `joinColumns` made: what a message hands over instead of copying it. */
export function memoryOf(columns: PointColumns): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const each of Object.values(value)) visit(each);
  };
  visit(columns);
  return [...found];
}
