import { createHash } from 'node:crypto';
import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema, FieldType } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { ReadAs } from '../contract/points.js';
import type { CollectionSpec } from '../contract/spec.js';
import type { DenseType, VectorField } from '../contract/vectors.js';
import { type Carried, COLUMN_TYPES, quoted } from './fields.js';
import { WIRE_KEYS } from './values.js';

/** How a table holds a collection: made by `layoutOf`, or read from the server by `describeTable`. */
export interface Layout {
  name: string;
  /** The table in SQL. */
  table: string;
  key: KeyColumn;
  /** At least one; the first is the one that `index` is about. */
  vectors: readonly VectorColumn[];
  fields: readonly FieldColumn[];
  text?: string | undefined;
  uri?: string | undefined;
  tenant?: string | undefined;
  /** Index parameters that `create` asked for; undefined: the table is not ours. */
  index: ParameterSet | undefined;
  /** As the table was opened: see `ReadAs`. */
  as: ReadAs;
  /** See `Mark`. */
  madeBy?: string | undefined;
}

export interface KeyColumn {
  column: string;
  ids: IdKind;
  /** Type in SQL that a key is written as: binary, or text that is cast. */
  wire: string;
  /** GENERATED ALWAYS AS IDENTITY. */
  identity: boolean;
  /** An index sees to it that no value stands in two rows, and gives the rows in its order. */
  unique: boolean;
}

export type VectorType = 'vector' | 'halfvec' | 'bit' | 'sparsevec';

export interface VectorColumn {
  field: VectorField;
  column: string;
  native: VectorType;
  /** Whether the column's type says the number of dimensions. */
  sized: boolean;
  /** Dimensions of sparse vectors as the column has them; 0 for others. */
  sparse: number;
  nullable: boolean;
}

export interface FieldColumn extends Omit<FieldSchema, 'type'> {
  column: string;
  native: string;
  /** Null for native types that no portable one fits: they are not written. */
  type: FieldType | null;
  carried: Carried;
  /** Computed by the server, and not written. */
  generated: boolean;
}

/** What a column's comment says where its name and type alone do not. */
export interface ColumnComment {
  role?: 'vector' | 'field' | 'text' | 'uri' | 'tenant';
  name?: string;
  metric?: VectorField['metric'];
}

/** What a table's comment says. */
export interface TableComment {
  ids: IdKind;
  index: ParameterSet;
  madeBy?: string | undefined;
}

const PREFIX = 'vecproof ';
/** The most dimensions that a sparse vector can have: every index fits. */
export const SPARSE_DIMENSIONS = 1_000_000_000;
const KEY_TYPES = { string: 'text COLLATE "C"', uuid: 'uuid', u32: 'bigint', u64: 'bigint' } as const;
const NATIVE: Readonly<Partial<Record<DenseType, VectorType>>> = {
  f32: 'vector',
  f16: 'halfvec',
  bit: 'bit',
};
/** PostgreSQL's own columns of every table. */
const SYSTEM = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'];

/** The table for a new collection. Pure: the same spec gives the same columns. */
export function layoutOf(spec: CollectionSpec): Layout {
  const taken = new Set(['id', ...SYSTEM]);
  const claim = (role: string, name: string): string => {
    const column = columnFor(role, name, taken);
    taken.add(column);
    return column;
  };
  const vectors = spec.vectors.map((field): VectorColumn => {
    requireMetric(field);
    const native = field.kind === 'sparse' ? 'sparsevec' : NATIVE[field.type]!;
    const sparse = native === 'sparsevec' ? SPARSE_DIMENSIONS : 0;
    return { field, column: claim('vector', field.name), native, sized: true, sparse, nullable: true };
  });
  const part = (role: 'text' | 'uri' | 'tenant') => (spec[role] === true ? claim(role, role) : undefined);
  return {
    name: spec.name,
    table: quoted(spec.name),
    key: { column: 'id', ids: spec.ids, wire: WIRE_KEYS[spec.ids], identity: false, unique: true },
    vectors,
    text: part('text'),
    uri: part('uri'),
    tenant: part('tenant'),
    fields: spec.fields.map(({ name, type, nullable }) => ({
      name,
      column: claim('field', name),
      native: COLUMN_TYPES[type],
      type,
      carried: { as: 'field', type },
      nullable,
      generated: false,
    })),
    index: spec.index,
    as: {},
    madeBy: spec.madeBy,
  };
}

function requireMetric({ name, type, kind, metric }: VectorField): void {
  const bits = metric === 'hamming' || metric === 'jaccard';
  if (kind !== 'dense' || type !== 'bit' || metric === null || bits) return;
  throw new FailureError(`vector "${name}" is of bits, which are compared by hamming or jaccard`, {
    where: 'pgvector',
    got: metric,
  });
}

/** The name itself where PostgreSQL has such a column and nothing else does, else one made from its hash. */
function columnFor(role: string, name: string, taken: ReadonlySet<string>): string {
  const bytes = Buffer.byteLength(name);
  if (bytes > 0 && bytes <= 63 && !/[\0\p{Surrogate}]/u.test(name) && !taken.has(name)) return name;
  for (let salt = 0; ; salt++) {
    const hash = createHash('sha256')
      .update(JSON.stringify([name, salt]))
      .digest('hex')
      .slice(0, 16);
    const column = `vecproof_${role}_${hash}`;
    if (!taken.has(column)) return column;
  }
}

/** One message makes the table and all that belongs to it, or nothing: several statements in one are one transaction. */
export function createStatements(layout: Layout): string[] {
  const { table, key, vectors, fields } = layout;
  const parts = PARTS.flatMap((role) => (layout[role] === undefined ? [] : [[role, layout[role]] as const]));
  const columns = [
    `${quoted(key.column)} ${KEY_TYPES[key.ids]} PRIMARY KEY`,
    ...vectors.map(({ column, native, field, sparse }) => {
      const dimensions = native === 'sparsevec' ? sparse : field.dimensions;
      return `${quoted(column)} ${native}(${dimensions})`;
    }),
    ...parts.map(([, column]) => `${quoted(column)} text COLLATE "C"`),
    ...fields.map(fieldDefinition),
  ];
  // Measured builds are row numbers: autovacuum would see to them at some moment of the measurement.
  const options = key.ids === 'u32' ? ' WITH (autovacuum_enabled = false)' : '';
  const onTable: TableComment = { ids: key.ids, index: layout.index!, madeBy: layout.madeBy };
  const onColumn = (column: string, comment: ColumnComment) =>
    `COMMENT ON COLUMN ${table}.${quoted(column)} IS ${commentText(comment)}`;
  return [
    `CREATE TABLE ${table} (${columns.join(', ')})${options}`,
    `COMMENT ON TABLE ${table} IS ${commentText(onTable)}`,
    ...vectors.map(({ column, field }) =>
      onColumn(column, { role: 'vector', name: field.name, metric: field.metric }),
    ),
    ...parts.map(([role, column]) => onColumn(column, { role })),
    ...fields
      .filter(({ name, column }) => name !== column)
      .map(({ name, column }) => onColumn(column, { role: 'field', name })),
  ];
}

/** Columns beside the metadata. */
export const PARTS = ['text', 'uri', 'tenant'] as const;

function fieldDefinition({ column, native, type, nullable }: FieldColumn): string {
  const collation = type === 'string' || type === 'string[]' ? ' COLLATE "C"' : '';
  return `${quoted(column)} ${native}${collation}${nullable ? '' : ' NOT NULL'}`;
}

function commentText(comment: ColumnComment | TableComment): string {
  const text = PREFIX + JSON.stringify(comment);
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A comment of ours; undefined: there is none. */
export function readComment<T extends ColumnComment | TableComment>(
  text: string | null,
): Partial<T> | undefined {
  if (text?.startsWith(`${PREFIX}{`) !== true) return undefined;
  try {
    return JSON.parse(text.slice(PREFIX.length)) as Partial<T>;
  } catch {
    // Somebody else's words.
    return undefined;
  }
}

/** Field columns that are written. */
export function writtenFields({ fields }: Layout): (FieldColumn & FieldSchema)[] {
  return fields.filter((each): each is FieldColumn & FieldSchema => each.type !== null && !each.generated);
}
