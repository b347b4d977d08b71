import { normalQuantile } from '../measures/distributions.js';
import { fewestUnits } from '../measures/mean-bounds.js';
import type { Finding } from '../model/verdict.js';
import type { Estimate } from './estimate.js';
import { change } from './format.js';
import { type Gate, namesGroup } from './gates.js';
import { ALPHA, type Extra, FEWEST_QUERIES, queriesNeeded, SUSPECT, smallestSeen } from './statistics.js';
import { meets } from './thresholds.js';

/** A judged change before it is known what else was judged with it. */
export interface Draft {
  finding: Finding;
  gate: Gate;
  /** Of the value that must not be below 0; undefined: already decided. */
  estimate: Estimate | undefined;
  /** Of rebuilds, where several builds of the baseline tell it. */
  extra: Extra;
  /** Chance of a loss this large if there were none. */
  p: number;
}

/** Too few queries to decide a drop, or anything about a group, unless all of them changed by the same amount. */
export function isFew({ finding, gate, estimate }: Draft): boolean {
  const { n, deviation, mean } = estimate!;
  const few = n < FEWEST_QUERIES && (gate.aggregate === 'drop' || finding.group !== 'all');
  return few && (deviation > 0 || mean === 0 || n < 2);
}

/** What all changes of a run judged together make of one: its p after Holm's adjustment, and how many there were. */
interface Together {
  adjusted: number;
  tests: number;
}

/** The verdict of a change, by its p and what Holm made of it. */
export function decided(draft: Draft, p: number, together: Together): Finding {
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
  const along = tests === 1 ? '' : `, with ${tests} settings and groups judged together`;
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
