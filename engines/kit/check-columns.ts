import { isUtf8 } from 'node:buffer';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { IdValues, PointColumns, Texts, ValueColumn, VectorValues } from '../contract/columns.js';
import type { CollectionSpec } from '../contract/spec.js';
import { elementsOf, type VectorField } from '../contract/vectors.js';
import type { Holder } from './check.js';
import { textAt } from './columns.js';
import { whyNotVectorValue } from './vectors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Whether a collection can hold all points of columns, and each column is of the one type that it is written as: what
 * `checkPoints` asks of points. What is false here is written as points, which names what is wrong, if anything.
 */
export function fitsColumns(holder: Holder, spec: CollectionSpec, columns: PointColumns): boolean {
  const { count, ids, vectors, fields, details } = columns;
  if (details !== undefined || !fitIds(holder, spec, ids)) return false;
  const strange = Object.keys(vectors).some((name) => !spec.vectors.some((field) => field.name === name));
  if (strange || !spec.vectors.every((field) => fitVectors(field, vectors[field.name], count))) return false;
  for (const part of ['text', 'uri', 'tenant'] as const)
    if (columns[part] !== undefined && (spec[part] !== true || !areTexts(columns[part].texts))) return false;
  const schema = new Map(spec.fields.map((field) => [field.name, field]));
  return (
    Object.entries(fields).every(([name, column]) => fitValues(schema.get(name), column)) &&
    spec.fields.every(({ name, nullable }) => nullable || Object.hasOwn(fields, name))
  );
}

function fitIds({ capabilities }: Holder, { ids: kind }: CollectionSpec, ids: IdValues): boolean {
  if (kind === 'string' || kind === 'uuid') {
    if (ids.type !== 'text' || !areTexts(ids.texts)) return false;
    if (kind === 'string') return true;
    for (let row = 0; row < ids.texts.offsets.length - 1; row++)
      if (!UUID.test(textAt(ids.texts, row))) return false;
    return true;
  }
  if (ids.type !== 'integer') return false;
  const unsigned = kind === 'u32' || capabilities.integerIds === 'unsigned';
  const least = unsigned ? 0n : -(2n ** 63n);
  const bits = kind === 'u32' ? 32n : capabilities.integerIds === 'signed' ? 63n : 64n;
  return ids.values.every((id: bigint) => id >= least && id < 2n ** bits);
}

/** Dense, of finite numbers, and one in every row. */
function fitVectors(field: VectorField, column: VectorValues | undefined, count: number): boolean {
  if (column?.type !== 'dense' || field.kind !== 'dense' || column.present?.includes(0) === true)
    return false;
  const { values } = column;
  if (values.length !== count * elementsOf(field)) return false;
  if (field.type === 'bit') return values instanceof Uint8Array;
  return whyNotVectorValue({ ...field, dimensions: values.length }, values) === undefined;
}

function fitValues(field: FieldSchema | undefined, column: ValueColumn): boolean {
  if (field === undefined || column.type !== field.type) return false;
  if (!field.nullable && column.states !== undefined) return false;
  const values = 'elements' in column ? column.elements : column;
  if (values.type === 'string') return areTexts(values.texts);
  return values.type !== 'float' || values.values.every((value) => Number.isFinite(value));
}

function areTexts({ bytes, offsets }: Texts): boolean {
  return isUtf8(bytes.subarray(offsets[0], offsets.at(-1)));
}
