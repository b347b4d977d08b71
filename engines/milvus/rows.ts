import type { VectorField, VectorValue } from '../contract/vectors.js';
import { fromJson } from '../kit/long-json.js';
import { type NativeVectors, vectorsFrom } from './vectors.js';

/** A column of an answer, as the client's messages have it. */
export interface FieldData {
  field_name: string;
  scalars?: Scalars | null;
  vectors?: NativeVectors | null;
  /** Of columns that can be null: whether each row is not. */
  valid_data?: boolean[];
}

interface Scalars {
  /** Which of the others is there. */
  data?: string;
  [kind: string]: unknown;
}

/** The columns of an answer by name. */
export class Rows {
  readonly count: number;
  readonly #columns: ReadonlyMap<string, FieldData>;

  constructor(fields: readonly FieldData[], key: string) {
    this.#columns = new Map(fields.map((each) => [each.field_name, each]));
    this.count = this.scalars(key).length;
  }

  /** 64-bit integers come as text, what was JSON parsed, null as null. */
  scalars(column: string): unknown[] {
    const found = this.#columns.get(column);
    if (found?.scalars == null) return [];
    const values = valuesOf(found.scalars);
    const valid = found.valid_data ?? [];
    return valid.length === 0 ? values : values.map((value, row) => (valid[row] === true ? value : null));
  }

  vectors(column: string, field: VectorField): VectorValue[] {
    if (this.count === 0) return [];
    return vectorsFrom(field, this.#columns.get(column)!.vectors!, this.count);
  }
}

function valuesOf(scalars: Scalars): unknown[] {
  const kind = scalars.data ?? Object.keys(scalars).find((each) => each.endsWith('_data'));
  if (kind === undefined) return [];
  const { data } = scalars[kind] as { data: unknown[] };
  if (kind === 'array_data') return (data as Scalars[]).map(valuesOf);
  return kind === 'json_data' ? (data as Uint8Array[]).map(parsed) : data;
}

function parsed(json: Uint8Array): unknown {
  const text = Buffer.from(json).toString();
  return text === '' ? null : fromJson(text);
}
