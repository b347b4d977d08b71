import type { Interval } from './interval.js';
import type { Range } from './mean-bounds.js';
import { Evidence, type EvidenceState } from './sequential.js';
import { binOf, distance, type Jumper, jumperBets, noRanks, type Ranks, rankOf } from './sequential-drift.js';
import {
  addValue,
  confidenceSequence,
  type MeanBets,
  type MeanSums,
  meanBets,
  noSums,
} from './sequential-mean.js';

/**
 * Gates that stand: they are judged after every observation, for months. `gathering`: neither is shown yet. `pass`: the
 * confidence sequence has come to lie on the right side of the limit. `fail`: it is refuted that the limit is kept. A failure
 * ends once it is refuted in the same way that it still is not.
 *
 * All false alarms together, however long the watch and however often it has failed and recovered, have a chance of at most
 * alpha: the e-th time that a gate is watched has alpha/(e(e+1)) to spend.
 */
export type StandingVerdict = 'gathering' | 'pass' | 'fail';

export function alphaOf(epoch: number, alpha: number): number {
  return alpha / (epoch * (epoch + 1));
}

/** On a scale of logarithms, on which evidence adds up. */
function nearness(wealth: number, alpha: number): number {
  return Math.min(1, Math.max(0, Math.log(wealth) / -Math.log(alpha)));
}

export interface MeanGate {
  side: 'at least' | 'at most';
  limit: number;
  /** That values lie in. */
  range: Range;
  alpha: number;
}

export interface StandingState {
  verdict: StandingVerdict;
  epoch: number;
  evidence: EvidenceState<MeanBets>;
  /** Since the last change from or to a failure. */
  sums: MeanSums;
  /** Of all time. */
  observed: number;
}

export class StandingMean {
  readonly #gate: MeanGate;
  readonly #state: StandingState;
  #evidence: Evidence<MeanBets>;

  constructor(gate: MeanGate, state?: StandingState) {
    this.#gate = gate;
    this.#evidence = new Evidence(this.#strategy(state?.verdict ?? 'gathering'), state?.evidence);
    this.#state = state ?? {
      verdict: 'gathering',
      epoch: 1,
      evidence: this.#evidence.state,
      sums: noSums(),
      observed: 0,
    };
  }

  get state(): StandingState {
    return this.#state;
  }

  observe(value: number): StandingVerdict {
    const { side, limit, range, alpha } = this.#gate;
    const state = this.#state;
    state.observed++;
    addValue(state.sums, value, range);
    this.#evidence.observe(value);
    if (this.#evidence.wealth >= 1 / alphaOf(state.epoch, alpha)) {
      this.#turn(state.verdict === 'fail' ? 'pass' : 'fail');
    } else if (state.verdict === 'gathering') {
      const { low, high } = this.interval();
      if (side === 'at least' ? low >= limit : high <= limit) state.verdict = 'pass';
    }
    return state.verdict;
  }

  /** Of the mean since the last change from or to a failure, at all times at once. */
  interval(): Interval {
    const { range, alpha } = this.#gate;
    return confidenceSequence(this.#state.sums, range, 1 - alpha);
  }

  /** Undefined: nothing was observed since. */
  mean(): number | undefined {
    const { n, sum } = this.#state.sums;
    return n === 0 ? undefined : sum / n;
  }

  /** How near it is to a change of verdict, from pass to fail or back: 1 is one. */
  nearness(): number {
    return nearness(this.#evidence.wealth, alphaOf(this.#state.epoch, this.#gate.alpha));
  }

  #turn(verdict: 'pass' | 'fail'): void {
    const state = this.#state;
    state.verdict = verdict;
    state.sums = noSums();
    if (verdict === 'pass') state.epoch++;
    this.#evidence = new Evidence(this.#strategy(verdict));
    state.evidence = this.#evidence.state;
  }

  /** Against "the limit is kept"; as long as it is not, against "it still is not". */
  #strategy(verdict: StandingVerdict) {
    const { limit, range, side } = this.#gate;
    const other = side === 'at least' ? 'at most' : 'at least';
    return meanBets(limit, range, verdict === 'fail' ? other : side);
  }
}

/** Values after a change that have to look like those before it, so that it counts as undone. */
const RECENT = 200;

export interface DriftState {
  /** A distribution is not shown to stay: it is `gathering` until it has changed. */
  verdict: 'gathering' | 'fail';
  epoch: number;
  evidence: EvidenceState<Jumper>;
  ranks: Ranks;
  /** Bins of the last values. */
  recent: number[];
  observed: number;
}

/** Whether values are still distributed as they were, with one alarm for each change. */
export class StandingDrift {
  readonly #alpha: number;
  readonly #state: DriftState;
  #evidence: Evidence<Jumper>;

  constructor(alpha: number, state?: DriftState) {
    this.#alpha = alpha;
    this.#evidence = new Evidence(jumperBets, state?.evidence);
    this.#state = state ?? {
      verdict: 'gathering',
      epoch: 1,
      evidence: this.#evidence.state,
      ranks: noRanks(),
      recent: [],
      observed: 0,
    };
  }

  get state(): DriftState {
    return this.#state;
  }

  /** @param tie uniform in [0, 1), independent of everything */
  observe(value: number, tie: number): DriftState['verdict'] {
    const state = this.#state;
    state.observed++;
    if (state.verdict === 'fail') {
      this.#remember(value);
      if (this.#isAsBefore()) this.#begin();
      return state.verdict;
    }
    const p = rankOf(state.ranks, value, tie);
    if (p === undefined) return state.verdict;
    this.#remember(value);
    this.#evidence.observe(p);
    if (this.#evidence.wealth < 1 / alphaOf(state.epoch, this.#alpha)) return state.verdict;
    state.verdict = 'fail';
    state.recent = [];
    return state.verdict;
  }

  nearness(): number {
    if (this.#state.verdict === 'fail') return 1;
    return nearness(this.#evidence.wealth, alphaOf(this.#state.epoch, this.#alpha));
  }

  /** Distance of the last values from all of this watch, 0 to 1; undefined as long as there are too few. */
  distance(): number | undefined {
    const { ranks, recent } = this.#state;
    return recent.length < RECENT / 4 ? undefined : distance(ranks.counts, this.#recentCounts());
  }

  #remember(value: number): void {
    const { recent, ranks } = this.#state;
    recent.push(binOf(ranks, value));
    if (recent.length > RECENT) recent.shift();
  }

  #recentCounts(): number[] {
    const counts = new Array<number>(this.#state.ranks.counts.length).fill(0);
    for (const bin of this.#state.recent) counts[bin]!++;
    return counts;
  }

  /** By the 5% point of Kolmogorov and Smirnov's distance. */
  #isAsBefore(): boolean {
    const { ranks, recent } = this.#state;
    if (recent.length < RECENT) return false;
    const found = distance(ranks.counts, this.#recentCounts());
    return found !== undefined && found <= 1.36 * Math.sqrt((ranks.n + RECENT) / (ranks.n * RECENT));
  }

  #begin(): void {
    const state = this.#state;
    state.verdict = 'gathering';
    state.epoch++;
    state.ranks = noRanks();
    state.recent = [];
    this.#evidence = new Evidence(jumperBets);
    state.evidence = this.#evidence.state;
  }
}
