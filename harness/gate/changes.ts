import type { Column } from '../measures/by-query.js';
import { normalQuantile, studentQuantile } from '../measures/distributions.js';
import { holm } from '../measures/holm.js';
import { fewestUnits } from '../measures/mean-bounds.js';
import type { TrialRow } from '../model/results.js';
import type { Finding } from '../model/verdict.js';
import { type Estimate, paired, unpaired } from './estimate.js';
import { change } from './format.js';
import { type Gate, namesGroup } from './gates.js';
import { rangeOf, type SourceOf, sampleOf } from './sample.js';
import {
  ALPHA,
  averaged,
  type Extra,
  FEWEST_QUERIES,
  moments,
  NONE,
  queriesNeeded,
  SUSPECT,
  smallestSeen,
} from './statistics.js';
import { blank, lacking, meets, undefinedIn, voidText } from './thresholds.js';

/** What a trial is compared with: the same setting in each run of the baseline. */
export interface Partner {
  rows: readonly TrialRow[];
  columns: readonly Column[];
}

/** The baseline as far as the gates need it. */
export interface BaselineData {
  name: string | null;
  runs: readonly string[];
  /** Proven by equal hashes of dataset and queries. */
  paired: boolean;
  /** Undefined: the baseline has no such trial. */
  partner(row: TrialRow, measure: string): Partner | undefined;
  /** Undefined: the trial has no values by query. */
  column(row: TrialRow, measure: string): Column | undefined;
  /** Completed trials of which this run has none of the same setting, workload and group. */
  gone?: readonly TrialRow[] | undefined;
  /** Sources of this run's queries, and of the baseline's where they are others. */
  sources?: { now: SourceOf; before: SourceOf } | undefined;
}

/** A judged change before it is known what else was judged with it. */
interface Draft {
  finding: Finding;
  gate: Gate;
  /** Of the value that must not be below 0; undefined: already decided. */
  estimate: Estimate | undefined;
  /** Of rebuilds, where several builds of the baseline tell it. */
  extra: Extra;
  /** Chance of a loss this large if there were none. */
  p: number;
}

/**
 * Judges all changes of a run together, so that Holm's adjustment (1979) holds the chance that any of them fails by
 * accident to 5%.
 *
 * `change(baseline) > -m` (non-inferiority): with e = new - old + m by query, passes if the lower one-sided 95% bound of
 * its mean is above 0, fails if the upper one is below 0, is inconclusive otherwise. With a percentage
 * e = new - (1 + limit) old, so that the ratio of the means is tested without dividing by a noisy figure.
 * `drop(baseline) < m`: fails if a loss is shown (upper bound of new - old below 0) **and** is at least m.
 */
export function judgeChanges(wanted: readonly Wanted[], baseline: BaselineData | undefined): Finding[] {
  const drafts = wanted.map((each) => draft(each, baseline));
  const open = drafts.filter(({ estimate }) => estimate !== undefined);
  const ps = open.map(({ p }) => p);
  // What cannot fail is no test: small groups would only take power from the others.
  const tested = open.map((each) => !isFew(each));
  const adjusted = holm(ps.filter((_, i) => tested[i]));
  let at = 0;
  open.forEach((each, i) => {
    const together = { adjusted: tested[i] ? adjusted[at++]! : 1, tests: Math.max(1, adjusted.length) };
    each.finding = decided(each, ps[i]!, together);
  });
  return drafts.map(({ finding }) => finding);
}

/** A gate on one setting: its row, and those of its further builds. */
interface Wanted {
  gate: Gate;
  row: TrialRow;
  again: readonly TrialRow[];
}

function draft(wanted: Wanted, baseline: BaselineData | undefined): Draft {
  const { gate, row, again } = wanted;
  const closed = (finding: Finding): Draft => ({ finding, gate, estimate: undefined, extra: NONE, p: 1 });
  if (baseline === undefined) {
    const how = 'set one with "vecproof baseline set <run> --name main", or give --baseline';
    return closed(blank(row, 'error', `there is no baseline: ${how}`));
  }
  const without = [row, ...again].find((each) => each.measures[gate.measure] === undefined);
  if (without !== undefined) return closed(lacking(without, gate.measure));
  const partner = baseline.partner(row, gate.measure);
  if (partner === undefined) return closed(blank(row, 'fail', 'no data: the baseline has no such setting'));
  const missing = partner.rows.find((each) => each.measures[gate.measure] === undefined);
  if (missing !== undefined) {
    const { state, message } = lacking(missing, gate.measure, 'in the baseline, ');
    return closed(blank(row, state, message));
  }
  if (gate.about.kind !== 'mean') return closed(ratio(wanted, partner));
  const empty = [row, ...again, ...partner.rows].find((each) => undefinedIn(each, gate.measure) > 0);
  if (empty !== undefined) {
    const where = partner.rows.includes(empty) ? 'in the baseline, ' : '';
    return closed(blank(row, 'fail', `${where}${voidText(undefinedIn(empty, gate.measure), gate.measure)}`));
  }
  return compare(wanted, baseline, partner);
}

function compare({ gate, row, again }: Wanted, baseline: BaselineData, partner: Partner): Draft {
  const closed = (finding: Finding): Draft => ({ finding, gate, estimate: undefined, extra: NONE, p: 1 });
  const own = [row, ...again].flatMap((each) => baseline.column(each, gate.measure) ?? []);
  if (own.length < 1 + again.length || partner.columns.length === 0) {
    return closed(blank(row, 'error', `${gate.measure} has no values by query to compare`));
  }
  const sign = gate.about.better === 'lower' ? -1 : 1;
  const weights = { sign, factor: gate.aggregate === 'change' && gate.relative ? 1 + gate.limit : 1 };
  const { compared, now, before, missing } = comparison(gate, own, partner.columns, baseline, weights);
  if (missing > 0) return closed(blank(row, 'fail', voidText(missing, gate.measure, ' on one side')));
  const { estimate, extra } = compared;
  if (estimate.n === 0) return closed(blank(row, 'fail', 'no data: no query was asked in both runs'));
  const finding = { ...blank(row, 'inconclusive', ''), ...shown(gate, estimate, before, sign) };
  finding.now = now;
  finding.builds = { now: own.length, before: partner.columns.length };
  finding.rebuild = { error: extra.error, from: extra.from };
  // The limit comes in after the bounds, so that what did not change is shown as exactly 0.
  const offset = gate.aggregate === 'change' && !gate.relative ? sign * gate.limit : 0;
  return { finding, gate, estimate: shifted(estimate, -offset), extra, p: compared.p(offset) };
}

/** Without pairs each run has its own queries; the builds of one run always share them. */
function comparison(
  { about }: Gate,
  own: readonly Column[],
  others: readonly Column[],
  { paired: pairs, sources }: BaselineData,
  weights: { sign: number; factor: number },
) {
  const meanOf = (columns: readonly Float64Array[], sizes: Float64Array) =>
    total(averaged(columns)) / total(sizes);
  if (pairs) {
    const both = sampleOf([...own, ...others], sources?.now);
    const { sums, sizes, missing } = both;
    const compared = paired(both, own.length, rangeOf(about, [both]), weights);
    const [now, before] = [sums.slice(0, own.length), sums.slice(own.length)].map((each) =>
      meanOf(each, sizes),
    );
    return { compared, now: now!, before: before!, missing };
  }
  const [a, b] = [sampleOf(own, sources?.now), sampleOf(others, sources?.before)];
  return {
    compared: unpaired({ now: a, before: b }, rangeOf(about, [a, b]), weights),
    now: meanOf(a.sums, a.sizes),
    before: meanOf(b.sums, b.sizes),
    missing: a.missing + b.missing,
  };
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

function shifted(estimate: Estimate, by: number): Estimate {
  const { mean, low, high, range } = estimate;
  return {
    ...estimate,
    mean: mean + by,
    low: low + by,
    high: high + by,
    range: { low: range.low + by, high: range.high + by },
  };
}

/** The estimate as a change: the gate's limit and sign taken out again. */
function shown(gate: Gate, { n, mean, low, high }: Estimate, before: number, sign: number) {
  const back = (value: number): number | null => {
    if (!Number.isFinite(value)) return null;
    if (gate.aggregate === 'change' && gate.relative) {
      return before === 0 ? null : (sign * value) / before + gate.limit;
    }
    const difference = sign * value;
    return gate.relative ? (before === 0 ? null : difference / before) : difference;
  };
  const [from, to] = sign > 0 ? [low, high] : [high, low];
  return { found: back(mean), low: back(from), high: back(to), n, before };
}

/** Too few queries to decide a drop, or anything about a group, unless all of them changed by the same amount. */
function isFew({ finding, gate, estimate }: Draft): boolean {
  const { n, deviation, mean } = estimate!;
  const few = n < FEWEST_QUERIES && (gate.aggregate === 'drop' || finding.group !== 'all');
  return few && (deviation > 0 || mean === 0 || n < 2);
}

/** What all changes of a run judged together make of one: its p after Holm's adjustment, and how many there were. */
interface Together {
  adjusted: number;
  tests: number;
}

function decided(draft: Draft, p: number, together: Together): Finding {
  const { finding, gate, extra } = draft;
  const { adjusted } = together;
  const e = draft.estimate!;
  const loss = adjusted <= ALPHA && e.high < 0;
  const base = { ...finding, p, adjusted };
  if (isFew(draft)) {
    const message = `${e.n} queries are reported, not gated: fewer than ${FEWEST_QUERIES} decide nothing`;
    return { ...base, state: 'inconclusive', needed: FEWEST_QUERIES, message };
  }
  return gate.aggregate === 'drop'
    ? drop(base, gate, e, { loss, extra, ...together })
    : nonInferior(base, gate, e, loss, extra);
}

function nonInferior(base: Finding, gate: Gate, e: Estimate, loss: boolean, extra: Extra): Finding {
  const inclusive = gate.operator.endsWith('=');
  if (e.low > 0 || (inclusive && e.low >= 0)) return { ...base, state: 'pass', message: '' };
  if (loss) return { ...base, state: 'fail', message: 'shown to be worse than the limit' };
  const needed = decidable(e, extra);
  const least = fewestFor(gate, base.before);
  return {
    ...base,
    state: 'inconclusive',
    needed: needed === null || gate.about.unit !== 'share' ? needed : Math.max(needed, least),
    message: advice(needed, base, gate, extra),
  };
}

function drop(
  base: Finding,
  gate: Gate,
  e: Estimate,
  about: Together & { loss: boolean; extra: Extra },
): Finding {
  const { loss, extra, adjusted, tests } = about;
  const size = -e.mean / (gate.relative && base.before !== null ? base.before : 1);
  const tooLarge = !meets(size, gate.operator, gate.limit);
  if (tooLarge && loss)
    return { ...base, state: 'fail', message: 'a loss is shown, and it is not a small one' };
  const seen = seenText(gate, e, extra, tests);
  if (tooLarge && base.group !== 'all' && !namesGroup(gate) && adjusted > SUSPECT) {
    const message = `a drop that chance makes among ${tests} settings and groups judged together (p ${adjusted.toFixed(2)}): ${seen}`;
    return { ...base, state: 'pass', message };
  }
  if (tooLarge) {
    const needed = decidable(e, extra);
    const message = `may be chance: ${advice(needed, base, gate, extra)}`;
    return { ...base, state: 'inconclusive', needed, message };
  }
  return { ...base, state: 'pass', message: seen };
}

/** What a drop that passed says of losses: it passes for lack of evidence. */
function seenText(gate: Gate, e: Estimate, extra: Extra, tests: number): string {
  const text = (loss: number) => change(loss, { relative: false, about: gate.about }).replace(/^\+/, '');
  if (e.deviation === 0 && e.mean === 0) {
    return `no query changed: ${e.n} queries rule out a loss of more than ${text(-e.low)} (95%)`;
  }
  const seen = smallestSeen({ ...e, extra }, { alpha: ALPHA / tests });
  const along = tests === 1 ? '' : `, ${tests} of them judged together`;
  return `${e.n} queries show a drop of ${text(seen)} four times out of five${along}`;
}

/** Queries that decide it if the difference is as large as it looks; null where none would. */
function decidable(e: Estimate, extra: Extra): number | null {
  // What rebuilds differ by does not go away with more queries.
  const left = Math.abs(e.mean) - (normalQuantile(1 - ALPHA) + normalQuantile(0.8)) * extra.error;
  if (left <= 0) return null;
  const reach = e.mean > 0 ? e.mean - e.range.low : 0;
  return queriesNeeded(e.deviation, left, { reach }) ?? null;
}

/**
 * Queries below which a change within the limit cannot be shown, not even by queries of which none changed: those that
 * were not asked may have lost more. For a drop, which need not be shown, those below which nothing is decided.
 */
export function fewestFor(gate: Gate, before: number | null): number {
  if (gate.aggregate !== 'change' || gate.about.unit !== 'share') return FEWEST_QUERIES;
  const margin = Math.abs(gate.limit) * (gate.relative ? (before ?? 1) : 1);
  const towards = gate.about.better === 'lower' ? gate.limit > 0 : gate.limit < 0;
  // Of "no change at all" no number of queries is proof.
  const worst = gate.relative ? -(1 - Math.abs(gate.limit)) : margin - 1;
  return towards ? fewestUnits({ low: worst, high: margin }, 0, ALPHA) : FEWEST_QUERIES;
}

function advice(needed: number | null, base: Finding, gate: Gate, extra: Extra): string {
  const n = base.n!;
  const least = fewestFor(gate, base.before);
  if (gate.aggregate === 'change' && n < least) {
    return base.group === 'all'
      ? `${n} queries cannot show it, not even if none of them changed: at least ${least} are needed`
      : `${n} queries are reported, not gated: fewer than ${least} cannot show it`;
  }
  if (extra.from === 'assumed') {
    return 'one build on each side, so what a rebuild alone changes is assumed, not measured: "builds: 3" in the suite measures it';
  }
  if (needed === null) {
    return extra.error > 0
      ? 'rebuilds differ by as much: only more builds of the baseline decide it'
      : 'the change lies on the limit: no number of queries decides it';
  }
  if (needed <= n) return `about as many queries as now (${n}) decide it, with other gates judged along`;
  return `about ${needed} queries would decide it (now ${n})`;
}

/** z of the two-sided 95% intervals that results hold. */
const Z95 = 1.959964;

/**
 * Ratio of two times or costs, geometric means over builds; logarithms taken as normal, as wide as the intervals within
 * each run say.
 */
function ratio({ gate, row, again }: Wanted, { rows }: Partner): Finding {
  const sides = [[row, ...again], rows].map((side) => side.map((each) => each.measures[gate.measure]!));
  const [now, before] = sides.map((side) => Math.exp(moments(side.map(({ value }) => Math.log(value))).mean));
  if (!(before! > 0) || !(now! > 0)) return blank(row, 'fail', 'a ratio needs figures above 0');
  const found = now! / before! - 1;
  const note = 'advisory: the runs were not interleaved, so this also holds what the machine did meanwhile';
  const n = sides[0]!.reduce((sum, each) => sum + each.n, 0);
  const base = { ...blank(row, 'inconclusive', note), found, now: now!, before: before!, n };
  const errors = sides.map(meanLogError);
  if (errors.some((error) => error === undefined)) {
    return { ...base, state: meets(found, gate.operator, gate.limit) ? 'pass' : 'fail' };
  }
  const half = normalQuantile(1 - ALPHA) * Math.hypot(...(errors as number[]));
  const low = Math.exp(Math.log1p(found) - half) - 1;
  const high = Math.exp(Math.log1p(found) + half) - 1;
  const ends = [low, high].map((end) => meets(end, gate.operator, gate.limit));
  const state = ends[0] && ends[1] ? 'pass' : ends[0] || ends[1] ? 'inconclusive' : 'fail';
  return { ...base, low, high, state };
}

/**
 * Standard error of the mean logarithm: of several builds from how they differ, as wide as Student's t makes the interval;
 * undefined where a figure has no interval.
 */
function meanLogError(
  figures: readonly { value: number; low: number | null; high: number | null }[],
): number | undefined {
  const n = figures.length;
  if (n > 1 && figures.every(({ value }) => value > 0)) {
    const { deviation } = moments(figures.map(({ value }) => Math.log(value)));
    return ((studentQuantile(1 - ALPHA, n - 1) / normalQuantile(1 - ALPHA)) * deviation) / Math.sqrt(n);
  }
  const errors: number[] = [];
  for (const { low, high } of figures) {
    if (low === null || high === null || low <= 0) return undefined;
    errors.push(Math.log(high / low) / (2 * Z95));
  }
  return Math.hypot(...errors) / errors.length;
}
