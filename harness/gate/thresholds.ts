import { normalQuantile } from '../measures/distributions.js';
import { SHARE } from '../measures/figures.js';
import { CONFIDENCE } from '../measures/interval.js';
import { fewestUnits } from '../measures/mean-bounds.js';
import { doubtsOf, voidedBy } from '../model/flags.js';
import type { Measure, TrialRow } from '../model/results.js';
import type { Finding, VerdictState } from '../model/verdict.js';
import { workloadOf, workloadText } from '../model/workload.js';
import { figure } from './format.js';
import type { Gate } from './gates.js';
import type { Check, Operator } from './grammar.js';

/** A mean of many tenths that should be .95 may come out a rounding below it. */
const ROUNDING = 1e-12;
/** Chance that an end of an interval is missed. */
const MISS = (1 - CONFIDENCE) / 2;

/** Whether a figure meets an operator and its limit, a rounding error aside. */
export function meets(value: number, operator: Operator, limit: number): boolean {
  const slack = ROUNDING * Math.max(1, Math.abs(limit));
  switch (operator) {
    case '>=':
      return value >= limit - slack;
    case '<=':
      return value <= limit + slack;
    case '>':
      return value > limit + slack;
    case '<':
      return value < limit - slack;
    case '==':
      return Math.abs(value - limit) <= slack;
    case '!=':
      return Math.abs(value - limit) > slack;
  }
}

/** A finding without figures. */
export function blank(row: TrialRow, state: VerdictState, message: string): Finding {
  return {
    trial: row.id,
    setting: settingOf(row),
    workload: workloadText(workloadOf(row)),
    group: row.group,
    state,
    found: null,
    low: null,
    high: null,
    n: null,
    now: null,
    before: null,
    p: null,
    adjusted: null,
    needed: null,
    builds: null,
    rebuild: null,
    causes: [],
    message,
  };
}

/** Contender, all parameters (with what the engine made of them) and the hits asked for. */
export function settingOf(row: TrialRow & { setting?: string }): string {
  const { series, index, search, effective, k, setting } = row;
  if (setting !== undefined) return setting;
  const parameters = Object.entries({ ...index, ...search, k }).filter(([key]) => key !== 'type');
  const used = (key: string, value: unknown) => {
    const really = effective?.[key];
    return really === undefined || really === value ? '' : `→${really}`;
  };
  return [series, ...parameters.map(([key, value]) => `${key}=${value}${used(key, value)}`)].join(' ');
}

/** Why a trial has no figure of a measure. */
function absence(row: TrialRow, measure: string): string {
  if (row.state === 'completed') return `no data: ${measure} was not obtained`;
  const why = (row.error ?? row.reason ?? '').split('\n')[0];
  return `no data: the trial is ${row.state}${why === '' ? '' : ` (${why})`}`;
}

/** A trial without the figure: void by what was seen is an error, for nobody knows it; not obtained fails. */
export function lacking(row: TrialRow, measure: string, where = ''): Finding {
  const by = voidedBy(row.flags, measure);
  if (by !== undefined) return blank(row, 'error', `${where}void: ${by.short} (${by.name})`);
  return blank(row, 'fail', `${where}${absence(row, measure)}`);
}

/** Queries of a mean that have no value because of what was answered. */
export function undefinedIn({ measures }: TrialRow, measure: string): number {
  return measures[measure]?.missing ?? 0;
}

export function voidText(missing: number, measure: string, where = ''): string {
  return `void: ${missing} queries have no ${measure}${where}, so that a mean would be of the others alone`;
}

/**
 * Judges a threshold on one trial. By its interval (two-sided 95%): passes if all of it meets the limit, fails if none
 * of it does, is inconclusive in between. By the figure alone where the gate says so, where a cost has no
 * interval, and where the limit is the best value there is: one miss disproves a recall of 1. A mean that leaves queries
 * out that it should hold is void and fails.
 */
export function judgeThreshold(gate: Gate, row: TrialRow): Finding {
  const measure = row.measures[gate.measure];
  if (measure === undefined) return lacking(row, gate.measure);
  const missing = undefinedIn(row, gate.measure);
  if (missing > 0) return blank(row, 'fail', voidText(missing, gate.measure));
  const { value, low, high, n } = measure;
  const state = stateOf(gate, measure);
  const found = { ...blank(row, state, ''), found: value, low, high, n };
  const doubts = doubtsOf(row.flags, gate.measure).map(({ sign, short }) => `${sign} ${short}`);
  const told = (message: string) => [message, ...doubts].filter((text) => text !== '').join('; ');
  if (state !== 'inconclusive') return { ...found, message: told(noteOf(gate, measure)) };
  const needed = neededFor(gate, measure);
  return { ...found, needed, message: told(doubtOf(gate, measure, needed)) };
}

function stateOf(gate: Gate, { value, low, high }: Measure): VerdictState {
  const { operator, limit } = gate;
  if (isBlind(gate, low)) return 'inconclusive';
  if (exact(gate) || low === null || high === null) return meets(value, operator, limit) ? 'pass' : 'fail';
  const ends = [meets(low, operator, limit), meets(high, operator, limit)];
  if (ends[0] && ends[1]) return 'pass';
  return ends[0] || ends[1] ? 'inconclusive' : 'fail';
}

function exact({ by, operator, limit, about }: Pick<Gate, 'by' | 'about'> & Check): boolean {
  if (by === 'value' || operator === '==' || operator === '!=') return true;
  return about.unit === 'share' && operator === '>=' && limit === 1;
}

/** A mean of one observation, times of one pass or of a single pair of builds: nothing is known of their spread. */
const isBlind = (gate: Gate, low: number | null): boolean =>
  (gate.about.needsInterval === true || ['mean', 'time'].includes(gate.about.kind)) &&
  low === null &&
  !exact(gate);

/** Queries below which even perfect ones would not meet a limit of a share; 0 for other measures. */
function fewest({ about, operator, limit }: Gate): number {
  if (about.unit !== 'share') return 0;
  const reach = operator.startsWith('>') ? limit : 1 - limit;
  return fewestUnits(SHARE, reach, MISS);
}

/** Queries that decide it four times out of five if the figure is what it looks; null: no number would. */
function neededFor(gate: Gate, { value, low, high, n }: Measure): number | null {
  // The interval of a time is over passes: more queries do not make it narrower.
  if (gate.about.needsInterval === true || gate.about.kind === 'time') return null;
  if (low === null || high === null || value === gate.limit) return null;
  const half = value > gate.limit ? value - low : high - value;
  const scale = 1 + normalQuantile(0.8) / normalQuantile(1 - MISS);
  const needed = Math.ceil(n * ((scale * half) / Math.abs(value - gate.limit)) ** 2);
  const least = fewest(gate);
  return Number.isFinite(needed + least) ? Math.max(needed, least) : null;
}

function doubtOf(gate: Gate, { low, n }: Measure, needed: number | null): string {
  if (gate.about.needsInterval === true && low === null)
    return 'a few builds cannot separate the machine from the engine: "builds: 5" or more in the suite measures pairs of them';
  if (low === null && gate.about.kind === 'time')
    return 'no interval: one pass cannot separate the machine from the engine ("repeat: 3" or more in the suite; "by: value" judges the figure alone)';
  if (low === null) return 'no interval: nothing is known of the spread';
  const least = fewest(gate);
  if (n < least && Number.isFinite(least))
    return `${n} queries cannot show it, even if all are perfect: at least ${least} are needed`;
  return needed === null || gate.about.kind !== 'mean'
    ? 'the interval holds the limit'
    : `the interval holds the limit: about ${needed} queries would decide it (now ${n})`;
}

function noteOf({ about }: Gate, { low }: Measure): string {
  if (about.kind === 'cost' && low === null)
    return 'one observation: nothing is known of its spread ("builds: 3" in the suite measures it)';
  if (about.kind === 'time' || about.kind === 'cost')
    return 'the interval is of this run; other hours and machines differ by more';
  return low === null ? 'no interval: judged by the figure' : '';
}

/** Counts are added up over all trials that match. */
export function judgeTotal(
  gate: Gate,
  rows: readonly TrialRow[],
): { findings: Finding[]; total: number | null } {
  let total: number | null = 0;
  const findings = rows.map((row) => {
    const measure = row.measures[gate.measure];
    if (measure === undefined) {
      total = null;
      return lacking(row, gate.measure);
    }
    if (total !== null) total += measure.value;
    return { ...blank(row, 'pass', ''), found: measure.value, n: measure.n };
  });
  if (total === null || meets(total, gate.operator, gate.limit)) return { findings, total };
  const guilty = (each: Finding) => each.found !== null && !meets(each.found, gate.operator, gate.limit);
  const none = !findings.some(guilty);
  return {
    findings: findings.map((each) => (none || guilty(each) ? { ...each, state: 'fail' as const } : each)),
    total,
  };
}

/** `0.9312 [0.9261, 0.9358]` */
export function foundText({ found, low, high }: Finding, unit: string): string {
  if (found === null) return 'no data';
  const text = figure(found, unit);
  return low === null || high === null ? text : `${text} [${figure(low, unit)}, ${figure(high, unit)}]`;
}
