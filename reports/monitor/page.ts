import { packageInfo } from '../../common/paths.js';
import { oneLine } from '../../common/visible.js';
import type {
  Alert,
  GateView,
  MonitorView,
  PlaceHealth,
  RoundFigures,
} from '../../migration/monitor/model.js';
import { formatBytes, formatCount, formatNumber, formatPercent, formatShare } from '../format.js';
import { type Cell, columns, figure, head, type Mark, SIGNS, type Table, text } from '../migration/page.js';
import { asset, styleOf, templateOf, withTexts } from '../page-template.js';
import { chartOf } from './chart.js';

/**
 * A watch as one page. On disk it has no script; served, it keeps itself up to date by one that its nonce lets run.
 * Texts of data and engines are escaped, control characters shown.
 */
export function renderMonitorPage(view: MonitorView, nonce?: string): string {
  const template = templateOf('monitor/assets/page.hbs', { partials: 'migration/assets' });
  const state = STATES[view.state];
  return template({
    ...withTexts(contentOf(view), oneLine),
    state,
    sign: SIGNS[state],
    style: styleOf('migration/assets/page.css', 'monitor/assets/page.css'),
    nonce,
    script: nonce === undefined ? undefined : asset('monitor/assets/live.js'),
  });
}

const STATES: Readonly<Record<MonitorView['state'], Mark>> = {
  quiet: 'good',
  gathering: 'plain',
  down: 'warn',
  alarm: 'bad',
};

function contentOf(view: MonitorView) {
  const { name, answer, at, gates, alerts, rounds, plan, begunAt, totals, alpha, every } = view;
  return {
    kind: 'Watch of a migration',
    title: name,
    answer,
    at,
    when: `as of ${timeOf(at)}, since ${timeOf(begunAt)}: ${formatCount(totals.rounds)} rounds, one every ${formatNumber(every)} s`,
    figures: figuresOf(view),
    notices: view.notices,
    gates: {
      title: 'Gates',
      lead: `Judged after every round. All of them together raise a false alarm with a chance of at most ${formatPercent(alpha)}, over the whole watch; intervals hold at all times at once.`,
      tables: [gateTable(gates)],
    },
    alerts: alerts.toReversed().map(alertView),
    charts: chartsOf(rounds),
    course: courseTable(rounds),
    sections: [
      { title: 'Places', tables: [placesTable(view)] },
      ...(view.findings.length === 0
        ? []
        : [{ title: 'Served and should not be', tables: [findingsTable(view)] }]),
      ...(view.missing.length === 0
        ? []
        : [{ title: 'Missing in the target', tables: [missingTable(view)] }]),
      ...(view.tenants.length === 0 ? [] : [{ title: 'By tenant', tables: [tenantTable(view)] }]),
      {
        title: 'Signals of the application',
        lead: 'Shares of its answers, as it posts them to /signals.',
        tables: [signalTable(view)],
      },
      { title: 'Queries', tables: [totalsTable(view)] },
    ],
    footer: `vecproof ${packageInfo().version}, plan ${plan}, ${view.source} to ${view.target}; this process uses ${formatBytes(view.memoryBytes)}`,
  };
}

function figuresOf(view: MonitorView) {
  const last = view.rounds.at(-1);
  const { places, findings, progress } = view;
  const share = (value: number | undefined) => (value === undefined ? '–' : formatShare(value));
  return [
    {
      term: 'overlap, last round',
      value: share(last?.overlap),
      detail: last?.noise === undefined ? undefined : `the source with itself: ${share(last.noise)}`,
    },
    {
      term: 'written until found',
      value: last?.visible === undefined ? '–' : `${formatNumber(last.visible)} s`,
      detail: last?.visible === undefined ? view.markers.why : undefined,
    },
    {
      term: 'p95 of the target',
      value: last?.latency.target === undefined ? '–' : `${formatNumber(last.latency.target.p95)} ms`,
      detail: last?.latency.source && `source ${formatNumber(last.latency.source.p95)} ms`,
    },
    {
      term: 'served and should not be',
      value: formatCount(findings.length),
      detail: view.pending > 0 ? `${view.pending} to be looked at again` : undefined,
    },
    {
      term: 'points in the target',
      value: places.target.points === undefined ? '–' : formatCount(places.target.points),
      detail: places.source.points === undefined ? undefined : `source ${formatCount(places.source.points)}`,
    },
    ...(progress === undefined || progress.state === 'loaded'
      ? []
      : [
          {
            term: 'loaded',
            value: formatCount(progress.rows),
            detail: `of ${formatCount(progress.of)}, ${progress.state}`,
          },
        ]),
  ];
}

const VERDICTS: Readonly<Record<GateView['verdict'], { words: string; mark: Mark }>> = {
  pass: { words: 'kept', mark: 'good' },
  fail: { words: 'not kept', mark: 'bad' },
  gathering: { words: 'not refuted', mark: 'plain' },
  'not measured': { words: 'not measured', mark: 'warn' },
};

function gateTable(gates: readonly GateView[]): Table {
  return {
    label: 'Gates',
    columns: columns('gate', 'verdict', 'limit', '#value', '#interval', '#observed', '#near a change'),
    rows: gates.map((gate) => {
      const { words, mark } = VERDICTS[gate.verdict];
      return {
        mark,
        cells: [
          head(gate.title, { sign: SIGNS[mark] }),
          text(words, gate.why === undefined ? {} : { quiet: gate.why }),
          text(gate.limit),
          figure(gateValue(gate, gate.value)),
          figure(
            gate.low === undefined ? '' : `${gateValue(gate, gate.low)} to ${gateValue(gate, gate.high)}`,
          ),
          figure(formatCount(gate.observed)),
          figure(gate.nearness === undefined ? '' : formatPercent(gate.nearness)),
        ],
      };
    }),
  };
}

function gateValue({ unit }: GateView, value: number | undefined): string {
  if (value === undefined) return '–';
  return unit === 'points' ? formatCount(value) : unit === 'share' ? formatShare(value) : formatNumber(value);
}

function alertView({ id, time, from, to, words, cause, rows, command }: Alert) {
  const mark: Mark = to === 'fail' ? 'bad' : 'good';
  return {
    id,
    time,
    when: timeOf(time),
    from: wordOf(from),
    to: wordOf(to),
    words,
    cause,
    rows,
    count: `${rows.length} rows`,
    command,
    mark,
    sign: SIGNS[mark],
  };
}

function wordOf(verdict: string): string {
  return VERDICTS[verdict as GateView['verdict']]?.words ?? verdict;
}

function chartsOf(rounds: readonly RoundFigures[]) {
  const legend = 'dashed: the source';
  return [
    chartOf(
      'Overlap',
      [
        { kind: 'target', values: rounds.map(({ overlap }) => overlap) },
        { kind: 'source', values: rounds.map(({ noise }) => noise) },
      ],
      formatShare,
      'dashed: the source with itself',
    ),
    chartOf(
      'Seconds until a marker is found',
      [{ kind: 'target', values: rounds.map(({ visible }) => visible) }],
      formatNumber,
    ),
    chartOf(
      'p95, ms',
      [
        { kind: 'target', values: rounds.map(({ latency }) => latency.target?.p95) },
        { kind: 'source', values: rounds.map(({ latency }) => latency.source?.p95) },
      ],
      formatNumber,
      legend,
    ),
    chartOf(
      'Points',
      [
        { kind: 'target', values: rounds.map(({ points }) => points.target) },
        { kind: 'source', values: rounds.map(({ points }) => points.source) },
      ],
      formatCount,
      legend,
    ),
  ].filter((chart) => chart !== undefined);
}

/** The newest first. */
function courseTable(rounds: readonly RoundFigures[]): Table {
  const number = (value: number | undefined, format: (value: number) => string): Cell =>
    figure(value === undefined ? '–' : format(value));
  return {
    title: `The last ${rounds.length} rounds`,
    label: 'Rounds',
    closed: true,
    columns: columns(
      'time',
      '#asked',
      '#apart',
      '#failed',
      '#overlap',
      '#found after, s',
      '#gone after, s',
      '#p50, ms',
      '#p95, ms',
      '#queries/s',
      '#points',
    ),
    rows: rounds.toReversed().map((round) => ({
      cells: [
        head(timeOf(round.time)),
        figure(round.asked),
        figure(round.apart),
        figure(round.failed),
        number(round.overlap, formatShare),
        number(round.visible, formatNumber),
        number(round.gone, formatNumber),
        number(round.latency.target?.p50, formatNumber),
        number(round.latency.target?.p95, formatNumber),
        number(round.latency.target?.rate, formatNumber),
        number(round.points.target, formatCount),
      ],
    })),
  };
}

function placesTable({ places }: MonitorView): Table {
  const optional = (value: number | undefined, format: (value: number) => string) =>
    figure(value === undefined ? 'not told' : format(value));
  const row = (name: string, health: PlaceHealth) => {
    const mark: Mark = health.state === 'answers' ? 'good' : health.state === 'down' ? 'bad' : 'plain';
    return {
      mark,
      cells: [
        head(name, { sign: SIGNS[mark], quiet: health.place }),
        text(
          health.state === 'down' ? 'does not answer' : health.state,
          health.why === undefined ? {} : { quiet: health.why },
        ),
        text(health.version ?? ''),
        optional(health.points, formatCount),
        optional(health.indexed, formatCount),
        optional(health.diskBytes, formatBytes),
        optional(health.memoryBytes, formatBytes),
        optional(health.cacheHits, formatPercent),
      ],
    };
  };
  return {
    label: 'Places',
    columns: columns('place', 'state', 'version', '#points', '#indexed', '#disk', '#memory', '#cache hits'),
    rows: [row('source', places.source), row('target', places.target)],
  };
}

function missingTable({ missing }: MonitorView): Table {
  return {
    label: 'Points of the source that the target does not hold',
    columns: columns('row', 'first missed', 'by query'),
    rows: missing.map(({ row, query, since }) => ({
      mark: 'bad',
      cells: [
        head(row, { sign: SIGNS.bad, code: true }),
        text(timeOf(new Date(since).toISOString())),
        text(query, { code: true }),
      ],
    })),
  };
}

function findingsTable({ findings }: MonitorView): Table {
  return {
    label: 'Points that should not be served',
    columns: columns('row', 'kind', 'query', 'why'),
    rows: findings.map(({ row, kind, query, why }) => ({
      mark: 'bad',
      cells: [head(row, { sign: SIGNS.bad, code: true }), text(kind), text(query, { code: true }), text(why)],
    })),
  };
}

function tenantTable({ tenants }: MonitorView): Table {
  return {
    label: 'Empty answers by tenant',
    columns: columns('tenant', 'verdict', '#queries', '#empty in the source', '#empty in the target'),
    rows: tenants.map(({ tenant, verdict, asked, emptySource, emptyTarget }) => {
      const mark = VERDICTS[verdict as GateView['verdict']]?.mark ?? 'plain';
      return {
        mark,
        cells: [
          head(tenant, { sign: SIGNS[mark] }),
          text(wordOf(verdict)),
          figure(formatCount(asked)),
          figure(formatPercent(emptySource / asked)),
          figure(formatPercent(emptyTarget / asked)),
        ],
      };
    }),
  };
}

function signalTable({ signals }: MonitorView): Table {
  const share = ({ n, yes }: { n: number; yes: number }) =>
    figure(n === 0 ? '–' : formatPercent(yes / n), n === 0 ? {} : { quiet: `of ${formatCount(n)}` });
  return {
    label: 'Signals',
    columns: columns('signal', '#source', '#target'),
    rows: signals.map(({ signal, source, target }) => ({
      cells: [head(signal), share(source), share(target)],
    })),
  };
}

function totalsTable({ totals, markers }: MonitorView): Table {
  const rows: [string, number, string][] = [
    ['asked', totals.asked, ''],
    ['compared', totals.compared, 'all hits of the source are in the target'],
    ['set apart', totals.apart, 'the target does not hold every hit of the source (yet)'],
    ['failed in the source', totals.failedSource, ''],
    ['failed in the target', totals.failedTarget, ''],
    ['not asked', totals.notAsked, 'a place did not answer'],
    ['empty on both sides', totals.bothEmpty, 'not part of the overlap'],
    ['hits whose source is not known', totals.unresolved, 'their ids lead back to none'],
    ['markers', totals.markers, markers.why],
    ['markers not found in time', totals.markersLost, ''],
  ];
  return {
    label: 'Queries',
    columns: columns('what became of them', '#count', ''),
    rows: rows.map(([name, count, why]) => ({ cells: [head(name), figure(formatCount(count)), text(why)] })),
  };
}

function timeOf(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
