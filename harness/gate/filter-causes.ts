import { FLAW } from '../measures/filters.js';
import { wasAnswered } from '../measures/units.js';
import type { Samples, Truth } from '../model/samples.js';

/** What a query asked for, as the run recorded it. */
export interface FilteredQuery {
  group: string;
  /** JSON text; null: none. */
  filter: string | null;
  /** Points that pass it; null: it has none. */
  matches: number | null;
  k: number;
  /** Field that says whose a row is; null: the query is about none. */
  tenant: string | null;
}

/** A run's queries and data, for the answers to one of its settings. */
export interface FilteredAnswers {
  samples: Samples;
  truth: Truth;
  queries: readonly FilteredQuery[];
  /** Points of the dataset. */
  count: number;
}

/** Part of the known strays above which two tenants are called swapped. */
const MOST = 0.8;
/**
 * Failing rows against those that ignoring the filter would bring, were passing points spread evenly: between these it
 * is ignored. Below, where the same filters hold in most other answers: no other reading of them comes and goes.
 */
const IGNORED = { least: 0.9, most: 1.1, atTimes: 0.5 };
/** Candidates, in answers, up to which a search is called one that knows nothing of the filter. */
const AFTERWARDS = 2;

/** Why answers under filters are wrong, as far as they themselves tell, in words for a report. Pure. */
export function filterCausesOf(answers: FilteredAnswers): string[] {
  const filtered = filteredAnswers(answers);
  return [strays(answers, filtered), shortness(answers, filtered)].filter((each) => each !== undefined);
}

/** Numbers of the answered samples whose query has a filter. */
function filteredAnswers({ samples, queries }: FilteredAnswers): number[] {
  return Array.from({ length: samples.length }, (_, i) => i).filter(
    (i) => wasAnswered(samples, i) && queries[samples.query[i]!]?.matches != null,
  );
}

const rowsOf = ({ rows, k, returned }: Samples, i: number): Int32Array =>
  rows.subarray(i * k, i * k + returned[i]!);

/** Rows that fail the filter: whose they are, or whether the filter was looked at. */
function strays(answers: FilteredAnswers, filtered: readonly number[]): string | undefined {
  const { samples, queries, count } = answers;
  const { flaws, k } = samples;
  if (flaws === undefined) return undefined;
  const wrongIn = (i: number) => rowsOf(samples, i).filter((_, j) => flaws[i * k + j] !== 0).length;
  const bad = filtered.filter((i) => wrongIn(i) > 0);
  if (bad.length === 0) return undefined;
  const swapped = swap(answers, bad);
  if (swapped !== undefined) return swapped;
  let [wrong, rows, expected] = [0, 0, 0];
  for (const i of bad) {
    const returned = rowsOf(samples, i).length;
    wrong += wrongIn(i);
    rows += returned;
    expected += returned * (1 - queries[samples.query[i]!]!.matches! / count);
  }
  const head = `${bad.length} of ${filtered.length} answers under a filter (${percent(bad.length / filtered.length)}${groupsText(answers, bad, filtered)}) hold rows that fail it`;
  const ratio = expected === 0 ? Number.NaN : wrong / expected;
  const shares = `${percent(wrong / rows)} of their rows`;
  const texts = new Set(bad.map((i) => queries[samples.query[i]!]!.filter));
  const same = filtered.filter((i) => texts.has(queries[samples.query[i]!]!.filter)).length;
  if (ratio >= IGNORED.atTimes && ratio <= IGNORED.most && same > 2 * bad.length) {
    return `${head}, ${shares}, while the same filters hold in ${same - bad.length} other answers: it is ignored at times`;
  }
  if (ratio >= IGNORED.least && ratio <= IGNORED.most) {
    return `${head}, ${shares}, as a search without the filter would: it is ignored for these queries`;
  }
  return `${head}, ${shares}, where a search without it would return about ${percent(expected / rows)}: the filter means something else to the engine, or is ignored where rows that pass are frequent`;
}

/** The groups that have some, where others have none. */
function groupsText({ samples, queries }: FilteredAnswers, some: readonly number[], all: readonly number[]) {
  const groups = (of: readonly number[]) => new Set(of.map((i) => queries[samples.query[i]!]!.group));
  const [mine, every] = [groups(some), groups(all)];
  return mine.size === every.size ? '' : `, all of group ${[...mine].join(', ')}`;
}

/** Two tenants that get each other's rows. Whose a row is shows where it is a query's exact neighbour. */
function swap({ samples, truth, queries }: FilteredAnswers, bad: readonly number[]): string | undefined {
  const owners = new Map<number, string>();
  for (let q = 0; q < truth.count; q++) {
    const label = tenantOf(queries[q]);
    if (label === undefined) continue;
    for (const row of truth.rows.subarray(q * truth.depth, (q + 1) * truth.depth))
      if (row >= 0) owners.set(row, label);
  }
  const pairs = new Map<string, { from: string; to: string; rows: number }>();
  let known = 0;
  for (const i of bad) {
    const from = tenantOf(queries[samples.query[i]!]);
    if (from === undefined) continue;
    rowsOf(samples, i).forEach((row, j) => {
      const to = owners.get(row);
      if (((samples.flaws![i * samples.k + j] ?? 0) & FLAW.tenant) === 0 || to === undefined) return;
      known++;
      const key = JSON.stringify([from, to]);
      const pair = pairs.get(key) ?? { from, to, rows: 0 };
      pair.rows++;
      pairs.set(key, pair);
    });
  }
  const [first] = [...pairs.values()].toSorted((a, b) => b.rows - a.rows);
  if (first === undefined) return undefined;
  const back = pairs.get(JSON.stringify([first.to, first.from]))?.rows ?? 0;
  if (back === 0 || first.rows + back < MOST * known) return undefined;
  return `queries of tenant ${first.from} get rows of tenant ${first.to} (${first.rows}) and the other way round (${back}), nearly all of the ${known} foreign rows whose owner is known: the two tenants are swapped`;
}

/** The value that a query's filter binds its tenant to, as JSON. */
function tenantOf(query: FilteredQuery | undefined): string | undefined {
  if (query?.tenant == null || query.filter === null) return undefined;
  const parsed = JSON.parse(query.filter) as Record<string, unknown>;
  const bound = Object.hasOwn(parsed, query.tenant) ? parsed[query.tenant] : parsed;
  return JSON.stringify(bound).slice(0, 60);
}

/** Answers with fewer rows than pass: how many points a search must have seen that leaves so many. */
function shortness(
  { samples, queries, count }: FilteredAnswers,
  filtered: readonly number[],
): string | undefined {
  const { flaws, k } = samples;
  let [short, kept, share, wanted] = [0, 0, 0, 0];
  for (const i of filtered) {
    const query = queries[samples.query[i]!]!;
    const right = new Set(rowsOf(samples, i).filter((_, j) => (flaws?.[i * k + j] ?? 0) === 0));
    if (query.matches === 0 || rowsOf(samples, i).length >= Math.min(query.k, query.matches!)) continue;
    short++;
    kept += right.size;
    share += query.matches! / count;
    wanted += query.k;
  }
  if (short === 0) return undefined;
  const seen = kept / share;
  const head = `${short} of ${filtered.length} answers under a filter hold fewer rows than pass it, as many as pass among about ${Math.max(1, Math.round(seen))} of all points`;
  return seen <= (AFTERWARDS * wanted) / short
    ? `${head}: the filter is applied after the search`
    : `${head}: the search ends too early under a filter, or rows are missing`;
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))}%`;
