import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Description, Mark } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import { DEFAULT_VECTOR, type VectorField } from '../contract/vectors.js';
import type { LanceSchema } from './client.js';
import { fieldName, isFloat32, portableType } from './fields.js';

export const ID = 'id';
const PARTS = ['text', 'uri', 'tenant'] as const;
export type Part = (typeof PARTS)[number];
/** Where a table of ours says what its columns are. */
const SPEC_KEY = 'vecproof.collection';
const INTEGERS = ['Int64', 'Int32', 'Int16', 'Int8', 'Uint32', 'Uint16', 'Uint8'];

/** What a table's columns are. A column of a point's part or vector is no field. */
export interface Layout {
  name: string;
  ids: IdKind;
  idColumn: string;
  vectors: readonly (VectorField & { column: string })[];
  fields: readonly (Description['fields'][number] & { column: string })[];
  parts: readonly Part[];
  /** The index that `create` was asked for; undefined: others made the table. */
  index: ParameterSet | undefined;
  /** Null: others made the table. */
  mark: Mark | null;
}

/** What the schema's metadata keeps of a collection: nothing else tells it. */
interface Kept {
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

/** Reads a table's columns, whoever made it. Throws FailureError if it has no id or no vector. */
export function layoutOf(name: string, { fields, metadata }: LanceSchema): Layout {
  const kept = JSON.parse(metadata.get(SPEC_KEY) ?? 'null') as Kept | null;
  const types = new Map(fields.map((field) => [field.name, field.type.toString()]));
  const id = types.get(ID) ?? 'missing';
  const vectors = kept === null ? foundVectors(types) : kept.vectors.map(withColumn);
  const isText = id === 'Utf8' || id === 'LargeUtf8';
  if (vectors.length === 0 || !(isText || INTEGERS.includes(id))) {
    throw new FailureError(`table "${name}" has no points`, {
      where: 'lancedb',
      got: Object.fromEntries(types),
      next: `points need a column "${ID}" of text or integers, and a column of fixed-size lists of numbers`,
    });
  }
  const parts = kept?.parts ?? [];
  const others = new Set<string>([ID, ...vectors.map(({ column }) => column), ...parts]);
  return {
    name,
    ids: kept?.ids ?? (isText ? 'string' : 'u64'),
    idColumn: ID,
    vectors,
    parts,
    index: kept?.index,
    mark: kept === null ? null : { by: kept.madeBy ?? null },
    fields: fields
      .filter((each) => !others.has(each.name))
      .map(({ name: column, type, nullable }) => ({
        column,
        name: fieldName(column),
        type: portableType(type.toString()),
        native: type.toString(),
        nullable,
      })),
  };
}

function withColumn(field: VectorField) {
  return { ...field, column: vectorColumnName(field.name) };
}

/** Vectors of a table that others made: each column of fixed-size lists of float32 or float16. */
function foundVectors(types: ReadonlyMap<string, string>): Layout['vectors'] {
  return [...types].flatMap(([column, native]) => {
    const [, dimensions, type] = /^FixedSizeList\[(\d+)\]<Float(32|16)>$/.exec(native) ?? [];
    if (dimensions === undefined) return [];
    return [
      {
        name: column === 'vector' ? DEFAULT_VECTOR : column,
        kind: 'dense' as const,
        type: type === '32' ? ('f32' as const) : ('f16' as const),
        dimensions: Number(dimensions),
        metric: null,
        column,
      },
    ];
  });
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
