import {
  HELD,
  type PointColumns,
  type TextColumn,
  type ValueColumn,
  type VectorValues,
} from '../../engines/contract/columns.js';
import type { VectorField } from '../../engines/contract/vectors.js';
import { record } from '../../engines/kit/check.js';
import { isOfFloats } from '../../engines/kit/vectors.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Traits } from './expected.js';

/** The same as an `Expectation`, of whole columns; undefined: their points have to be looked at one by one. */
export interface ExpectedColumns {
  source(columns: PointColumns): PointColumns | undefined;
  target(columns: PointColumns): PointColumns | undefined;
}

/**
 * Where a mapping does nothing but to rename and to leave out. Undefined: it does more.
 * @param vectors as the source has them
 */
export function expectedColumns(
  mapping: Mapping,
  vectors: readonly VectorField[],
  { absence, needsVectors, maxTextBytes }: Traits,
): ExpectedColumns | undefined {
  const moved = mapping.fields.filter(({ to }) => to !== null);
  const isPlain =
    mapping.ids.how === 'identity' &&
    mapping.ids.keep === null &&
    mapping.details.every(({ to }) => to === null) &&
    moved.every(({ from, to, as }) => as === 'is' && !`${from}${to}`.includes('.')) &&
    mapping.vectors.every(({ from, to, type }) => {
      const field = vectors.find(({ name }) => name === from);
      return to === null || (field?.type === type && field.kind === 'dense' && isOfFloats(field));
    });
  if (!isPlain) return undefined;
  const hasTextIds = mapping.target.ids === 'string' || mapping.target.ids === 'uuid';
  const newName = new Map(mapping.fields.map(({ from, to }) => [from, to]));
  const required = mapping.fields.filter((field) => field.required).map(({ from }) => from);
  const open = (columns: PointColumns): PointColumns | undefined => {
    const fields = record<ValueColumn>();
    for (const [name, column] of Object.entries(columns.fields)) {
      if (column.type === null) return undefined;
      fields[name] = absence === 'kept' ? column : nullsMissing(column);
    }
    return { ...columns, fields, details: undefined };
  };
  return {
    source(columns) {
      if ((columns.ids.type === 'text') !== hasTextIds || columns.ids.type === null) return undefined;
      const held = record<VectorValues>();
      for (const { from, to } of mapping.vectors) {
        if (to === null) continue;
        const column = Object.hasOwn(columns.vectors, from) ? columns.vectors[from] : undefined;
        if (column?.type !== 'dense' || !areFinite(column)) return undefined;
        if (needsVectors && column.present?.includes(0) === true) return undefined;
        held[to] = column;
      }
      if (required.some((name) => !hasEveryValue(columns.fields[name]))) return undefined;
      const fields = record<ValueColumn>();
      for (const [name, column] of Object.entries(columns.fields)) {
        // One that the mapping does not know must not be in the target: kept under its name, it shows as missing.
        const to = newName.has(name) ? newName.get(name)! : name;
        if (to !== null) fields[to] = column;
      }
      const expected = open({
        count: columns.count,
        ids: columns.ids,
        vectors: held,
        fields,
        text: mapping.text ? columns.text : undefined,
        uri: mapping.uri ? columns.uri : undefined,
        tenant: mapping.tenant ? columns.tenant : undefined,
      });
      return expected !== undefined && longestText(expected) <= maxTextBytes ? expected : undefined;
    },
    target: open,
  };
}

function nullsMissing<T extends ValueColumn>(column: T): T {
  if (column.type === null || column.states === undefined) return column;
  const states = column.states.map((state) => (state === HELD.null ? HELD.missing : state));
  return { ...column, states };
}

function hasEveryValue(column: ValueColumn | undefined): boolean {
  if (column === undefined || column.type === null) return false;
  return column.states === undefined || column.states.every((state) => state === HELD.value);
}

/** Of float32; others are looked at one by one. */
function areFinite({ values }: Extract<VectorValues, { type: 'dense' }>): boolean {
  if (!(values instanceof Float32Array)) return false;
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += values[i]! * 0;
  return zero === 0;
}

/** In bytes of UTF-8. */
function longestText({ fields, text, uri }: PointColumns): number {
  let longest = 0;
  const look = ({ offsets }: TextColumn['texts']) => {
    for (let row = 1; row < offsets.length; row++)
      if (offsets[row]! - offsets[row - 1]! > longest) longest = offsets[row]! - offsets[row - 1]!;
  };
  for (const column of Object.values(fields)) {
    if (column.type === 'string') look(column.texts);
    if ('elements' in column && column.elements.type === 'string') look(column.elements.texts);
  }
  if (text !== undefined) look(text.texts);
  if (uri !== undefined) look(uri.texts);
  return longest;
}
