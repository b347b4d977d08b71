import type { FieldType } from '../../datasets/dataset.js';
import { HELD, type PointColumns, type States, type ValueColumn } from '../../engines/contract/columns.js';
import { elementsOf } from '../../engines/contract/vectors.js';
import { idIn, valueAt, vectorAt } from '../../engines/kit/columns.js';
import { idType, type PointShape } from './canonical.js';
import { DETAILS, detailOf } from './details.js';
import { fitsColumn } from './metadata-cells.js';
import { countVector, type Tally } from './tally.js';

/** Adds what `countPoint` would add for each row. */
export function countColumns(
  tally: Tally,
  shape: PointShape,
  columnTypes: ReadonlyMap<string, FieldType>,
  columns: PointColumns,
): void {
  const { count } = columns;
  countIds(tally, shape, columns);
  for (const part of ['text', 'uri', 'tenant'] as const) {
    const column = columns[part];
    if (column !== undefined) tally[part] += held(column.states, count, HELD.value);
  }
  for (const details of columns.details ?? [])
    for (const { name } of DETAILS) if (detailOf(details, name) !== undefined) tally.details[name]++;
  for (const field of shape.vectors) {
    tally.vectors[field.name] ??= { points: 0, zero: 0, unit: 0, notFinite: 0 };
    const column = columns.vectors[field.name];
    if (column === undefined) continue;
    const size = elementsOf(field);
    for (let row = 0; row < count; row++) {
      const value = vectorAt(column, size, row);
      if (value !== undefined) countVector(tally.vectors[field.name]!, field, value);
    }
  }
  for (const [name, column] of Object.entries(columns.fields)) {
    const found = countField(column, count, columnTypes.get(name));
    // A field that no point of the page has is none yet.
    if (found.values + found.nulls === 0) continue;
    tally.fields[name] ??= { values: 0, nulls: 0, elsewhere: 0 };
    const counts = tally.fields[name]!;
    counts.values += found.values;
    counts.nulls += found.nulls;
    counts.elsewhere += found.elsewhere;
  }
}

function countIds(tally: Tally, shape: PointShape, { ids, count }: PointColumns): void {
  if (ids.type === 'integer') tally.ids.integer += count;
  else if (ids.type === 'text' && shape.ids !== null) tally.ids[idType(shape, '')] += count;
  else for (let row = 0; row < count; row++) tally.ids[idType(shape, idIn(ids, row))]++;
}

function countField(
  column: ValueColumn,
  count: number,
  type: FieldType | undefined,
): Tally['fields'][string] {
  if (column.type !== null && column.type === type)
    return {
      values: held(column.states, count, HELD.value),
      nulls: held(column.states, count, HELD.null),
      elsewhere: 0,
    };
  const counts = { values: 0, nulls: 0, elsewhere: 0 };
  for (let row = 0; row < count; row++) {
    const value = valueAt(column, row);
    if (value === undefined) continue;
    if (value === null) counts.nulls++;
    else {
      counts.values++;
      if (type === undefined || !fitsColumn(type, value)) counts.elsewhere++;
    }
  }
  return counts;
}

function held(states: States, count: number, what: number): number {
  if (states === undefined) return what === HELD.value ? count : 0;
  let found = 0;
  for (let row = 0; row < count; row++) if (states[row] === what) found++;
  return found;
}
