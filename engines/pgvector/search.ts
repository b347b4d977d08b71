import { FailureError } from '../../common/errors.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { Filter } from '../../filters/filter.js';
import type { Hits, NativeFilter, PreparedSearch } from '../contract/search.js';
import type { CollectionSpec } from '../contract/spec.js';
import { requireDimensions } from '../kit/load.js';
import type { Row, Session, Value } from './client.js';
import { vectorParameter } from './copy.js';
import { sqlFilter } from './filter.js';
import { FilterPlans, planOf } from './plan.js';
import { type Statements, searchSettings } from './sql.js';

/** Where a search works: a connection of its own on a server, so that no setting leaks into another. */
export interface SearchPlace {
  session: Session;
  /** `statements`: all that the search has prepared. */
  close(statements: readonly string[]): Promise<void>;
  /** Index that must answer; undefined for flat. */
  index: string | undefined;
  /** Unique among the statements of the connection. */
  statement: string;
}

/** Parses the statement once and makes sure that the planner answers it from the index. */
export async function prepareSearch(
  place: SearchPlace,
  statements: Statements,
  spec: CollectionSpec,
  search: ParameterSet,
  k: number,
): Promise<PreparedSearch> {
  const { session, statement } = place;
  for (const setting of searchSettings(spec, search)) await session.query(setting);
  const run = await session.prepare(statement, statements.search(search, k));
  const probe = new Float32Array(spec.dimensions).fill(1);
  await run(vectorParameter(probe));
  await requirePlan(session, statement, place.index, probe);
  const filtered = new FilteredStatements(place, (where) => statements.search(search, k, where), probe);
  let open = true;
  return {
    get effective() {
      return { ...effective(spec, search), ...filtered.plans.counted() };
    },
    query: async (vector, filter, signal) => {
      signal?.throwIfAborted();
      if (!open) throw new FailureError('the search was closed', { where: 'pgvector' });
      requireDimensions('pgvector', vector, spec.dimensions);
      if (filter === undefined) return hits(await unlessAborted(run(vectorParameter(vector)), signal));
      const translated = filter as TranslatedFilter;
      const answer = translated.run(vectorParameter(vector), ...translated.parameters);
      return hits(await unlessAborted(answer, signal));
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
  readonly #statement: (where: string) => string;
  readonly #probe: Buffer;
  readonly #prepared = new Map<string, Promise<TranslatedFilter['run']>>();

  constructor(place: SearchPlace, statement: (where: string) => string, probe: Float32Array) {
    this.#place = place;
    this.#statement = statement;
    this.#probe = vectorParameter(probe);
    this.plans = new FilterPlans(place.index);
  }

  async translate(filter: Filter): Promise<TranslatedFilter> {
    const { sql, parameters } = sqlFilter(filter, 2);
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      prepared = this.#prepare(sql);
      this.#prepared.set(sql, prepared);
    }
    const run = await prepared;
    const plan = await this.#place.session.ask(`EXPLAIN ${this.#statement(sql)}`, [
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

function hits(rows: readonly Row[]): Hits {
  const keys = new Uint32Array(rows.length);
  const scores = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const [key, distance] = rows[i]!;
    keys[i] = Number(key);
    scores[i] = distance === null ? Number.NaN : Number(distance);
  }
  return { keys, scores };
}

/** The planner falls back to a scan without a word, for instance when the operator is not the index's. */
async function requirePlan(
  session: Session,
  statement: string,
  index: string | undefined,
  probe: Float32Array,
): Promise<void> {
  const rows = await session.query(`EXPLAIN EXECUTE "${statement}" ('[${probe.join(',')}]')`);
  const plan = planOf(rows);
  if (plan.index === index) return;
  const what =
    index === undefined
      ? 'the search uses an index where it should compare all points'
      : 'the planner would not use the vector index';
  throw new FailureError(what, {
    where: 'pgvector',
    got: plan.text,
    next: 'this is a fault of vecproof: report it',
  });
}

/** More probes than lists work as all lists; a graph search ranks again only what it has found. */
function effective({ index }: CollectionSpec, search: ParameterSet): ParameterSet {
  const { nprobe, ef, candidates, iterativeScan } = search;
  const found = candidates !== undefined && ef !== undefined && (iterativeScan ?? 'off') === 'off';
  return {
    ...search,
    ...(nprobe !== undefined && { nprobe: Math.min(Number(nprobe), Number(index['nlist'])) }),
    ...(found && { candidates: Math.min(Number(candidates), Number(ef)) }),
  };
}
