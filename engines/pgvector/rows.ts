import { FailureError, shorten } from '../../common/errors.js';
import type { MetadataValue } from '../../datasets/dataset.js';
import type { PointId } from '../contract/ids.js';
import type { Point, PointValue } from '../contract/points.js';
import type { VectorValue } from '../contract/vectors.js';
import { flatten, nest } from '../kit/check.js';
import { vectorIn } from '../kit/vectors.js';
import type { Row, Session } from './client.js';
import type { Cells } from './copy-stream.js';
import { copyColumns } from './copy-stream.js';
import { COLUMN_TYPES, carriedValue, quoted, readExpression } from './fields.js';
import { type Layout, PARTS, writtenFields } from './layout.js';
import { keyBytes, textBytes, valueBytes, WIRE_TYPES } from './values.js';
import { readVector, vectorBytes, vectorOf } from './vectors.js';

/** What a point is read from, of the row `t`: key, vectors, text, URI, tenant, fields. */
export function readList({ key, vectors, fields, ...rest }: Layout): string {
  return [
    `t.${quoted(key.column)}::text`,
    ...vectors.map(({ column, native }) => readVector(`t.${quoted(column)}`, native)),
    ...PARTS.map((part) => (rest[part] === undefined ? 'NULL' : `t.${quoted(rest[part])}::text`)),
    ...fields.map(({ column, type }) => readExpression(`t.${quoted(column)}`, type)),
  ].join(', ');
}

/** Throws FailureError naming id and column for a value that a point cannot hold. */
export function pointOf({ name, key, vectors, fields }: Layout, [id, ...values]: Row): Point {
  let at = 0;
  const read = <T>(column: string, from: (text: string) => T): T | undefined => {
    const text = values[at++];
    if (text === null || text === undefined) return undefined;
    try {
      return from(text);
    } catch (error) {
      const what = `column "${column}" of id ${shorten(id)} in table "${name}" cannot be read`;
      const next = `leave the column out with ?omit=${encodeURIComponent(column)}, or read a view that has it as text`;
      throw new FailureError(what, { where: 'pgvector', got: shorten(error), next, cause: error });
    }
  };
  const found: [string, VectorValue | undefined][] = vectors.map((vector) => [
    vector.field.name,
    read(vector.column, (hex) => vectorOf(vector, hex)),
  ]);
  const parts = PARTS.map((part) => [part, read(part, (text) => text)] as const);
  const flat: [string, PointValue][] = fields.map((field) => [
    field.name,
    read(field.column, (text) => carriedValue(field.carried, text)) ?? null,
  ]);
  const there = ([, value]: readonly [string, unknown]) => value !== undefined;
  return {
    id: idOf(key.ids, id!),
    vectors: Object.fromEntries(found.filter(there)) as Point['vectors'],
    metadata: nest(Object.fromEntries(flat)),
    ...Object.fromEntries(parts.filter(there)),
  };
}

export function idOf(ids: Layout['key']['ids'], text: string): PointId {
  return ids === 'u64' || ids === 'u32' ? BigInt(text) : text;
}

/** A point with its metadata by dotted name. */
export type FlatPoint = Omit<Point, 'metadata'> & { metadata: ReturnType<typeof flatten> };

export function flatPoint(point: Point): FlatPoint {
  return { ...point, metadata: flatten(point.metadata) };
}

/** The value of each column of `copyColumns`. */
export function pointCells(layout: Layout): Cells<FlatPoint> {
  const of = (what: string, { id }: FlatPoint, make: () => Buffer | null) => {
    try {
      return make();
    } catch (error) {
      throw new FailureError(`${what} of id ${shorten(id)} cannot be held`, {
        where: 'pgvector',
        got: shorten(error),
        cause: error,
      });
    }
  };
  return [
    (point) => of('the id', point, () => keyBytes(layout.key.ids, point.id)),
    ...layout.vectors.map((vector) => (point: FlatPoint) => {
      const value = vectorIn(point.vectors, vector.field.name);
      if (value === undefined) return null;
      return of(`vector "${vector.field.name}"`, point, () => vectorBytes(vector, value));
    }),
    ...PARTS.filter((part) => layout[part] !== undefined).map((part) => (point: FlatPoint) => {
      const text = point[part];
      return text === undefined ? null : of(`the ${part}`, point, () => textBytes(text));
    }),
    ...writtenFields(layout).map(({ name, type, native }) => (point: FlatPoint) => {
      const value = Object.hasOwn(point.metadata, name) ? point.metadata[name] : null;
      return of(`field "${name}"`, point, () => valueBytes(type, requireExact(native, value)));
    }),
  ];
}

/** A column of float32 would round without a word. */
export function requireExact(native: string, value: MetadataValue | undefined): MetadataValue | undefined {
  if (native !== 'real' || typeof value !== 'number' || Math.fround(value) === value) return value;
  throw new RangeError(`${value} is no float32, as the column has it`);
}

/** Types in SQL of the values of `copyColumns`. */
export function wireTypes(layout: Layout): string[] {
  return [
    layout.key.wire,
    ...layout.vectors.map(({ native }) => WIRE_TYPES[native]),
    ...PARTS.flatMap((part) => (layout[part] === undefined ? [] : ['text'])),
    ...writtenFields(layout).map(({ type }) => COLUMN_TYPES[type]),
  ];
}

/** What to do with rows whose key is there. */
export type Conflict = 'fail' | 'replace' | 'keep';

const ROWS = 500;
/** PostgreSQL counts parameters in 16 bits. */
const MOST_PARAMETERS = 65_535;
/** Of all values of a statement; one row may have more. */
const MOST_BYTES = 8 * 2 ** 20;

/** Inserts rows in several statements; the caller has a transaction around them if it needs one. */
export async function insertRows<Row>(
  session: Pick<Session, 'ask'>,
  layout: Layout,
  { cells, rows, conflict }: { cells: Cells<Row>; rows: readonly Row[]; conflict: Conflict },
  signal?: AbortSignal,
): Promise<void> {
  const most = Math.min(ROWS, Math.floor(MOST_PARAMETERS / cells.length));
  let values: (Buffer | null)[] = [];
  let bytes = 0;
  const flush = async () => {
    if (values.length === 0) return;
    signal?.throwIfAborted();
    await session.ask(insertStatement(layout, values.length / cells.length, conflict), values);
    values = [];
    bytes = 0;
  };
  for (const row of rows) {
    for (const cell of cells) {
      const value = cell(row);
      bytes += value?.length ?? 0;
      values.push(value);
    }
    if (values.length === most * cells.length || bytes > MOST_BYTES) await flush();
  }
  await flush();
}

function insertStatement(layout: Layout, count: number, conflict: Conflict): string {
  const { table, key } = layout;
  const columns = copyColumns(layout).map(quoted);
  const types = wireTypes(layout);
  const row = (n: number) =>
    `(${types.map((type, i) => `$${n * types.length + i + 1}::${type}`).join(', ')})`;
  const rows = Array.from({ length: count }, (_, n) => row(n)).join(', ');
  const identity = key.identity ? ' OVERRIDING SYSTEM VALUE' : '';
  const sets = columns.slice(1).map((column) => `${column} = EXCLUDED.${column}`);
  const then = conflict === 'keep' || sets.length === 0 ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`;
  const onConflict = conflict === 'fail' ? '' : ` ON CONFLICT (${columns[0]}) DO ${then}`;
  return `INSERT INTO ${table} (${columns.join(', ')})${identity} VALUES ${rows}${onConflict}`;
}
