import type { Metric } from '../../datasets/dataset.js';
import type { Measures } from '../model/results.js';
import type { Samples, Truth } from '../model/samples.js';
import { type Margin, marginOf } from './distance.js';
import { type MeanFigure, meanFigure, meansOf, SHARE } from './figures.js';
import type { Range } from './mean-bounds.js';
import { type Agreement, type Answer, compareAnswers, type Direction, type Stray } from './parity.js';
import {
  type CauseContext,
  type CauseCounts,
  causeOf,
  type Evidence,
  noCauses,
  type Side,
} from './parity-causes.js';
import { renumbered } from './sources.js';
import { type Units, unitsOf, wasAnswered } from './units.js';

export interface ParityInput {
  reference: Samples;
  candidate: Samples;
  truth: Truth;
  metric: Metric;
  k: number;
  /** Queries to look at; all where absent. */
  queries?: ReadonlySet<number> | undefined;
  evidence?: { reference: Evidence | undefined; candidate: Evidence | undefined };
  filter?: CauseContext['filter'];
  wanted?: CauseContext['wanted'];
  /** Which hits the application keeps, by each side's scores. */
  thresholds?: Thresholds | undefined;
  /** By query number that of its source; undefined where each is its own. */
  sources?: ArrayLike<number> | undefined;
}

/** A score from which on, or up to which, the application keeps hits. */
export interface Threshold {
  score: number;
  atLeast: boolean;
}
export interface Thresholds {
  reference: Threshold;
  candidate: Threshold;
}

/** How far two trials agree. */
export interface Parity {
  queries: number;
  /** Pairs of answers: queries times the passes that both have. */
  comparisons: number;
  /** Rows that the reference returned, over all pairs. */
  ids: number;
  measures: Measures;
  /** By cause; ties included, which are no loss: all but `tie` add up to `parity.lost`. */
  lost: CauseCounts;
  gained: CauseCounts;
}

const COLUMNS = ['overlap', 'jaccard', 'rbo', 'tau', 'displacement', 'order', 'empty', 'errors'] as const;
type Column = (typeof COLUMNS)[number];
/** What needs an answer of the reference. */
const ANSWERED = COLUMNS.filter((name) => name !== 'errors');

/**
 * Compares two trials over the same queries, pass by pass; pure. Passes of a query are averaged first; bounds are those
 * of means over queries. A query that the candidate failed counts as an empty answer; one that the reference failed has
 * nothing to compare with, counts in `parity.errors` and is missing from the other means.
 */
export function parityOf(input: ParityInput): Parity {
  const [a, b] = [unitsOf(input.reference), unitsOf(input.candidate)];
  const shared = pairsOf(a, b, input.queries);
  const tally = new Tally(shared.length);
  const comparer = new Comparer(input);
  shared.forEach(({ query, from, to }, u) => {
    const passes = Math.min(a.starts[from + 1]! - a.starts[from]!, b.starts[to + 1]! - b.starts[to]!);
    for (let pass = 0; pass < passes; pass++) {
      comparer.compare(query, a.order[a.starts[from]! + pass]!, b.order[b.starts[to]! + pass]!, u, tally);
    }
  });
  const queries = shared.map(({ query }) => query);
  return tally.result(input.k, renumbered(queries, input.sources));
}

function pairsOf(a: Units, b: Units, wanted: ReadonlySet<number> | undefined) {
  const inB = new Map(Array.from(b.queries, (query, u) => [query, u]));
  return Array.from(a.queries, (query, from) => ({ query, from, to: inB.get(query) ?? -1 })).filter(
    ({ query, to }) => to >= 0 && (wanted?.has(query) ?? true),
  );
}

class Comparer {
  readonly #input: ParityInput;
  readonly #margin: Margin;
  readonly #directions: readonly [Direction, Direction];
  readonly #reference: Side;
  readonly #candidate: Side;

  constructor(input: ParityInput) {
    this.#input = input;
    this.#margin = marginOf(input.truth, input.metric);
    this.#directions = [directionOf(input.reference), directionOf(input.candidate)];
    this.#reference = { name: 'reference', evidence: input.evidence?.reference };
    this.#candidate = { name: 'candidate', evidence: input.evidence?.candidate };
  }

  /** Compares answer `i` of the reference with answer `j` of the candidate, both to one query. */
  compare(query: number, i: number, j: number, unit: number, tally: Tally): void {
    const { reference, candidate, k, filter } = this.#input;
    const [a, b] = [answerOf(reference, i, k), answerOf(candidate, j, k)];
    tally.pair(unit, 'errors', (a === undefined) === (b === undefined) ? 1 : 0);
    if (a === undefined) {
      tally.lacks(unit, ANSWERED);
      return;
    }
    if (b === undefined) tally.lacks(unit, ['empty']);
    else tally.pair(unit, 'empty', (a.rows.length === 0) === (b.rows.length === 0) ? 1 : 0);
    const fails = filter && ((row: number) => filter(query, row) === 'fails');
    const options = { margin: this.#margin, k, directions: this.#directions, fails };
    const agreement = compareAnswers(a, b ?? NOTHING, options);
    tally.agreement(unit, agreement);
    if (this.#input.thresholds !== undefined && b !== undefined)
      tally.crossed(crossings(a, b, this.#input.thresholds));
    this.#count(query, agreement, a, b, tally);
  }

  #count(query: number, agreement: Agreement, a: Answer, b: Answer | undefined, tally: Tally): void {
    const [reference, candidate] = [this.#reference, this.#candidate];
    const why = ({ row, distance }: Stray, sides: Parameters<typeof causeOf>[3]) =>
      causeOf(query, row, distance, sides, this.#input);
    for (const each of agreement.lost) {
      const cause = why(each, { holder: reference, lacker: candidate, held: a, lacking: b });
      tally.lost[cause]++;
    }
    for (const each of agreement.gained) {
      const cause = why(each, { holder: candidate, lacker: reference, held: b ?? NOTHING, lacking: a });
      tally.gained[cause]++;
    }
    tally.lost.tie += agreement.ties.length;
    tally.gained.tie += agreement.ties.length;
  }
}

/** Hits of both of which the application keeps one side's alone. A score that is no number passes no threshold. */
function crossings(a: Answer, b: Answer, { reference, candidate }: Thresholds): number {
  const kept = ({ score, atLeast }: Threshold, of: number) => (atLeast ? of >= score : of <= score);
  return a.rows.filter((row, i) => {
    const j = b.rows.indexOf(row);
    return j >= 0 && kept(reference, a.scores[i]!) !== kept(candidate, b.scores[j]!);
  }).length;
}

const NOTHING: Answer = { rows: [], distances: [], scores: [] };

/** The distinct rows among the first k; keys that are no row of the dataset are left out. Undefined: it failed. */
function answerOf(samples: Samples, i: number, k: number): Answer | undefined {
  if (!wasAnswered(samples, i)) return undefined;
  const answer = { rows: [] as number[], distances: [] as number[], scores: [] as number[] };
  const start = i * samples.k;
  for (let j = start; j < start + Math.min(k, samples.returned[i]!); j++) {
    const row = samples.rows[j]!;
    if (row < 0 || answer.rows.includes(row)) continue;
    answer.rows.push(row);
    answer.distances.push(samples.distances[j]!);
    answer.scores.push(samples.scores[j]!);
  }
  return answer;
}

/** Answers come nearest first, so the scores themselves tell whether they are distances or similarities. */
function directionOf({ length, k, returned, scores }: Samples): Direction {
  let rising = 0;
  for (let i = 0; i < length; i++) {
    const last = scores[i * k + returned[i]! - 1];
    const first = scores[i * k];
    if (returned[i]! > 1 && first !== undefined && last !== undefined) rising += Math.sign(last - first) || 0;
  }
  return Math.sign(rising) as Direction;
}

/** Sums by unit (query) while pairs are compared. */
class Tally {
  readonly lost = noCauses();
  readonly gained = noCauses();
  readonly #size: number;
  readonly #sums = new Map<Column, { sum: Float64Array; count: Float64Array }>();
  readonly #missing = new Map<Column, Set<number>>();
  readonly #kept: Float64Array;
  readonly #ids: Float64Array;
  #comparisons = 0;
  #lost = 0;
  #gained = 0;
  #ties = 0;
  #crossed: number | undefined;

  constructor(size: number) {
    this.#size = size;
    const column = () => new Float64Array(size);
    for (const name of COLUMNS) this.#sums.set(name, { sum: column(), count: column() });
    this.#kept = column();
    this.#ids = column();
  }

  pair(unit: number, name: Column, value: number): void {
    if (Number.isNaN(value)) return;
    const { sum, count } = this.#sums.get(name)!;
    sum[unit] = sum[unit]! + value;
    count[unit] = count[unit]! + 1;
  }

  /** A query that has no such figure because of what was answered. */
  lacks(unit: number, names: readonly Column[]): void {
    for (const name of names) {
      const units = this.#missing.get(name) ?? new Set();
      this.#missing.set(name, units.add(unit));
    }
  }

  agreement(unit: number, agreement: Agreement): void {
    for (const name of ['overlap', 'jaccard', 'rbo', 'tau', 'displacement', 'order'] as const) {
      this.pair(unit, name, agreement[name]);
    }
    // Two rows to order were there, and the candidate did not return two of them.
    if (agreement.ids > 1 && Number.isNaN(agreement.tau)) this.lacks(unit, ['tau']);
    if (agreement.ids > 1 && agreement.common < 2) this.lacks(unit, ['order']);
    this.#kept[unit] = this.#kept[unit]! + agreement.kept;
    this.#ids[unit] = this.#ids[unit]! + agreement.ids;
    this.#comparisons++;
    this.#lost += agreement.lost.length;
    this.#gained += agreement.gained.length;
    this.#ties += agreement.ties.length;
  }

  crossed(hits: number): void {
    this.#crossed = (this.#crossed ?? 0) + hits;
  }

  result(k: number, sources: Int32Array | undefined): Parity {
    const n = this.#comparisons;
    const total = (column: Float64Array) => column.reduce((sum, value) => sum + value, 0);
    const ids = total(this.#ids);
    const figures = [...this.#means(k), ...this.#ratios(n)];
    const count = (value: number) => ({ value, low: null, high: null, n });
    const measures: Measures = {
      ...meansOf(figures, sources),
      ...(n > 0 && {
        'parity.lost': count(this.#lost),
        'parity.gained': count(this.#gained),
        'parity.ties': count(this.#ties),
        ...(this.#crossed !== undefined && { 'parity.crossed': count(this.#crossed) }),
      }),
    };
    const { lost, gained } = this;
    return { queries: this.#size, comparisons: n, ids, measures, lost, gained };
  }

  #means(k: number): MeanFigure[] {
    const names: Record<Column, string> = {
      overlap: `overlap@${k}`,
      jaccard: `jaccard@${k}`,
      rbo: `rbo@${k}`,
      tau: `tau@${k}`,
      displacement: 'parity.displacement',
      order: 'parity.order',
      empty: 'parity.empty',
      errors: 'parity.errors',
    };
    return COLUMNS.flatMap((name) => {
      const { sum, count } = this.#sums.get(name)!;
      // 0 / 0 is NaN: a query without such a figure takes no part.
      return (
        meanFigure(
          names[name],
          sum.map((value, u) => value / count[u]!),
          { range: rangeOf(name, k), missing: this.#missing.get(name)?.size ?? 0 },
        ) ?? []
      );
    });
  }

  #ratios(n: number): MeanFigure[] {
    const some = this.#ids.some((value) => value > 0);
    const missing = this.#missing.get('overlap')?.size ?? 0;
    const kept = { name: 'parity.kept', numerators: this.#kept, denominators: this.#ids, n };
    return some ? [{ ...kept, range: SHARE, missing }] : [];
  }
}

function rangeOf(name: Column, k: number): Range {
  if (name === 'tau') return { low: -1, high: 1 };
  return name === 'displacement' ? { low: 0, high: k } : SHARE;
}
