import type { ParameterSet } from '../../common/parameters.js';
import type { Metric } from '../../datasets/dataset.js';
import type { CollectionSpec } from '../contract/spec.js';
import { columnDefinition, columnName, fieldMethod, quoted } from './fields.js';

/** Operator of each metric, and the names that index methods know it by, for each kind of value. */
export const OPERATORS: Readonly<Record<Metric, { operator: string; family: string }>> = {
  cosine: { operator: '<=>', family: 'cosine_ops' },
  dot: { operator: '<#>', family: 'ip_ops' },
  l2: { operator: '<->', family: 'l2_ops' },
};

/** The statements of one collection. Names are made here and quoted; nothing comes from a suite unchecked. */
export interface Statements {
  createTable: string;
  copy: string;
  /** Undefined for flat. */
  createIndex: string | undefined;
  /** One for each field; none unless they are asked for. */
  createFieldIndexes: readonly string[];
  /** `$1`: the query; key and distance of the rows that `where` lets through, nearest first. */
  search(search: ParameterSet, k: number, where?: string): string;
}

export function statements(table: string, index: string, spec: CollectionSpec): Statements {
  const name = quoted(table);
  const fields = spec.fields ?? [];
  const columns = fields.map((field) => quoted(columnName(field.name)));
  return {
    createTable: `CREATE TABLE ${name} (${['id integer PRIMARY KEY', `v vector(${spec.dimensions})`, ...fields.map(columnDefinition)].join(', ')}) WITH (autovacuum_enabled = false)`,
    copy: `COPY ${name} (${['id', 'v', ...columns].join(', ')}) FROM STDIN (FORMAT binary)`,
    createIndex: createIndex(name, quoted(index), spec),
    createFieldIndexes:
      spec.index['payloadIndex'] === true
        ? fields.map(({ type }, i) => `CREATE INDEX ON ${name} USING ${fieldMethod(type)} (${columns[i]})`)
        : [],
    search: (search, k, where) => searchStatement(name, spec, search, k, where),
  };
}

type IndexSpec = Pick<CollectionSpec, 'index' | 'metric' | 'dimensions'>;

/** Undefined for flat. */
export function createIndex(table: string, index: string, spec: IndexSpec, vector = 'v'): string | undefined {
  const { type } = spec.index;
  if (type === 'flat') return undefined;
  const method = type === 'hnsw' ? 'hnsw' : 'ivfflat';
  const { m, efConstruction, nlist } = spec.index;
  const options = type === 'hnsw' ? `m = ${m}, ef_construction = ${efConstruction}` : `lists = ${nlist}`;
  const { expression, operators } = indexed(spec, vector);
  return `CREATE INDEX ${index}${index === '' ? '' : ' '}ON ${table} USING ${method} ((${expression}) ${operators}) WITH (${options})`;
}

/** What the index holds of the vector, and the operator class that ranks it. */
function indexed(
  { index, metric, dimensions }: IndexSpec,
  vector: string,
): { expression: string; operators: string } {
  const { family } = OPERATORS[metric];
  switch (index['quantization']) {
    case 'f16':
      return { expression: `${vector}::halfvec(${dimensions})`, operators: `halfvec_${family}` };
    case 'binary':
      return { expression: bits(vector, dimensions), operators: 'bit_hamming_ops' };
    default:
      return { expression: vector, operators: `vector_${family}` };
  }
}

function bits(value: string, dimensions: number): string {
  return `binary_quantize(${value})::bit(${dimensions})`;
}

function searchStatement(
  table: string,
  spec: CollectionSpec,
  search: ParameterSet,
  k: number,
  where?: string,
): string {
  const { metric, dimensions, index } = spec;
  const { operator } = OPERATORS[metric];
  const query = `$1::vector(${dimensions})`;
  const exact = `v ${operator} ${query}`;
  const rows = where === undefined ? table : `${table} WHERE ${where}`;
  switch (index['quantization']) {
    case 'f16':
      return nearest(rows, `v::halfvec(${dimensions}) ${operator} ${query}::halfvec(${dimensions})`, k);
    case 'binary': {
      const differing = `${bits('v', dimensions)} <~> ${bits(query, dimensions)}`;
      if (search['candidates'] === undefined) return nearest(rows, differing, k);
      const inner = `SELECT id, v FROM ${rows} ORDER BY ${differing} LIMIT ${search['candidates']}`;
      return nearest(`(${inner}) AS candidates`, exact, k);
    }
    default:
      return nearest(rows, exact, k);
  }
}

function nearest(from: string, distance: string, k: number): string {
  return `SELECT id, ${distance} AS distance FROM ${from} ORDER BY ${distance} LIMIT ${k}`;
}

/** Session settings of a search. */
export function searchSettings(spec: CollectionSpec, search: ParameterSet): string[] {
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
    ...(spec.index['type'] === 'flat' ? [] : ['SET enable_seqscan = off']),
    ...(ef === undefined ? [] : [`SET hnsw.ef_search = ${ef}`, `SET hnsw.iterative_scan = ${order}`]),
    ...(nprobe === undefined
      ? []
      : [`SET ivfflat.probes = ${nprobe}`, `SET ivfflat.iterative_scan = ${order}`]),
    ...(maxScanTuples === undefined ? [] : [`SET hnsw.max_scan_tuples = ${maxScanTuples}`]),
    ...(maxProbes === undefined ? [] : [`SET ivfflat.max_probes = ${maxProbes}`]),
  ];
}
