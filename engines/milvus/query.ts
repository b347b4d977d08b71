import type { PointId } from '../contract/ids.js';
import type { Metadata, Point, PointValue } from '../contract/points.js';
import { integerValue, nest } from '../kit/check.js';
import type { MilvusClient, MilvusStatus } from './client.js';
import { columnName, decoded, flagOf, partFrom, valueIn } from './fields.js';
import { type Layout, partsOf } from './layout.js';
import { type FieldData, Rows } from './rows.js';
import { call } from './rpc.js';

/** Of common.proto. */
const STRONG = 0;
const CUSTOMIZED = 4;
const META = '$meta';

export interface QueryOptions {
  expr: string;
  limit: number;
  /** Reads what was there at that time of the server; absent: what is there now. */
  timestamp?: string | undefined;
  /** In the order of the keys: a page ends where the limit says and not where the server finds it best. */
  iterator?: boolean;
  /** Only what is in it. */
  partition?: string;
}

interface QueryAnswer {
  status: MilvusStatus;
  fields_data: FieldData[];
  /** The server's time of the answer; 0 where it has no iterators over one time. */
  session_ts: string;
}

/** Whole points, with the time at which they were read. */
export async function queryPoints(
  client: MilvusClient,
  layout: Layout,
  options: QueryOptions,
): Promise<{ points: Point[]; timestamp: string }> {
  const answer = await query(client, layout, options, outputFields(layout));
  const rows = new Rows(answer.fields_data, layout.key);
  return { points: pointsOf(layout, rows), timestamp: answer.session_ts };
}

/** Their keys alone. */
export async function queryKeys(
  client: MilvusClient,
  layout: Layout,
  options: QueryOptions,
): Promise<PointId[]> {
  const answer = await query(client, layout, options, [layout.key]);
  return new Rows(answer.fields_data, layout.key).scalars(layout.key).map((key) => idFrom(layout, key));
}

function query(
  client: MilvusClient,
  { name }: Layout,
  { expr, limit, timestamp, iterator = false, partition }: QueryOptions,
  output_fields: readonly string[],
): Promise<QueryAnswer> {
  const request = {
    collection_name: name,
    expr,
    output_fields,
    partition_names: partition === undefined ? [] : [partition],
    guarantee_timestamp: timestamp ?? '0',
    // The next call sees what was acknowledged.
    consistency_level: timestamp === undefined ? STRONG : CUSTOMIZED,
    use_default_consistency: false,
    query_params: [
      { key: 'limit', value: String(limit) },
      { key: 'offset', value: '0' },
      ...(iterator ? ['iterator', 'reduce_stop_for_best'].map((key) => ({ key, value: 'True' })) : []),
    ],
  };
  return call<QueryAnswer>(client, 'Query', request);
}

function idFrom({ ids }: Layout, key: unknown): PointId {
  return ids === 'u32' || ids === 'u64' ? BigInt(key as string) : (key as string);
}

function outputFields(layout: Layout): string[] {
  const { key, columns, own, fields, scalars, dynamic } = layout;
  const metadata = own
    ? fields.flatMap(({ name, nullable }) =>
        nullable ? [columnName(name), flagOf(name)] : [columnName(name)],
      )
    : [...scalars.map(({ name }) => name), ...(dynamic ? [META] : [])];
  return [key, ...columns.values(), ...metadata, ...partsOf(layout).map(({ column }) => column)];
}

function pointsOf(layout: Layout, rows: Rows): Point[] {
  const { key, vectors, columns, own } = layout;
  const found = vectors.map((field) => [field.name, rows.vectors(columns.get(field.name)!, field)] as const);
  const parts = partsOf(layout).map(({ part, column }) => [part, rows.scalars(column)] as const);
  const metadataAt = own ? ownMetadata(layout, rows) : foreignMetadata(layout, rows);
  return rows.scalars(key).map((id, row): Point => {
    const texts = parts.flatMap(([part, values]) => {
      const text = partFrom(values[row] as string);
      return text === undefined ? [] : [[part, text]];
    });
    return {
      id: idFrom(layout, id),
      vectors: Object.fromEntries(found.map(([name, values]) => [name, values[row]!])),
      metadata: metadataAt(row),
      ...Object.fromEntries(texts),
    };
  });
}

function ownMetadata({ fields }: Layout, rows: Rows): (row: number) => Metadata {
  const columns = fields.map((field) => ({
    field,
    values: rows.scalars(columnName(field.name)),
    flags: field.nullable ? rows.scalars(flagOf(field.name)) : undefined,
  }));
  return (row) => {
    const pairs = columns.flatMap(({ field, values, flags }) => {
      const value = valueIn(field, values[row], flags?.[row]);
      return value === undefined ? [] : [[field.name, value] as const];
    });
    return nest(Object.fromEntries(pairs)) as Metadata;
  };
}

/** Columns as they are; dynamic keys beside them. */
function foreignMetadata({ scalars, fields, dynamic }: Layout, rows: Rows): (row: number) => Metadata {
  const columns = scalars.map(({ name, data_type, element_type }) => {
    const type = fields.find((field) => field.name === name)?.type;
    const isLong = data_type === 'Int64' || (data_type === 'Array' && element_type === 'Int64');
    const convert = (value: unknown): PointValue => {
      if (value === null) return null;
      if (type !== undefined) return decoded(type, value);
      if (!isLong) return value as PointValue;
      return Array.isArray(value) ? value.map(integerValue) : integerValue(value as string);
    };
    return { name, convert, values: rows.scalars(name) };
  });
  const meta = dynamic ? rows.scalars(META) : [];
  return (row) => ({
    ...(meta[row] as Metadata | undefined),
    ...Object.fromEntries(columns.map(({ name, convert, values }) => [name, convert(values[row])])),
  });
}
