import type {
  IdValues,
  PointColumns,
  States,
  TextColumn,
  ValueColumn,
  VectorValues,
} from '../contract/columns.js';
import { elementsOf, type VectorField } from '../contract/vectors.js';

/** Rows `from` up to but not including `to`, over the same memory. */
export function sliceColumns(
  columns: PointColumns,
  vectors: readonly VectorField[],
  from: number,
  to: number,
): PointColumns {
  const part = (column: TextColumn | undefined) => column && slicedText(column, from, to);
  return {
    count: to - from,
    ids: slicedIds(columns.ids, from, to),
    vectors: Object.fromEntries(
      vectors.flatMap((field) => {
        const column = columns.vectors[field.name];
        return column === undefined ? [] : [[field.name, slicedVectors(column, elementsOf(field), from, to)]];
      }),
    ),
    fields: Object.fromEntries(
      Object.entries(columns.fields).map(([name, column]) => [name, slicedValues(column, from, to)]),
    ),
    text: part(columns.text),
    uri: part(columns.uri),
    tenant: part(columns.tenant),
    details: columns.details?.slice(from, to),
  };
}

/** In pieces of at most `most` rows; as it is if there are no more. */
export function* piecesOf(
  columns: PointColumns,
  vectors: readonly VectorField[],
  most: number,
): Iterable<PointColumns> {
  if (columns.count <= most) yield columns;
  else
    for (let from = 0; from < columns.count; from += most)
      yield sliceColumns(columns, vectors, from, Math.min(columns.count, from + most));
}

function slicedIds(ids: IdValues, from: number, to: number): IdValues {
  if (ids.type === 'text') return { ...ids, texts: slicedTexts(ids.texts, from, to) };
  if (ids.type === 'integer') return { ...ids, values: ids.values.subarray(from, to) };
  return { ...ids, values: ids.values.slice(from, to) };
}

function slicedTexts({ bytes, offsets }: TextColumn['texts'], from: number, to: number): TextColumn['texts'] {
  return { bytes, offsets: offsets.subarray(from, to + 1) };
}

function slicedText({ texts, states }: TextColumn, from: number, to: number): TextColumn {
  return { texts: slicedTexts(texts, from, to), states: slicedStates(states, from, to) };
}

function slicedStates(states: States, from: number, to: number): States {
  return states?.subarray(from, to);
}

function slicedVectors(column: VectorValues, size: number, from: number, to: number): VectorValues {
  if (column.type === null) return { ...column, values: column.values.slice(from, to) };
  const { values, present } = column;
  return {
    type: 'dense',
    values: values.subarray(from * size, to * size),
    present: present?.subarray(from, to),
  };
}

function slicedValues(column: ValueColumn, from: number, to: number): ValueColumn {
  if (column.type === null) return { ...column, values: column.values.slice(from, to) };
  const states = slicedStates(column.states, from, to);
  if ('elements' in column) return { ...column, offsets: column.offsets.subarray(from, to + 1), states };
  if (column.type === 'string') return { ...column, texts: slicedTexts(column.texts, from, to), states };
  return { ...column, values: column.values.subarray(from, to), states } as ValueColumn;
}
