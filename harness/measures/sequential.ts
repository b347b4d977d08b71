/**
 * Tests that may be looked at after every observation, for as long as anybody likes. The evidence against a hypothesis is
 * the wealth of a gambler who begins with 1 and bets against it, on terms under which the wealth is expected not to grow if
 * it is true: a test martingale. The chance that such a wealth ever reaches 1/alpha is at most alpha (Ville 1939; Shafer,
 * "Testing by betting", JRSS A 184, 2021; Ramdas, Grünwald, Vovk & Shafer, "Game-theoretic statistics and safe anytime-valid
 * inference", Statistical Science 38, 2023).
 */

/** How a gambler bets; `State` is plain data, so that it survives a restart. */
export interface Strategy<State> {
  fresh(): State;
  /** What a wealth is multiplied by for an observation, decided before it was seen; the state learns from it. Above 0. */
  bet(state: State, observed: number): number;
}

/** One of the gamblers: when it began, and what it has. */
interface Gambler<State> {
  since: number;
  wealth: number;
  state: State;
}

/** All that has to be kept. */
export interface EvidenceState<State> {
  observed: number;
  /** Gamblers that have begun, and the observation at which the next one does. */
  begun: number;
  next: number;
  gamblers: Gambler<State>[];
}

/** So many gamblers at most bet at a time: memory and time for an observation are bounded. */
const MOST = 24;
/** Observations between two of them, in a young watch; in an old one a share of its age. */
const GAP = 8;
const GAP_SHARE = 1 / 256;

/**
 * Evidence against a hypothesis that is to hold at every observation. One gambler who bets from the first observation on
 * would learn late of a change that comes late: its bets follow all of the past. So new ones begin with time, the j-th with
 * 1/(j(j+1)) of the first unit, which adds up to 1: a portfolio of bets is a bet, and it is decided beforehand. Of two
 * gamblers of about the same age, the younger takes over the wealth of the older, which is a change of bets and no more.
 */
export class Evidence<State> {
  readonly #strategy: Strategy<State>;
  readonly #state: EvidenceState<State>;

  constructor(strategy: Strategy<State>, state?: EvidenceState<State>) {
    this.#strategy = strategy;
    this.#state = state ?? { observed: 0, begun: 0, next: 0, gamblers: [] };
  }

  get state(): EvidenceState<State> {
    return this.#state;
  }

  observe(value: number): void {
    const state = this.#state;
    if (state.observed >= state.next) this.#begin();
    // One that comes to 0 has lost all; JSON has no word for more than the largest number.
    for (const gambler of state.gamblers)
      gambler.wealth = Math.min(gambler.wealth * this.#strategy.bet(gambler.state, value), Number.MAX_VALUE);
    state.observed++;
  }

  /** At 1/alpha and above the hypothesis is rejected at alpha. */
  get wealth(): number {
    const { gamblers, begun } = this.#state;
    // What nobody has bet yet: 1 - sum of 1/(j(j+1)) over those that have begun.
    return gamblers.reduce((sum, { wealth }) => sum + wealth, 1 / (begun + 1));
  }

  #begin(): void {
    const state = this.#state;
    const j = ++state.begun;
    const { observed } = state;
    state.next = observed + Math.max(GAP, Math.floor(observed * GAP_SHARE));
    state.gamblers.push({ since: observed, wealth: 1 / (j * (j + 1)), state: this.#strategy.fresh() });
    if (state.gamblers.length > MOST) merge(state);
  }
}

/** The two neighbours whose ages are most alike become one: the younger, whose bets fit what is new. */
function merge({ gamblers, observed }: EvidenceState<unknown>): void {
  let at = 0;
  let closest = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 1 < gamblers.length; i++) {
    const ratio = (observed - gamblers[i]!.since + 1) / (observed - gamblers[i + 1]!.since + 1);
    if (ratio < closest) [closest, at] = [ratio, i];
  }
  gamblers[at + 1]!.wealth += gamblers[at]!.wealth;
  gamblers.splice(at, 1);
}
