import type { GateView, MonitorView } from './model.js';
import { SIGNALS } from './model.js';
import { progressOf } from './progress.js';
import type { RoundResult } from './round.js';
import { noSignals } from './signals.js';
import type { Subject } from './subject.js';
import type { Watch } from './watch.js';

/** A watch as it stands, for people and programs. */
export function viewOf({
  watch,
  subject,
  last,
  folder,
  plan,
  every,
  at,
}: {
  watch: Watch;
  subject: Subject;
  last: RoundResult;
  folder: string;
  plan: string;
  every: number;
  at: string;
}): MonitorView {
  const { state } = watch;
  const { parsed } = subject;
  const { places, markers } = last;
  const gates = watch.views((gate) => whyNot(gate, subject, markers));
  const down = places.source.state === 'down' || places.target.state === 'down';
  const failing = gates.filter(({ verdict }) => verdict === 'fail');
  const status = failing.length > 0 ? 'alarm' : down ? 'down' : stateOf(gates);
  return {
    version: 1,
    name: parsed.plan.name,
    plan,
    source: parsed.source,
    target: parsed.target,
    state: status,
    answer: answerOf(status, failing, gates, places),
    begunAt: state.begunAt,
    at,
    every,
    alpha: parsed.plan.monitor.alpha,
    gates,
    totals: { ...state.totals },
    places,
    markers,
    tenants: state.tenants.map((each) => ({ ...each, verdict: watch.tenantVerdict(each.tenant) })),
    signals: SIGNALS.map((signal) => {
      const { source, target } = state.signals[signal] ?? noSignals();
      return { signal, source: { ...source }, target: { ...target } };
    }),
    findings: [...state.findings],
    missing: [...state.missing.found],
    pending: state.pending.length + state.missing.pending.length,
    progress: progressOf(folder, subject),
    memoryBytes: process.memoryUsage.rss(),
    rounds: [...state.rounds],
    alerts: [...state.alerts],
    notices: noticesOf(watch, subject),
  };
}

function whyNot(
  gate: string,
  { parsed, mapping }: Subject,
  markers: RoundResult['markers'],
): string | undefined {
  if (gate === 'visible')
    return markers.state === 'off' ? `no markers are written: ${markers.why}` : undefined;
  if (gate.startsWith('signal.')) return 'the application has posted none to /signals yet';
  if (parsed.plan.queries === undefined) return 'the plan names no queries';
  if (gate === 'crossings' && mapping.thresholds.length === 0)
    return 'the mapping has no thresholds of the application';
  return undefined;
}

/** Gates that say something only if somebody reports something are not waited for. */
function stateOf(gates: readonly GateView[]): MonitorView['state'] {
  const open = gates.filter(({ verdict, unit }) => verdict === 'gathering' && unit !== 'distance');
  return open.length === 0 && gates.some(({ verdict }) => verdict === 'pass') ? 'quiet' : 'gathering';
}

function answerOf(
  state: MonitorView['state'],
  failing: readonly GateView[],
  gates: readonly GateView[],
  { source, target }: MonitorView['places'],
): string {
  const measured = gates.filter(({ verdict }) => verdict !== 'not measured');
  const shown = measured.filter(({ verdict }) => verdict === 'pass').length;
  switch (state) {
    case 'alarm':
      return `Alarm: ${failing.map(({ title, limit }) => `${title.toLowerCase()} (${limit})`).join('; ')}.`;
    case 'down':
      return [source, target]
        .filter((place) => place.state === 'down')
        .map(({ place, why }) => `${place} does not answer: ${why}.`)
        .join(' ');
    case 'quiet':
      return `All is well: ${shown} limits are shown to be kept, none is refuted.`;
    default:
      return measured.length === 0
        ? 'Nothing was observed yet.'
        : `No limit is refuted; ${shown} of ${measured.length} are shown to be kept so far.`;
  }
}

function noticesOf({ state: { totals } }: Watch, { parsed }: Subject): string[] {
  return [
    ...(parsed.plan.queries === undefined
      ? ['the plan names no queries: overlap, filters, tenants and scores are not watched']
      : []),
    ...(totals.notLookedAt > 0
      ? [`${totals.notLookedAt} suspicious points were more than could be kept for a second look`]
      : []),
    ...(totals.unresolved > 0
      ? [
          `${totals.unresolved} hits of the target have ids from which none of the source follows: they are not checked`,
        ]
      : []),
  ];
}
