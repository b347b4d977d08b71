import type { Column } from '../measures/by-query.js';
import { holm } from '../measures/holm.js';
import type { Finding } from '../model/verdict.js';
import type { BaselineData, Partner, Wanted } from './comparison.js';
import { type Draft, decided, isFew } from './decision.js';
import { type Estimate, paired, unpaired } from './estimate.js';
import type { Gate } from './gates.js';
import { ratio } from './ratio.js';
import { rangeOf, sampleOf } from './sample.js';
import { averaged, NONE } from './statistics.js';
import { blank, lacking, undefinedIn, voidText } from './thresholds.js';

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
