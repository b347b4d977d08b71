import { FailureError } from '../../common/errors.js';
import type { Session } from './client.js';
import { type Carried, carried, quoted } from './fields.js';
import { type ColumnComment, readComment, type VectorType } from './layout.js';

/** A column of a table that is there. */
export interface Described {
  column: string;
  /** As `format_type` writes it, also a domain's name. */
  native: string;
  /** The same without domains. */
  base: string;
  notNull: boolean;
  generated: boolean;
  vector: VectorType | undefined;
  /** Of a vector type; null: it says no number of dimensions. */
  dimensions: number | null;
  /** How its values are read beside vectors; undefined: they are not. */
  carried: Carried | undefined;
  comment: Partial<ColumnComment> | undefined;
}

/** Fewer bits are flags, not a vector. */
const LEAST_BITS = 8;

/** A condition on a type `t` and its modifier. */
export function isVector(modifier: string): string {
  return `(t.typname IN ('vector', 'halfvec', 'sparsevec') OR (t.oid = 'bit'::regtype AND ${modifier} >= ${LEAST_BITS}))`;
}

/** Domains are followed to their base; of an array its elements' type is told, too. */
const COLUMNS = `
  WITH RECURSIVE types AS (
    SELECT a.attnum, t.oid, t.typtype, t.typbasetype, CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT d.attnum, t.oid, t.typtype, t.typbasetype, CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE d.modifier END
      FROM types d JOIN pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd')
  SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(t.oid, NULL), a.attnotnull, a.attgenerated <> '',
      CASE WHEN ${isVector('d.modifier')} THEN t.typname END, d.modifier, col_description(a.attrelid, a.attnum),
      t.typtype, n.nspname, t.typname, e.typtype, en.nspname, e.typname
    FROM types d JOIN pg_attribute a ON a.attrelid = $1::text::regclass AND a.attnum = d.attnum
      JOIN pg_type t ON t.oid = d.oid JOIN pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' LEFT JOIN pg_namespace en ON en.oid = e.typnamespace
    WHERE d.typtype <> 'd' ORDER BY a.attnum`;

export async function columnsOf(session: Pick<Session, 'ask'>, table: string): Promise<Described[]> {
  const rows = await session.ask(COLUMNS, [table]);
  return rows.map(([column, native, base, notNull, generated, vector, modifier, comment, ...type]) => {
    const [kind, schema, name, elementKind, elementSchema, elementName] = type;
    const element =
      elementName == null ? undefined : { kind: elementKind!, schema: elementSchema!, name: elementName };
    return {
      column: column!,
      native: native!,
      base: base!,
      notNull: notNull === 't',
      generated: generated === 't',
      vector: (vector ?? undefined) as VectorType | undefined,
      dimensions: Number(modifier) > 0 ? Number(modifier) : null,
      carried: carried(base!, { kind: kind!, schema: schema!, name: name! }, element),
      comment: readComment<ColumnComment>(comment!),
    };
  });
}

/** Throws FailureError for a column that would be lost, which nobody has said. */
export function requireCarried(name: string, columns: readonly Described[]): void {
  const lost = columns.filter((each) => each.vector === undefined && each.carried === undefined);
  if (lost.length === 0) return;
  const [{ column, native }] = lost as [Described];
  const others = lost.slice(1).map((each) => `"${each.column}" (${each.native})`);
  throw new FailureError(
    `column "${column}" of table "${name}" is of type ${native}, which no point can hold${others.length === 0 ? '' : `; so are ${others.join(', ')}`}`,
    {
      where: 'pgvector',
      next: `leave it out with ?omit=${lost.map((each) => encodeURIComponent(each.column)).join(',')}, or read a view that has it as text`,
    },
  );
}

/** Dimensions of the first row that has a vector; undefined: there is none. */
export async function firstDimensions(
  session: Pick<Session, 'ask'>,
  table: string,
  column: string,
): Promise<number | undefined> {
  const name = quoted(column);
  const [row] = await session.ask(
    `SELECT vector_dims(${name}) FROM ${table} WHERE ${name} IS NOT NULL LIMIT 1`,
    [],
  );
  return row === undefined ? undefined : Number(row[0]);
}
