import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Description, Mark } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import { DEFAULT_VECTOR, type VectorField } from '../contract/vectors.js';
import { isMoment } from './arrow-values.js';
import type { ArrowType, LanceSchema } from './client.js';
import { fieldName, isFloat32, portableType } from './fields.js';

export const ID = 'id';
export const PARTS = ['text', 'uri', 'tenant'] as const;
export type Part = (typeof PARTS)[number];
/** Where a table of ours says what its columns are. */
const SPEC_KEY = 'vecproof.collection';
/** What a table's columns are. A column of a point's part or vector is no field. */
export interface Layout {
  name: string;
  /** Null: integers of 64 bits without a sign, which no kind has. */
  ids: IdKind | null;
  idColumn: string;
  vectors: readonly (VectorField & { column: string })[];
  fields: readonly LanceField[];
  parts: readonly { part: Part; column: string }[];
  /** Columns that were left out. */
  omitted: readonly string[];
  /** The index that `create` was asked for; absent: others made the table. */
  index?: ParameterSet | undefined;
  /** Null: others made the table. */
  mark: Mark | null;
}

export type LanceField = Description['fields'][number] & { column: string; arrow: ArrowType };

/** What the schema's metadata keeps of a collection: nothing else tells it. */
export interface Kept {
  ids: IdKind;
  vectors: readonly VectorField[];
  parts: readonly Part[];
  index?: ParameterSet;
  madeBy?: string | undefined;
}

/** Columns that are no fields, by which a field's column is told apart. */
export function reservedColumns({ vectors, ...spec }: Pick<CollectionSpec, 'vectors' | Part>): Set<string> {
  return new Set([ID, ...vectors.map((each) => vectorColumnName(each.name)), ...partsOf(spec)]);
}

/** The default vector has the column that people expect. */
export function vectorColumnName(name: string): string {
  return name === DEFAULT_VECTOR ? 'vector' : `vector_${encoded(name)}`;
}

/** Dots and what cannot be quoted as %XX. */
export function encoded(name: string): string {
  return name.replace(/[%.`]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function partsOf(spec: Pick<CollectionSpec, Part>): Part[] {
  return PARTS.filter((part) => spec[part] === true);
}

export function keptMetadata(spec: CollectionSpec): Map<string, string> {
  const { ids, vectors, madeBy, index } = spec;
  const kept: Kept = { ids, vectors, parts: partsOf(spec), madeBy, index };
  return new Map([[SPEC_KEY, JSON.stringify(kept)]]);
}

/** What the schema says of a table of ours; null: others made it. */
export function keptIn({ metadata }: LanceSchema): Kept | null {
  return JSON.parse(metadata.get(SPEC_KEY) ?? 'null') as Kept | null;
}

export function ownLayout(name: string, { fields }: LanceSchema, kept: Kept): Layout {
  const vectors = kept.vectors.map((field) => ({ ...field, column: vectorColumnName(field.name) }));
  const others = new Set<string>([ID, ...vectors.map(({ column }) => column), ...kept.parts]);
  return {
    name,
    ids: kept.ids,
    idColumn: ID,
    vectors,
    parts: kept.parts.map((part) => ({ part, column: part })),
    omitted: [],
    mark: { by: kept.madeBy ?? null },
    index: kept.index,
    fields: fields
      .filter((each) => !others.has(each.name))
      .map((each) => ({ ...fieldOf(each), name: fieldName(each.name) })),
  };
}

export function fieldOf({ name, type, nullable }: LanceSchema['fields'][number]): LanceField {
  const native = type.toString();
  const portable = isMoment(type) ? 'timestamp' : portableType(native);
  return { column: name, name, type: portable, native, nullable, arrow: type };
}

/** A table's fields with a portable type, as filters and writes know them. */
export function fieldsOf({ fields }: Layout): FieldSchema[] {
  return fields.flatMap(({ name, type, nullable }) =>
    type === null ? [] : [{ name, type, nullable: nullable ?? true }],
  );
}

/** Column of each field by its name, as SQL; numbers of single precision are compared in double. */
export function fieldColumns({ fields }: Layout): Map<string, string> {
  return new Map(
    fields.map(({ name, column, native }) => [
      name,
      isFloat32(native) ? `cast(\`${column}\` as double)` : `\`${column}\``,
    ]),
  );
}
