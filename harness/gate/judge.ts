import { byReplica } from '../model/replicas.js';
import type { ParityTrial, TrialRow } from '../model/results.js';
import { type Finding, type Verdict, type VerdictState, worst } from '../model/verdict.js';
import { judgeChanges } from './changes.js';
import type { BaselineData } from './comparison.js';
import { fewestFor } from './decision.js';
import { change, figure } from './format.js';
import { type Gate, type GateSet, namesGroup } from './gates.js';
import type { Level } from './levels.js';
import { hasDepthOf, isSelected } from './select.js';
import { FEWEST_QUERIES } from './statistics.js';
import { blank, foundText, judgeThreshold, judgeTotal, meets } from './thresholds.js';

export interface JudgeInput {
  set: GateSet;
  trials: readonly TrialRow[];
  /** Trials compared with each other, which have measures of their own. */
  parity?: readonly ParityTrial[];
  baseline: BaselineData | undefined;
}

/** Whether a gate compares with a baseline. */
export function needsBaseline({ aggregate, level }: Gate): boolean {
  return level !== 'off' && (aggregate === 'change' || aggregate === 'drop');
}

/**
 * Judges every gate that is not off; pure. A gate is as good as the worst of the trials it matches; one that matches
 * none, or has no data, fails.
 */
export function judge({ set, trials, parity = [], baseline }: JudgeInput): Verdict[] {
  const measured = new Set([...trials, ...parity].flatMap(({ measures }) => Object.keys(measures)));
  const active = set.gates.filter(
    ({ level, whereMeasured, measure }) =>
      level !== 'off' && (whereMeasured !== true || measured.has(measure)),
  );
  const alone = loneGroups(trials);
  const rows = new Map(
    active.map((gate) => {
      const all: readonly TrialRow[] = gate.about.parity === true ? parity : trials;
      return [gate, all.filter((row) => isSelected(gate.selectors, row) && isMeant(gate, row, alone))];
    }),
  );
  const pairs = active
    .filter(needsBaseline)
    .flatMap((gate) => byReplica(rows.get(gate)!).map((each) => ({ gate, ...each })))
    .filter(({ gate, row }) => namesGroup(gate) || !isRefusedAsBefore(row, gate, baseline));
  const changes = judgeChanges(pairs, baseline);
  const byGate = new Map<Gate, Finding[]>();
  pairs.forEach(({ gate }, i) => {
    byGate.set(gate, [...(byGate.get(gate) ?? []), changes[i]!]);
  });
  for (const gate of active.filter(needsBaseline)) {
    byGate.set(gate, [...(byGate.get(gate) ?? []), ...goneFindings(gate, baseline, set.missing ?? 'error')]);
  }
  return active.map((gate) => verdictOf(gate, rows.get(gate)!, byGate.get(gate) ?? []));
}

/**
 * Whether a gate that names no group is about a row. A mean, and its change against a baseline, must hold in every group
 * that has it (a group that was refused or failed has no data, which fails); bands of selectivity only cut the same
 * queries another way. Counts, times and costs are of all queries together: groups would count them twice.
 */
function isMeant(gate: Gate, row: TrialRow, alone: ReadonlySet<string>): boolean {
  const { aggregate, about, measure } = gate;
  if (!hasDepthOf(gate, row)) return false;
  if (gate.whereMeasured && row.measures[measure] === undefined) return false;
  if (row.group === 'all' || namesGroup(gate)) return true;
  const compared = aggregate === 'change' || aggregate === 'drop';
  if (compared && alone.has(row.id)) return false;
  if (!(compared || aggregate === 'mean') || about.kind !== 'mean' || isBand(row)) return false;
  return row.state !== 'completed' || row.measures[measure] !== undefined;
}

const isBand = ({ group }: TrialRow): boolean => group.startsWith('selectivity');

/** What the baseline has and this run has not: a setting that was dropped passes no gate on it. */
function goneFindings(gate: Gate, baseline: BaselineData | undefined, missing: Level): Finding[] {
  if (missing === 'off') return [];
  const rows = (baseline?.gone ?? []).filter(
    (row) =>
      isSelected(gate.selectors, row) &&
      row.measures[gate.measure] !== undefined &&
      isMeant(gate, row, NO_LONE_GROUPS),
  );
  const message =
    'the baseline has this setting, this run has not; if it was taken out on purpose, set a new baseline or "missing: warn" below gates';
  return byReplica(rows).map(({ row }) => blank(row, missing === 'error' ? 'fail' : 'inconclusive', message));
}

const NO_LONE_GROUPS: ReadonlySet<string> = new Set();

/** A group that the engine refuses, as it did in the baseline: nothing has changed, and nothing is hidden. */
function isRefusedAsBefore(row: TrialRow, gate: Gate, baseline: BaselineData | undefined): boolean {
  if (row.group === 'all' || row.state !== 'skipped') return false;
  const partner = baseline?.partner(row, gate.measure);
  return partner?.rows.every(({ state }) => state === 'skipped') === true;
}

/** Trials with one group, whose queries are all there are: comparing them again would only cost power. */
function loneGroups(trials: readonly TrialRow[]): Set<string> {
  const counts = new Map<string, number>();
  for (const row of trials)
    if (row.group !== 'all' && !isBand(row)) counts.set(row.id, (counts.get(row.id) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count === 1).map(([id]) => id));
}

/** Groups that decide a comparison: small ones are reported with it, unless the gate is about them by name. */
function decisive(findings: readonly Finding[], gate: Gate): readonly Finding[] {
  if (!needsBaseline(gate) || namesGroup(gate)) return findings;
  const few = ({ group, n, state, before }: Finding) =>
    group !== 'all' &&
    state === 'inconclusive' &&
    n !== null &&
    n < Math.max(FEWEST_QUERIES, fewestFor(gate, before));
  return findings.filter((each) => !few(each));
}

function verdictOf(gate: Gate, rows: readonly TrialRow[], changes: readonly Finding[]): Verdict {
  const none = 'matches no trial of this run: the gate has no data';
  if (rows.length === 0) return { ...shell(gate), state: 'fail', found: 'no trial', message: none };
  if (gate.aggregate === 'total') return totalVerdict(gate, rows);
  const findings = needsBaseline(gate) ? [...changes] : rows.map((row) => judgeThreshold(gate, row));
  const leading = worstFinding(decisive(findings, gate), gate);
  const counts = tally(findings);
  return {
    ...shell(gate),
    state: leading.state,
    found: needsBaseline(gate) ? changeText(leading, gate) : foundText(leading, gate.about.unit),
    interval: leading.low === null || leading.high === null ? null : { low: leading.low, high: leading.high },
    n: leading.n,
    message: findings.length === 1 ? leading.message : [counts, about(leading)].join('; '),
    findings,
  };
}

function totalVerdict(gate: Gate, rows: readonly TrialRow[]): Verdict {
  const { findings, total } = judgeTotal(gate, rows);
  const met = total !== null && meets(total, gate.operator, gate.limit);
  const lacking = findings.find(({ found }) => found === null);
  const n = findings.reduce((sum, each) => sum + (each.n ?? 0), 0);
  return {
    ...shell(gate),
    state: met ? 'pass' : 'fail',
    found: total === null ? 'no data' : figure(total, gate.about.unit),
    n,
    message: lacking === undefined ? `over ${findings.length} trials, ${n} queries` : about(lacking),
    findings,
  };
}

function shell(gate: Gate): Verdict {
  const limit =
    gate.aggregate === 'change' || gate.aggregate === 'drop'
      ? change(gate.limit, gate).replace(/^\+/, gate.aggregate === 'drop' ? '' : '+')
      : figure(gate.limit, gate.about.unit);
  return {
    name: gate.name,
    measure: gate.measure,
    unit: gate.about.unit,
    aggregate: gate.aggregate,
    level: gate.level === 'error' ? 'error' : 'warn',
    source: gate.source,
    state: 'pass',
    expected: `${gate.operator} ${limit}`,
    found: '',
    interval: null,
    n: null,
    message: '',
    findings: [],
  };
}

/** By state, then by how far on the wrong side of the limit. */
function worstFinding(findings: readonly Finding[], gate: Gate): Finding {
  const state = worst(findings.map((each) => each.state));
  const same = findings.filter((each) => each.state === state);
  const sign =
    gate.aggregate === 'drop'
      ? gate.about.better === 'lower'
        ? -1
        : 1
      : gate.operator.startsWith('<')
        ? -1
        : 1;
  const badness = ({ found }: Finding): number => (found === null ? Number.NEGATIVE_INFINITY : sign * found);
  return same.toSorted((a, b) => badness(a) - badness(b))[0]!;
}

function changeText(finding: Finding, gate: Gate): string {
  const { found, low, high } = finding;
  if (found === null) return 'no data';
  const text = change(found, gate);
  return low === null || high === null ? text : `${text} [${change(low, gate)}, ${change(high, gate)}]`;
}

function tally(findings: readonly Finding[]): string {
  const states: readonly VerdictState[] = ['error', 'fail', 'inconclusive', 'pass'];
  const parts = states
    .map((state) => ({ state, count: findings.filter((each) => each.state === state).length }))
    .filter(({ count }) => count > 0);
  return `${findings.length} trials: ${parts.map(({ state, count }) => `${count} ${state}`).join(', ')}`;
}

function about({ setting, group, message }: Finding): string {
  const place = group === 'all' ? setting : `${setting}, group ${group}`;
  return message === '' ? `worst: ${place}` : `worst: ${place}: ${message}`;
}
