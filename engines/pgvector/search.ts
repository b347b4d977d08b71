import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { FieldSchema } from '../../datasets/dataset.js';
import type { Filter } from '../../filters/filter.js';
import type { IdKind } from '../contract/ids.js';
import type { EncodedQuery, Hits, NativeFilter, PreparedSearch } from '../contract/search.js';
import type { VectorValue } from '../contract/vectors.js';
import { requireFields, unlessAborted } from '../kit/load.js';
import { queryCheck } from '../kit/vectors.js';
import type { Row, Session, Value } from './client.js';
import { sqlFilter } from './filter.js';
import type { FieldColumn } from './layout.js';
import { FilterPlans, planOf } from './plan.js';
import { type SearchTarget, searchSettings, searchStatement } from './sql.js';
import { probeOf, queryEncoder } from './vectors.js';

/** Where a search works: a connection of its own on a server, so that no setting leaks into another. */
export interface SearchPlace {
  session: Session;
  /** `statements`: all that the search has prepared. */
  close(statements: readonly string[]): Promise<void>;
  /** Unique among the statements of the connection. */
  statement: string;
  /** See `PreparedSearch`. */
  client?: string | undefined;
}

/** What is searched. */
export interface Searched extends SearchTarget {
  ids: IdKind;
  fields: readonly FieldColumn[];
  /** Indexes one of which must answer; none for flat. */
  indexes: readonly string[];
}

/** Parses the statement once and makes sure that the planner answers it from the index. */
export async function prepareSearch(
  place: SearchPlace,
  target: Searched,
  search: ParameterSet,
  k: number,
): Promise<PreparedSearch<VectorValue>> {
  const { session, statement } = place;
  const encode = queryEncoder(target.vector);
  const check = queryCheck('pgvector', target.vector.field);
  const keysOf = KEYS[target.ids];
  for (const setting of searchSettings(target.index, search)) await session.query(setting);
  const run = await session.prepare(statement, searchStatement(target, search, k));
  const { value, text } = probeOf(target.vector);
  const probe = encode(value);
  await run(probe);
  await requirePlan(session, statement, target.indexes, text);
  const filtered = new FilteredStatements(
    place,
    target,
    (where) => searchStatement(target, search, k, where),
    probe,
  );
  let open = true;
  const send = async (
    parameter: Buffer,
    filter: NativeFilter | undefined,
    signal: AbortSignal | undefined,
  ) => {
    if (!open) throw new FailureError('the search was closed', { where: 'pgvector' });
    if (filter === undefined) return hits(await unlessAborted(run(parameter), signal), keysOf);
    const translated = filter as TranslatedFilter;
    return hits(await unlessAborted(translated.run(parameter, ...translated.parameters), signal), keysOf);
  };
  return {
    client: place.client,
    get effective() {
      return { ...effective(target, search), ...filtered.plans.counted() };
    },
    query: async (vector, filter, signal) => {
      signal?.throwIfAborted();
      if (!open) throw new FailureError('the search was closed', { where: 'pgvector' });
      check(vector);
      return send(encode(vector), filter, signal);
    },
    encode: (vector) => {
      check(vector);
      return encode(vector) as EncodedQuery;
    },
    queryEncoded: async (parameter, filter, signal) => {
      signal?.throwIfAborted();
      return send(parameter as Buffer, filter, signal);
    },
    translate: (filter) => filtered.translate(filter) as Promise<NativeFilter>,
    close: async () => {
      open = false;
      await place.close([statement, ...filtered.names]);
    },
  };
}

interface TranslatedFilter {
  run: (...parameters: readonly Value[]) => Promise<Row[]>;
  /** `$2`, … */
  parameters: readonly string[];
}

/** One statement for each form of filter; filters that differ in their values only share it. */
class FilteredStatements {
  readonly plans: FilterPlans;
  readonly names: string[] = [];
  readonly #place: SearchPlace;
  readonly #fields: readonly FieldColumn[];
  readonly #statement: (where: string) => string;
  readonly #probe: Buffer;
  readonly #prepared = new Map<string, Promise<TranslatedFilter['run']>>();

  constructor(
    place: SearchPlace,
    { fields, indexes }: Searched,
    statement: (where: string) => string,
    probe: Buffer,
  ) {
    this.#place = place;
    this.#fields = fields;
    this.#statement = statement;
    this.#probe = probe;
    this.plans = new FilterPlans(indexes);
  }

  async translate(filter: Filter): Promise<TranslatedFilter> {
    requireFields('pgvector', filter, this.#fields.filter(isTyped));
    const { sql, parameters } = sqlFilter(filter, 2, this.#fields);
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      prepared = this.#prepare(sql);
      this.#prepared.set(sql, prepared);
    }
    const run = await prepared;
    const plan = await this.#place.session.ask(`EXPLAIN (FORMAT JSON) ${this.#statement(sql)}`, [
      this.#probe,
      ...parameters,
    ]);
    this.plans.add(planOf(plan));
    return { run, parameters };
  }

  async #prepare(sql: string): Promise<TranslatedFilter['run']> {
    const { session, statement } = this.#place;
    // How many rows a filter lets through depends on its values: they must be known when the plan is made.
    if (this.names.length === 0) await session.query('SET plan_cache_mode = force_custom_plan');
    const name = `${statement}_f${this.names.push('')}`;
    this.names[this.names.length - 1] = name;
    return session.prepare(name, this.#statement(sql));
  }
}

function isTyped(column: FieldColumn): column is FieldColumn & FieldSchema {
  return column.type !== null;
}

type Keys = (count: number) => { [at: number]: number | bigint | string; readonly length: number };

/** Arrays for keys of each kind, and what their text becomes. */
const KEYS: Readonly<Record<IdKind, { array: Keys; of(text: string): number | bigint | string }>> = {
  u32: { array: (count) => new Uint32Array(count) as ReturnType<Keys>, of: Number },
  u64: { array: (count) => new Array<bigint>(count), of: BigInt },
  string: { array: (count) => new Array<string>(count), of: String },
  uuid: { array: (count) => new Array<string>(count), of: String },
};

/** Rows without the vector come last, without a distance: they are no hits. */
function hits(rows: readonly Row[], { array, of }: (typeof KEYS)[IdKind]): Hits {
  let count = rows.length;
  while (count > 0 && rows[count - 1]![1] === null) count--;
  const keys = array(count);
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [key, distance] = rows[i]!;
    keys[i] = of(key!);
    scores[i] = Number(distance);
  }
  return { keys, scores };
}

/** The planner falls back to a scan without a word, for instance when the operator is not the index's. */
async function requirePlan(
  session: Session,
  statement: string,
  indexes: readonly string[],
  probe: string,
): Promise<void> {
  const rows = await session.query(`EXPLAIN (FORMAT JSON) EXECUTE "${statement}" ('${probe}')`);
  const plan = planOf(rows);
  const answers = plan.index !== undefined && indexes.includes(plan.index);
  if (indexes.length === 0 ? plan.index === undefined : answers) return;
  const what =
    indexes.length === 0
      ? 'the search uses an index where it should compare all points'
      : 'the planner would not use the vector index';
  throw new FailureError(what, {
    where: 'pgvector',
    got: plan.text,
    next: `in a table that vecproof has made, this is a fault: report it; in another, see whether its index (${indexes.join(', ')}) is over the column itself`,
  });
}

/** More probes than lists work as all lists; a graph search ranks again only what it has found. */
function effective({ index }: SearchTarget, search: ParameterSet): ParameterSet {
  const { nprobe, ef, candidates, iterativeScan } = search;
  const found = candidates !== undefined && ef !== undefined && (iterativeScan ?? 'off') === 'off';
  return {
    ...search,
    ...(nprobe !== undefined && { nprobe: Math.min(Number(nprobe), Number(index['nlist'])) }),
    ...(found && { candidates: Math.min(Number(candidates), Number(ef)) }),
  };
}
