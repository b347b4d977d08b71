import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { VectorMetric } from '../contract/vectors.js';
import type { Session } from './client.js';
import type { VectorColumn, VectorType } from './layout.js';
import { expressionOf, FAMILIES } from './sql.js';

/** An index over one vector column, as the server describes it. */
export interface VectorIndex {
  name: string;
  /** Of the table's vector column. */
  column: string;
  metric: VectorMetric | null;
  /** In the terms of our options, and the server's own name of its operators. */
  parameters: ParameterSet;
  valid: boolean;
  /** Rows it took in when it was built. */
  rows: number;
}

const METRICS: Readonly<Record<string, VectorMetric>> = {
  cosine: 'cosine',
  ip: 'dot',
  l2: 'l2',
  hamming: 'hamming',
  jaccard: 'jaccard',
};

const NAMES: Readonly<Record<string, string>> = {
  m: 'm',
  ef_construction: 'efConstruction',
  lists: 'nlist',
};

/** Indexes of a table that a search can use: over one vector column, of all its rows. */
export async function vectorIndexes(
  session: Pick<Session, 'ask'>,
  table: string,
  columns: readonly Pick<VectorColumn, 'column' | 'native'>[],
): Promise<VectorIndex[]> {
  const rows = await session.ask(
    `SELECT ic.relname, am.amname, o.opcname, array_to_string(ic.reloptions, ','), i.indisvalid AND i.indisready, ic.reltuples::bigint,
       (SELECT CASE WHEN count(DISTINCT a.attnum) = 1 THEN min(a.attname::text) END FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0)
     FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam JOIN pg_opclass o ON o.oid = i.indclass[0]
     WHERE i.indrelid = $1::text::regclass AND am.amname IN ('hnsw', 'ivfflat') AND i.indpred IS NULL ORDER BY ic.relname`,
    [table],
  );
  return rows.flatMap(([name, method, operators, options, valid, tuples, column]) => {
    const of = columns.find((each) => each.column === column);
    if (of === undefined) return [];
    const [, kind, family] = /^(vector|halfvec|sparsevec|bit)_(.+)_ops$/.exec(operators!) ?? [];
    const quantization = quantizationOf(of.native, kind);
    const pairs = (options ?? '').split(',').filter(Boolean);
    const told = pairs.map((pair) => pair.split('=') as [string, string]);
    return [
      {
        name: name!,
        column: of.column,
        // Bits of numbers are found by differing bits, whatever they are ranked by.
        metric: quantization === 'binary' ? null : (METRICS[family ?? ''] ?? null),
        parameters: {
          type: method === 'hnsw' ? 'hnsw' : 'ivf',
          quantization,
          ...DEFAULTS[method!],
          ...Object.fromEntries(told.map(([key, value]) => [NAMES[key] ?? key, Number(value)])),
          operators: operators!,
        },
        valid: valid === 't',
        rows: Number(tuples),
      },
    ];
  });
}

/** pgvector's own, where the index's options do not say. */
const DEFAULTS: Readonly<Record<string, ParameterSet>> = {
  hnsw: { m: 16, efConstruction: 64 },
  ivfflat: { nlist: 100 },
};

function quantizationOf(native: VectorType, kind: string | undefined): string {
  if (kind === 'bit' && native !== 'bit') return 'binary';
  return kind === 'halfvec' && native === 'vector' ? 'f16' : 'none';
}

/**
 * The statement that builds an index over a vector; undefined for flat. The server chooses its name.
 * Throws FailureError for what pgvector has no index for.
 */
export function createIndex(table: string, vector: VectorColumn, index: ParameterSet): string | undefined {
  const { type, quantization, m, efConstruction, nlist } = index;
  if (type === 'flat') return undefined;
  const { metric, name } = vector.field;
  const refuse = (why: string): never => {
    throw new FailureError(`vector "${name}" can have no index of type ${type}: ${why}`, {
      where: 'pgvector',
      next: 'use type: flat',
    });
  };
  const numbers = vector.native === 'vector' || vector.native === 'halfvec';
  if (metric === null) return refuse('it has no metric');
  if (!numbers && quantization !== 'none') refuse(`${vector.native} has no quantization ${quantization}`);
  if (type === 'ivf' && (vector.native === 'sparsevec' || metric === 'jaccard'))
    refuse('pgvector has one of type hnsw only');
  const kind = quantization === 'f16' ? 'halfvec' : vector.native;
  const operators = quantization === 'binary' ? 'bit_hamming_ops' : `${kind}_${familyOf(metric)}_ops`;
  const method = type === 'hnsw' ? 'hnsw' : 'ivfflat';
  const options = type === 'hnsw' ? `m = ${m}, ef_construction = ${efConstruction}` : `lists = ${nlist}`;
  return `CREATE INDEX ON ${table} USING ${method} ((${expressionOf(vector, quantization)}) ${operators}) WITH (${options})`;
}

function familyOf(metric: VectorMetric): string {
  return FAMILIES[metric as NumberMetric]?.family ?? metric;
}
