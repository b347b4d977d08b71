import type { Column } from '../measures/by-query.js';
import { holm } from '../measures/holm.js';
import type { TrialRow } from '../model/results.js';
import type { Finding } from '../model/verdict.js';
import { change } from './format.js';
import type { Gate } from './gates.js';
import {
  ALPHA,
  averaged,
  detectable,
  type Estimate,
  type Extra,
  FEWEST_QUERIES,
  lossP,
  moments,
  NONE,
  normalQuantile,
  queriesNeeded,
  type Resampler,
  rebuildError,
} from './statistics.js';
import { absence, blank, meets } from './thresholds.js';

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
}

/** A judged change before it is known what else was judged with it. */
interface Draft {
  finding: Finding;
  gate: Gate;
  /** Of the value that must not be below 0; undefined: already decided. */
  estimate: Estimate | undefined;
  /** Of rebuilds, where several builds of the baseline tell it. */
  extra: Extra;
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
export function judgeChanges(
  wanted: readonly Wanted[],
  baseline: BaselineData | undefined,
  resampler: Resampler,
): Finding[] {
  const drafts = wanted.map((each) => draft(each, baseline, resampler));
  const open = drafts.filter(({ estimate }) => estimate !== undefined);
  const ps = open.map(({ estimate, extra }) => lossP(estimate!, extra));
  // What cannot fail is no test: small groups would only take power from the others.
  const tested = open.map((each) => !isFew(each));
  const adjusted = holm(ps.filter((_, i) => tested[i]));
  let at = 0;
  open.forEach((each, i) => {
    each.finding = decided(each, ps[i]!, tested[i] ? adjusted[at++]! : 1);
  });
  return drafts.map(({ finding }) => finding);
}

/** A gate on one setting: its row, and those of its further builds. */
interface Wanted {
  gate: Gate;
  row: TrialRow;
  again: readonly TrialRow[];
}

function draft(wanted: Wanted, baseline: BaselineData | undefined, resampler: Resampler): Draft {
  const { gate, row, again } = wanted;
  const closed = (finding: Finding): Draft => ({ finding, gate, estimate: undefined, extra: NONE });
  if (baseline === undefined) {
    const how = 'set one with "vecproof baseline set <run> --name main", or give --baseline';
    return closed(blank(row, 'error', `there is no baseline: ${how}`));
  }
  const lacking = [row, ...again].find((each) => each.measures[gate.measure] === undefined);
  if (lacking !== undefined) return closed(blank(row, 'fail', absence(lacking, gate.measure)));
  const partner = baseline.partner(row, gate.measure);
  if (partner === undefined) return closed(blank(row, 'fail', 'no data: the baseline has no such setting'));
  const missing = partner.rows.find((each) => each.measures[gate.measure] === undefined);
  if (missing !== undefined) {
    return closed(blank(row, 'fail', `in the baseline, ${absence(missing, gate.measure)}`));
  }
  if (gate.about.kind !== 'mean') return closed(ratio(wanted, partner));
  return compare(wanted, baseline, partner, resampler);
}

function compare(
  { gate, row, again }: Wanted,
  baseline: BaselineData,
  partner: Partner,
  resampler: Resampler,
): Draft {
  const now = [row, ...again].flatMap((each) => baseline.column(each, gate.measure) ?? []);
  if (now.length < 1 + again.length || partner.columns.length === 0) {
    const finding = blank(row, 'error', `${gate.measure} has no values by query to compare`);
    return { finding, gate, estimate: undefined, extra: NONE };
  }
  const sign = gate.about.better === 'lower' ? -1 : 1;
  const factor = gate.aggregate === 'change' && gate.relative ? 1 + gate.limit : 1;
  // Without pairs each run has its own queries; the builds of one run always share them.
  const values = align([...now, ...partner.columns], baseline.paired);
  const sides = [values.slice(0, now.length), values.slice(now.length)];
  const [own, others] = [averaged(sides[0]!), averaged(sides[1]!)];
  const fresh = own.map((value) => sign * value);
  const old = others.map((value) => sign * factor * value);
  const { estimate, extra } = baseline.paired
    ? paired(fresh, old, sides, resampler)
    : unpaired(fresh, old, sides, resampler);
  const before = moments(others).mean;
  const finding = { ...blank(row, 'inconclusive', ''), ...shown(gate, estimate, before, sign) };
  finding.now = moments(own).mean;
  finding.builds = { now: now.length, before: partner.columns.length };
  finding.rebuild = { error: extra.error, from: extra.from };
  // The limit comes in after the bootstrap, so that what did not change is shown as exactly 0.
  const offset = gate.aggregate === 'change' && !gate.relative ? sign * gate.limit : 0;
  return { finding, gate, estimate: shifted(estimate, -offset), extra };
}

function paired(
  fresh: Float64Array,
  old: Float64Array,
  sides: readonly Float64Array[][],
  resampler: Resampler,
) {
  const differences = fresh.map((value, i) => value - old[i]!);
  const extra = rebuildError(sides, moments(differences).deviation);
  return { estimate: resampler.estimate(differences, extra), extra };
}

/** The scatter between queries stands in for that between pairs, which is not known: the assumption errs on its side. */
function unpaired(
  fresh: Float64Array,
  old: Float64Array,
  sides: readonly Float64Array[][],
  resampler: Resampler,
) {
  const plain = resampler.unpaired(fresh, old);
  const extra = rebuildError(sides, plain.deviation);
  return { estimate: resampler.unpaired(fresh, old, extra), extra };
}

function shifted(estimate: Estimate, by: number): Estimate {
  const { mean, low, high } = estimate;
  return { ...estimate, mean: mean + by, low: low + by, high: high + by };
}

/** Values of the queries that all have; without pairs each keeps its own. NaN: the query has no such figure. */
function align(columns: readonly Column[], paired: boolean): Float64Array[] {
  if (!paired) return columns.map(({ values }) => values.filter((value) => !Number.isNaN(value)));
  const maps = columns.map(({ queries, values }) => {
    const map = new Map<number, number>();
    queries.forEach((query, i) => {
      if (!Number.isNaN(values[i]!)) map.set(query, values[i]!);
    });
    return map;
  });
  const shared = [...maps[0]!.keys()].filter((query) => maps.every((map) => map.has(query)));
  return maps.map((map) => Float64Array.from(shared, (query) => map.get(query)!));
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

/** Too few queries to decide a drop, or anything about a group. */
function isFew({ finding, gate, estimate }: Draft): boolean {
  const few = estimate!.n < FEWEST_QUERIES && (gate.aggregate === 'drop' || finding.group !== 'all');
  return few && estimate!.deviation > 0;
}

function decided({ finding, gate, estimate, extra }: Draft, p: number, adjusted: number): Finding {
  const e = estimate!;
  const loss = adjusted <= ALPHA && e.high < 0;
  const base = { ...finding, p, adjusted };
  if (isFew({ finding, gate, estimate, extra })) {
    const message = `${e.n} queries are reported, not gated: fewer than ${FEWEST_QUERIES} decide nothing`;
    return { ...base, state: 'inconclusive', message };
  }
  return gate.aggregate === 'drop'
    ? drop(base, gate, e, loss, extra)
    : nonInferior(base, gate, e, loss, extra);
}

function nonInferior(base: Finding, gate: Gate, e: Estimate, loss: boolean, extra: Extra): Finding {
  const inclusive = gate.operator.endsWith('=');
  if (e.low > 0 || (inclusive && e.low >= 0)) return { ...base, state: 'pass', message: '' };
  if (loss) return { ...base, state: 'fail', message: 'shown to be worse than the limit' };
  if (e.deviation === 0) {
    return {
      ...base,
      state: 'fail',
      message: 'every query changed by the same amount, which misses the limit',
    };
  }
  const needed = decidable(e, extra);
  return { ...base, state: 'inconclusive', needed, message: advice(needed, e.n, extra) };
}

function drop(base: Finding, gate: Gate, e: Estimate, loss: boolean, extra: Extra): Finding {
  const size = -e.mean / (gate.relative && base.before !== null ? base.before : 1);
  const tooLarge = !meets(size, gate.operator, gate.limit);
  if (tooLarge && loss)
    return { ...base, state: 'fail', message: 'a loss is shown, and it is not a small one' };
  if (tooLarge) {
    const needed = decidable(e, extra);
    return {
      ...base,
      state: 'inconclusive',
      needed,
      message: `may be chance: ${advice(needed, e.n, extra)}`,
    };
  }
  const seen = Math.hypot(detectable(e.deviation, e.n), detectable(1, 1) * extra.error);
  const text = change(seen, { relative: false, about: gate.about });
  const message =
    e.deviation === 0
      ? 'no query changed'
      : `${e.n} queries show a drop of ${text.replace(/^\+/, '')} four times out of five`;
  return { ...base, state: 'pass', message };
}

/** Queries that decide it if the difference is as large as it looks; null where none would. */
function decidable(e: Estimate, extra: Extra): number | null {
  // What rebuilds differ by does not go away with more queries.
  const left = Math.abs(e.mean) - (normalQuantile(1 - ALPHA) + normalQuantile(0.8)) * extra.error;
  return left <= 0 ? null : (queriesNeeded(e.deviation, left) ?? null);
}

function advice(needed: number | null, n: number, extra: Extra): string {
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

/** Standard error of the mean logarithm; undefined where a figure has no interval. */
function meanLogError(figures: readonly { low: number | null; high: number | null }[]): number | undefined {
  const errors: number[] = [];
  for (const { low, high } of figures) {
    if (low === null || high === null || low <= 0) return undefined;
    errors.push(Math.log(high / low) / (2 * Z95));
  }
  return Math.hypot(...errors) / errors.length;
}
