import type { Random } from '../../harness/measures/random.js';
import type { MonitorSettings } from '../plan/monitor-schema.js';
import { overlapOf } from './compare.js';
import { Gate, type GateRow, gateRows, noneGate, tenantRow } from './gates.js';
import type { MarkerResult } from './marker.js';
import { MISSING, missingGate, suspectMissing } from './missing.js';
import type { Compared, GateView, Pending } from './model.js';
import { noSignals, type SignalEvent, takeSignal } from './signals.js';
import { keepLast, MOST, type MonitorState } from './state.js';

/** A verdict that is another than before. */
export interface Change {
  gate: string;
  title: string;
  limit: string;
  from: string;
  to: string;
}

const NEVER = 'never';

/** What is observed, gate by gate; everything that it knows is in its state. */
export class Watch {
  readonly state: MonitorState;
  readonly #settings: MonitorSettings;
  readonly #gates: Gate[];
  readonly #tenants = new Map<string, Gate>();
  readonly #alpha: number;
  /** Hash of the queries: of other ones nothing is known yet. */
  readonly #queries: string | undefined;

  constructor(settings: MonitorSettings, state: MonitorState, now: string, queries?: string) {
    this.#queries = queries;
    this.state = state;
    this.#settings = settings;
    const rows = gateRows(settings);
    this.#alpha = settings.alpha / Math.max(1, rows.length);
    this.#gates = rows.map((row) => this.#gate(row, this.#alphaOf(row.name), now));
    for (const [at, { tenant }] of state.tenants.entries()) this.#tenantGate(tenant, at, now);
  }

  /** Of one tenant's gates all together, as of the gate of all queries: half of what the gate of empty answers has. */
  #alphaOf(name: string): number {
    return name === 'empty' ? this.#alpha / 2 : this.#alpha;
  }

  #gate(row: GateRow, alpha: number, now: string): Gate {
    const gate = new Gate(row, alpha, this.state.gates[row.name], now, this.#queries);
    this.state.gates[row.name] = gate.kept;
    return gate;
  }

  #tenantGate(tenant: string, at: number, now: string): Gate | undefined {
    const limit = this.#settings.gates.empty;
    if (limit === false) return undefined;
    const gate = this.#gate(tenantRow(tenant, limit), this.#alpha / 2 / ((at + 1) * (at + 2)), now);
    this.#tenants.set(tenant, gate);
    return gate;
  }

  #observe(name: string, value: number | undefined, tie = 0.5): void {
    if (value === undefined) return;
    this.#gates.find(({ row }) => row.name === name)?.observe(value, tie);
  }

  /**
   * Takes what both sides have answered to the queries of a round, in the order in which they were drawn.
   * @param leftOut rows that the target need not hold
   */
  takeRound(
    round: readonly Compared[],
    random: Random,
    now: string,
    leftOut: ReadonlySet<string> | 'all' = new Set(),
  ): void {
    for (const each of round) {
      this.#count(each);
      if (each.state === 'failed') {
        this.#takeFailure(each);
        continue;
      }
      this.#observe('errors', 0);
      this.#takeAnswers(each, random);
      this.#takeEmpty(each, now);
      this.#takeConcentration(each);
      for (const row of each.missing)
        if (leftOut !== 'all' && !leftOut.has(row))
          suspectMissing(this.state, row, each.query, Date.parse(now));
      for (const broken of each.broken) this.#suspect({ ...broken, since: Date.parse(now) });
    }
    this.#takeLatency(round);
  }

  #takeFailure(each: Compared): void {
    const { side, why } = each.failed!;
    this.state.lastFailure[side] = why;
    if (side === 'source') return;
    this.#observe('errors', 1);
    this.#against('errors', each, []);
  }

  /** The target cannot be reached: whoever asked it now would get no answer. */
  takeDown(why: string, queries: number): void {
    this.state.lastFailure.target = why;
    this.state.totals.notAsked += queries;
    this.#observe('errors', 1);
  }

  #count({ state, failed, empty, unresolved, hits }: Compared): void {
    const { totals } = this.state;
    totals.asked++;
    if (state === 'failed') {
      if (failed?.side === 'source') totals.failedSource++;
      else totals.failedTarget++;
      return;
    }
    totals[state]++;
    totals.unresolved += unresolved;
    totals.hits += hits.target.length;
    if (empty.source && empty.target) totals.bothEmpty++;
    if (empty.source) totals.emptySource++;
    if (empty.target) totals.emptyTarget++;
  }

  #takeAnswers(each: Compared, random: Random): void {
    const { overlap, crossed, scores } = each;
    this.#observe('overlap', overlap);
    if (overlap !== undefined && overlap < 1) this.#against('overlap', each, each.lost);
    this.#observe('crossings', crossed);
    if (crossed !== undefined && crossed > 0) this.#against('crossings', each, []);
    if (scores === undefined) return;
    const tie = () => random.uint32() / 2 ** 32;
    this.#observe('scores.first', scores.first, tie());
    this.#observe('scores.last', scores.last, tie());
    this.#against('scores.first', each, []);
    this.#against('scores.last', each, []);
  }

  /** Points that are not in the target yet are no fault of its search. */
  #takeEmpty(each: Compared, now: string): void {
    const { empty, tenant, state } = each;
    const only = empty.target && !empty.source;
    if (state === 'compared') {
      this.#observe('empty', only ? 1 : 0);
      if (only) this.#against('empty', each, each.lost);
    }
    if (tenant === undefined) return;
    const { tenants } = this.state;
    let known = tenants.find((of) => of.tenant === tenant);
    if (known === undefined) {
      if (tenants.length >= MOST.tenants) return;
      known = { tenant, asked: 0, emptySource: 0, emptyTarget: 0 };
      tenants.push(known);
      this.#tenantGate(tenant, tenants.length - 1, now);
    }
    known.asked++;
    if (empty.source) known.emptySource++;
    if (empty.target) known.emptyTarget++;
    if (state !== 'compared') return;
    this.#tenants.get(tenant)?.observe(only ? 1 : 0, 0.5);
    if (only) this.#against(`empty:${tenant}`, each, each.lost);
  }

  /**
   * Of two queries that were drawn independently, the share of hits that their answers have in common: its mean is the chance
   * that two hits of unlike queries are the same point, which grows with hubs.
   */
  #takeConcentration({ hits }: Compared): void {
    const { unpaired } = this.state;
    if (unpaired === null) {
      this.state.unpaired = { source: [...hits.source], target: [...hits.target] };
      return;
    }
    this.state.unpaired = null;
    const [source, target] = [
      overlapOf(hits.source, unpaired.source),
      overlapOf(hits.target, unpaired.target),
    ];
    if (source !== undefined && target !== undefined) this.#observe('concentration', target - source);
  }

  /** The round, not the query, is the unit: what slows one query down slows its neighbours. */
  #takeLatency(round: readonly Compared[]): void {
    const { latency } = this.#settings.gates;
    const times = round.flatMap(({ ms }) => ms.target ?? []);
    if (latency === false || times.length === 0) return;
    this.#observe('latency', times.filter((ms) => ms > latency).length / times.length);
    const slowest = round.filter(({ ms }) => (ms.target ?? 0) > latency);
    for (const each of slowest) this.#against('latency', each, []);
  }

  takeMarker(result: MarkerResult): void {
    const { visible } = this.#settings.gates;
    if (result.state === 'failed') return;
    this.state.totals.markers++;
    if (result.state === 'lost') this.state.totals.markersLost++;
    if (visible === false) return;
    this.#observe('visible', result.state === 'measured' && result.visible <= visible ? 1 : 0);
  }

  takeSignals(events: readonly SignalEvent[]): void {
    for (const event of events) {
      const { signal } = event;
      const state = this.state.signals[signal] ?? noSignals();
      this.state.signals[signal] = state;
      this.#observe(`signal.${signal}`, takeSignal(state, signal, event));
    }
  }

  /** A point that should not be there: it may be a matter of time. */
  #suspect(pending: Pending): void {
    const { pending: list, findings, totals } = this.state;
    const same = ({ row, query }: { row: string; query: string }) =>
      row === pending.row && query === pending.query;
    if (list.some(same) || findings.some(same)) return;
    if (list.length < MOST.pending) list.push(pending);
    else totals.notLookedAt++;
  }

  #against(gate: string, { query }: Compared, rows: readonly string[]): void {
    const worst = this.state.worst[gate] ?? [];
    this.state.worst[gate] = worst;
    worst.push({ query, rows: rows.slice(0, MOST.worst) });
    keepLast(worst, MOST.worst);
  }

  /** All verdicts by gate, that of points that must never be served among them. */
  verdicts(): Map<string, string> {
    const own = [...this.#gates, ...this.#tenants.values()].map(
      ({ row, verdict }) => [row.name, verdict] as const,
    );
    return new Map([...own, [NEVER, this.never().verdict], [MISSING, this.missing().verdict]]);
  }

  changesSince(before: ReadonlyMap<string, string>): Change[] {
    const rows = new Map([...this.#gates, ...this.#tenants.values()].map(({ row }) => [row.name, row]));
    return [...this.verdicts()].flatMap(([gate, to]) => {
      const from = before.get(gate) ?? 'gathering';
      const row = rows.get(gate);
      const { title, limit } = row ?? (gate === MISSING ? this.missing() : this.never());
      return from === to || to === 'not measured' ? [] : [{ gate, title, limit, from, to }];
    });
  }

  /** No statistics: one is one too many. */
  never(): GateView {
    const { findings, totals, begunAt } = this.state;
    return noneGate({
      name: NEVER,
      title: 'Points served although deleted, hidden from the query or another tenant’s',
      on: this.#settings.gates.never,
      found: findings.length,
      observed: totals.compared + totals.apart,
      since: begunAt,
    });
  }

  missing(): GateView {
    return missingGate(this.state, this.#settings.gates.missing);
  }

  views(why: (gate: string) => string | undefined): GateView[] {
    return [
      this.never(),
      this.missing(),
      ...this.#gates.map((gate) => gate.view(why(gate.row.name))),
      ...[...this.#tenants.values()]
        .filter((gate) => gate.verdict === 'fail')
        .map((gate) => gate.view(undefined)),
    ];
  }

  tenantVerdict(tenant: string): string {
    return this.#tenants.get(tenant)?.verdict ?? 'not judged';
  }
}
