import {
  HELD,
  type ScalarColumn,
  type TextColumn,
  type ValueColumn,
  type VectorValues,
} from '../../engines/contract/columns.js';
import type { PointValue } from '../../engines/contract/points.js';
import { flatten } from '../../engines/kit/check.js';
import { isValue, valueAt } from '../../engines/kit/columns.js';
import { typeOf } from '../probe/field-profile.js';

/** How many rows have something, and the first of them. */
export interface Times {
  times: number;
  first: number;
}

/** A type of values: `below` is empty for the field itself, else where in its objects (`.a.b`). */
type Typed = { below: string; type: string };

/** Rows by the type of their value, as `typeOf` names it, or `null`. */
export function typesIn(
  name: string,
  column: ValueColumn,
  count: number,
  timestamps: ReadonlySet<string>,
): [Typed, Times][] {
  if (column.type !== null)
    return [...typedTypes(column, count, timestamps.has(name))].map(([type, times]) => [
      { below: '', type },
      times,
    ]);
  const found = new Map<string, [Typed, Times]>();
  for (let row = 0; row < count; row++) {
    for (const [below, value] of valuesBelow(column.values[row])) {
      const type = value === null ? 'null' : typeOf(value, timestamps.has(name + below));
      const known = found.get(`${type} ${below}`);
      if (known === undefined)
        found.set(`${type} ${below}`, [
          { below, type },
          { times: 1, first: row },
        ]);
      else known[1].times++;
    }
  }
  return [...found.values()];
}

function typedTypes(
  column: Exclude<ValueColumn, { type: null }>,
  count: number,
  isTime: boolean,
): Map<string, Times> {
  const found = new Map<string, Times>();
  const typeAt = 'elements' in column ? listTypeAt(column) : scalarTypeAt(column, isTime);
  for (let row = 0; row < count; row++) {
    const state = column.states?.[row] ?? HELD.value;
    if (state === HELD.missing) continue;
    const type = state === HELD.null ? 'null' : typeAt(row);
    const known = found.get(type);
    if (known === undefined) found.set(type, { times: 1, first: row });
    else known.times++;
  }
  return found;
}

function scalarTypeAt(column: ScalarColumn, isTime: boolean): (row: number) => string {
  if (column.type === 'string' || column.type === 'boolean') return () => column.type;
  // Time stamps are bigints, which are integers unless the field is one of times.
  if (column.type === 'timestamp') return () => (isTime ? 'timestamp' : 'integer');
  if (column.type === 'integer' && !isTime) return () => 'integer';
  return (row) => typeOf(valueAt(column, row) as Exclude<PointValue, null>, isTime);
}

function listTypeAt(column: Extract<ValueColumn, { elements: ScalarColumn }>): (row: number) => string {
  const { offsets, elements, type } = column;
  if (elements.type === 'float') return (row) => typeOf(valueAt(column, row) as Exclude<PointValue, null>);
  return (row) => (offsets[row] === offsets[row + 1] ? 'empty[]' : type);
}

/** A value, or those in an object, which are counted by themselves as those of metadata are. */
function valuesBelow(value: PointValue | undefined): [below: string, value: PointValue][] {
  return value === undefined ? [] : Object.entries(flatten({ '': value }));
}

export function vectorsIn(column: VectorValues, count: number): Times {
  const has = (row: number) =>
    column.type === null ? column.values[row] !== undefined : column.present?.[row] !== 0;
  return rowsThat(has, count);
}

export function heldIn(column: TextColumn | undefined, count: number): Times {
  if (column === undefined) return { times: 0, first: 0 };
  return rowsThat((row) => isValue(column.states, row), count);
}

function rowsThat(has: (row: number) => boolean, count: number): Times {
  let [times, first] = [0, 0];
  for (let row = 0; row < count; row++) if (has(row) && times++ === 0) first = row;
  return { times, first };
}
