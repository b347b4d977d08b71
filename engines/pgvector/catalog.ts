import { FailureError } from '../../common/errors.js';
import type { FieldSchema, FieldType, Metric } from '../../datasets/dataset.js';
import type { IdKind } from '../contract/ids.js';
import type { Description } from '../contract/points.js';
import type { Session } from './client.js';
import { fieldName, portableType } from './fields.js';

/** A table as the server describes it. */
export interface Table {
  name: string;
  /** Key and vector columns. */
  key: string;
  keyType: string;
  vector: string;
  dimensions: number;
  ids: IdKind;
  /** From the index, else from the table's comment where this project made it; null: not told. */
  metric: Metric | null;
  index: Description['index'];
  columns: readonly TableColumn[];
}

export interface TableColumn extends Omit<FieldSchema, 'type'> {
  column: string;
  native: string;
  /** Null for native types that no portable one fits; they are read as text. */
  type: FieldType | null;
}

const KEYS: Readonly<Record<string, IdKind>> = {
  bigint: 'u64',
  integer: 'u64',
  smallint: 'u64',
  text: 'string',
  'character varying': 'string',
  uuid: 'uuid',
};
const METRIC_OF_FAMILY: Readonly<Record<string, Metric>> = { cosine: 'cosine', ip: 'dot', l2: 'l2' };

/** Tables with a vector column that this connection finds without naming a schema. */
export async function tablesWithVectors(session: Pick<Session, 'query' | 'ask'>): Promise<string[]> {
  const rows = await session.query(
    "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE a.atttypid = 'vector'::regtype AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) ORDER BY 1",
  );
  return rows.map(([name]) => name!);
}

/** Throws FailureError naming what is missing, or the tables that are there. */
export async function describeTable(session: Pick<Session, 'query' | 'ask'>, name: string): Promise<Table> {
  const columns = await session.ask(
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = a.attnum), obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    [name],
  );
  if (columns.length === 0) {
    const there = await tablesWithVectors(session);
    throw new FailureError(`there is no table "${name}"`, {
      where: 'pgvector',
      next: there.length > 0 ? `attach to one of ${there.join(', ')}` : 'no table has a vector column',
    });
  }
  const key = columns.find(([, , , primary]) => primary === 't');
  const vectors = columns.filter(([, native]) => /^vector(\(\d+\))?$/.test(native!));
  const dimensions = Number(/\((\d+)\)/.exec(vectors[0]?.[1] ?? '')?.[1]);
  const ids = KEYS[key?.[1]?.replace(/\(\d+\)/, '') ?? ''];
  const fault =
    key === undefined || ids === undefined
      ? 'has no primary key of one column of type text, bigint or uuid'
      : vectors.length !== 1
        ? `has ${vectors.length} columns of type vector instead of one`
        : Number.isNaN(dimensions)
          ? 'has a vector column without a number of dimensions'
          : undefined;
  if (fault !== undefined) throw new FailureError(`table "${name}" ${fault}`, { where: 'pgvector' });
  const vector = vectors[0]![0]!;
  return {
    name,
    key: key![0]!,
    keyType: key![1]!,
    ids: ids!,
    vector,
    dimensions,
    ...(await indexOf(session, name, vector, columns[0]![4] ?? '')),
    columns: columns
      .filter((each) => each !== key && each !== vectors[0])
      .map(([column, native, notNull]) => ({
        name: fieldName(column!),
        column: column!,
        native: native!,
        type: portableType(native!),
        nullable: notNull !== 't',
      })),
  };
}

/** The first valid index over the vector: method, options and metric. */
async function indexOf(
  session: Pick<Session, 'query' | 'ask'>,
  table: string,
  vector: string,
  comment: string,
): Promise<Pick<Table, 'metric' | 'index'>> {
  const rows = await session.ask(
    "SELECT am.amname, o.opcname, array_to_string(ic.reloptions, ','), pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam JOIN pg_opclass o ON o.oid = i.indclass[0] WHERE c.relname = $1 AND pg_table_is_visible(c.oid) AND am.amname IN ('hnsw', 'ivfflat') AND i.indisvalid ORDER BY ic.relname",
    [table],
  );
  const told = /^vecproof (cosine|dot|l2)$/.exec(comment)?.[1] as Metric | undefined;
  const found = rows.find(([, , , definition]) => definition!.includes(vector));
  if (found === undefined) return { metric: told ?? null, index: { type: 'flat' } };
  const [method, operators, options] = found;
  const family = /_(cosine|ip|l2)_ops$/.exec(operators!)?.[1] ?? '';
  const pairs = (options ?? '').split(',').filter(Boolean);
  return {
    metric: METRIC_OF_FAMILY[family] ?? told ?? null,
    index: {
      type: method!,
      operators: operators!,
      ...Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string])),
    },
  };
}
