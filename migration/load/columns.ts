import type { Capabilities } from '../../engines/contract/capabilities.js';
import {
  HELD,
  type PointColumns,
  type TextColumn,
  type ValueColumn,
} from '../../engines/contract/columns.js';
import type { CollectionSpec } from '../../engines/contract/spec.js';
import { record } from '../../engines/kit/check.js';
import { fitsColumns } from '../../engines/kit/check-columns.js';
import type { Mapping } from '../mapping/mapping.js';

/** Columns of the source as the mapping wants them in the target; undefined: some of their points need a look one by one. */
export type ApplyColumns = (columns: PointColumns) => PointColumns | undefined;

/**
 * The mapping for whole columns, where all that it does is to rename and to leave out; undefined: it does more. What the
 * points themselves decide (one that is left out, a value of another type) is seen column by column.
 */
export function columnMapping(
  mapping: Mapping,
  spec: CollectionSpec,
  source: readonly { name: string; type: string }[],
  engine: { name: string; capabilities: Capabilities },
): ApplyColumns | undefined {
  const { ids, details, vectors, fields } = mapping;
  const isPath = (name: string | null) => name?.includes('.') === true;
  const sameIds = ids.how === 'identity' && ids.keep === null;
  const sameVectors = vectors.every(
    ({ from, to, type }) => to === null || source.some((field) => field.name === from && field.type === type),
  );
  const sameFields = fields.every(
    ({ from, to, as }) => to === null || (as === 'is' && !isPath(from) && !isPath(to)),
  );
  if (!sameIds || !sameVectors || !sameFields || details.some(({ to }) => to !== null)) return undefined;
  const most = engine.capabilities.metadata?.maxTextBytes ?? Number.POSITIVE_INFINITY;
  return (columns) => {
    const named = new Map(fields.map((field) => [field.from, field]));
    const values = record<ValueColumn>();
    for (const [name, column] of Object.entries(columns.fields)) {
      const field = named.get(name);
      // Nested objects have fields of their own; a field that the mapping does not know is told of its point.
      if (field === undefined || column.type === null) return undefined;
      if (field.to !== null) values[field.to] = column;
    }
    for (const { from, required } of fields)
      if (required && !isWhole(Object.hasOwn(columns.fields, from) ? columns.fields[from] : undefined))
        return undefined;
    const mapped: PointColumns = {
      count: columns.count,
      ids: columns.ids,
      vectors: Object.fromEntries(
        vectors.flatMap(({ from, to }) => (to === null ? [] : [[to, columns.vectors[from]!]])),
      ),
      fields: values,
      text: mapping.text ? columns.text : undefined,
      uri: mapping.uri ? columns.uri : undefined,
      tenant: mapping.tenant ? columns.tenant : undefined,
    };
    if (!fitsColumns(engine, spec, mapped) || longestText(mapped) > most) return undefined;
    return mapped;
  };
}

function isWhole(column: ValueColumn | undefined): boolean {
  return column !== undefined && column.type !== null && column.states === undefined;
}

/** In bytes. */
function longestText({ fields, text, uri }: PointColumns): number {
  const columns: (ValueColumn | TextColumn | undefined)[] = [...Object.values(fields), text, uri];
  let longest = 0;
  for (const column of columns) {
    const texts = column && textsOf(column);
    if (texts === undefined) continue;
    const { offsets } = texts;
    for (let row = 1; row < offsets.length; row++)
      longest = Math.max(longest, offsets[row]! - offsets[row - 1]!);
  }
  return longest;
}

function textsOf(column: ValueColumn | TextColumn): TextColumn['texts'] | undefined {
  if ('texts' in column) return column.texts;
  return 'elements' in column && 'texts' in column.elements ? column.elements.texts : undefined;
}

/** Bytes of a row as they go over the wire, about. */
export function bytesOfARow({ count, vectors, fields, text, uri }: PointColumns): number {
  let bytes = 100 * count;
  for (const column of Object.values(vectors)) if (column.type === 'dense') bytes += column.values.byteLength;
  for (const column of [...Object.values(fields), text, uri]) {
    if (column === undefined) continue;
    const texts = textsOf(column);
    bytes += texts === undefined ? 16 * count : texts.offsets.at(-1)! - texts.offsets[0]!;
  }
  return bytes / Math.max(1, count);
}

/** Null and missing made one, as a target that does not tell them apart gives them back. */
export function withoutNulls(columns: PointColumns): PointColumns {
  const fields = record<ValueColumn>();
  for (const [name, column] of Object.entries(columns.fields)) {
    if (column.type === null)
      fields[name] = { type: null, values: column.values.map((value) => value ?? undefined) };
    else if (column.states === undefined) fields[name] = column;
    else if (column.states.includes(HELD.value))
      fields[name] = {
        ...column,
        states: column.states.map((state) => (state === HELD.value ? HELD.value : HELD.missing)),
      };
  }
  return { ...columns, fields };
}
