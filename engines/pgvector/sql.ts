import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { NumberMetric } from '../../datasets/dataset.js';
import type { VectorMetric } from '../contract/vectors.js';
import { quoted } from './fields.js';
import type { VectorColumn } from './layout.js';

/** Operator of each metric, and the names that index methods know it by. */
export const FAMILIES: Readonly<Record<NumberMetric, { operator: string; family: string }>> = {
  cosine: { operator: '<=>', family: 'cosine' },
  dot: { operator: '<#>', family: 'ip' },
  l2: { operator: '<->', family: 'l2' },
};

const OPERATORS: Readonly<Record<VectorMetric, string>> = {
  cosine: FAMILIES.cosine.operator,
  dot: FAMILIES.dot.operator,
  l2: FAMILIES.l2.operator,
  hamming: '<~>',
  jaccard: '<%>',
};

/** What an index with such a quantization holds of a vector. */
export function expressionOf(vector: VectorColumn, quantization: unknown): string {
  const { dimensions } = vector.field;
  const value = plain(vector);
  if (quantization === 'f16' && vector.native === 'vector') return `${value}::halfvec(${dimensions})`;
  return quantization === 'binary' ? bits(value, dimensions) : value;
}

/** A column whose type has no dimensions is searched as one that has them, as an index over it must be. */
function plain(vector: VectorColumn): string {
  const { column, native, sized } = vector;
  return sized ? quoted(column) : `${quoted(column)}::${native}(${sizeOf(vector)})`;
}

function sizeOf({ native, sparse, field }: VectorColumn): number {
  return native === 'sparsevec' ? sparse : field.dimensions;
}

/** `$1`, the query: in the column's type, but that half vectors are asked with floats. */
function parameter(vector: VectorColumn): string {
  const { native } = vector;
  return `$1::${native === 'halfvec' ? 'vector' : native}(${sizeOf(vector)})`;
}

function bits(value: string, dimensions: number): string {
  return `binary_quantize(${value})::bit(${dimensions})`;
}

/** What a search compares. */
export interface SearchTarget {
  /** The table in SQL. */
  table: string;
  key: string;
  vector: VectorColumn;
  metric: VectorMetric;
  /** Of the index that answers, or `flat`. */
  index: ParameterSet;
}

/**
 * `$1`: the query; key and distance of the rows that `where` lets through, nearest first. A row without the vector
 * comes last, with distance NULL.
 */
export function searchStatement(
  target: SearchTarget,
  search: ParameterSet,
  k: number,
  where?: string,
): string {
  const { table, key, vector, metric, index } = target;
  const { dimensions } = vector.field;
  const operator = OPERATORS[metric];
  const query = parameter(vector);
  const half = `${query}::halfvec(${dimensions})`;
  const value = plain(vector);
  const exact = `${value} ${operator} ${vector.native === 'halfvec' ? half : query}`;
  const id = quoted(key);
  const rows = where === undefined ? table : `${table} WHERE ${where}`;
  switch (index['quantization']) {
    case 'f16':
      return nearest(id, rows, `${expressionOf(vector, 'f16')} ${operator} ${half}`, k);
    case 'binary': {
      const differing = `${bits(value, dimensions)} <~> ${bits(query, dimensions)}`;
      if (search['candidates'] === undefined) return nearest(id, rows, differing, k);
      const inner = `SELECT ${id}, ${quoted(vector.column)} FROM ${rows} ORDER BY ${differing} LIMIT ${search['candidates']}`;
      return nearest(id, `(${inner}) AS candidates`, exact, k);
    }
    default:
      return nearest(id, rows, exact, k);
  }
}

function nearest(id: string, from: string, distance: string, k: number): string {
  return `SELECT ${id}, ${distance} AS distance FROM ${from} ORDER BY ${distance} LIMIT ${Math.floor(k)}`;
}

/** Throws FailureError for a vector whose metric nobody tells. */
export function searchedMetric({ field, native, column }: VectorColumn, table: string): VectorMetric {
  const { metric, name } = field;
  if (metric !== null) return metric;
  const [first, others] = native === 'bit' ? ['hamming', 'jaccard'] : ['cosine', 'dot, l2'];
  const comment = `'vecproof {"role":"vector","name":${JSON.stringify(name)},"metric":"${first}"}'`;
  throw new FailureError(`the table does not show by which metric vector "${name}" is searched`, {
    where: 'pgvector',
    next: `give it an index, or a comment: COMMENT ON COLUMN ${table}.${quoted(column)} IS ${comment} (or ${others})`,
  });
}

/** Session settings of a search. */
export function searchSettings(index: ParameterSet, search: ParameterSet): string[] {
  const { ef, nprobe, iterativeScan, maxScanTuples, maxProbes } = search;
  const order = { off: 'off', strict: 'strict_order', relaxed: 'relaxed_order' }[
    String(iterativeScan ?? 'off')
  ];
  return [
    // One query uses one core, parses once, and is not compiled: what a setting changes is the index alone.
    'SET max_parallel_workers_per_gather = 0',
    'SET plan_cache_mode = force_generic_plan',
    'SET jit = off',
    // A small table would be scanned instead. Whether the index is used is checked, not assumed.
    ...(index['type'] === 'flat' ? [] : ['SET enable_seqscan = off']),
    ...(ef === undefined ? [] : [`SET hnsw.ef_search = ${ef}`, `SET hnsw.iterative_scan = ${order}`]),
    ...(nprobe === undefined
      ? []
      : [`SET ivfflat.probes = ${nprobe}`, `SET ivfflat.iterative_scan = ${order}`]),
    ...(maxScanTuples === undefined ? [] : [`SET hnsw.max_scan_tuples = ${maxScanTuples}`]),
    ...(maxProbes === undefined ? [] : [`SET ivfflat.max_probes = ${maxProbes}`]),
  ];
}
