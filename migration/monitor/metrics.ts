import { metrics as openTelemetry } from '@opentelemetry/api';
import { Gauge, Registry } from 'prom-client';
import type { MonitorView, SideName } from './model.js';

type Labels = Readonly<Record<string, string>>;

/** One figure of a watch, as Prometheus and OpenTelemetry get it; what is not measured has no sample. */
export interface Metric {
  name: string;
  help: string;
  labels: readonly string[];
  samples(view: MonitorView): readonly { labels: Labels; value: number | undefined }[];
}

const SIDES = ['source', 'target'] as const satisfies readonly SideName[];
const VERDICTS: Readonly<Record<string, number>> = { pass: 0, gathering: 1, fail: 2 };

const last = (view: MonitorView) => view.rounds.at(-1);
const one = (value: number | undefined) => [{ labels: {}, value }];
const bySide = (of: (side: SideName) => number | undefined) =>
  SIDES.map((side) => ({ labels: { side }, value: of(side) }));

/** Also what the Grafana dashboard draws: a test holds the two together. */
export const METRICS: readonly Metric[] = [
  {
    name: 'vecproof_monitor_gate_verdict',
    help: 'Verdict of a gate: 0 shown to be kept, 1 neither shown yet, 2 refuted.',
    labels: ['gate'],
    samples: ({ gates }) =>
      gates.map(({ name, verdict }) => ({ labels: { gate: name }, value: VERDICTS[verdict] })),
  },
  {
    name: 'vecproof_monitor_gate_value',
    help: 'What a gate judges, since its last change from or to a failure.',
    labels: ['gate'],
    samples: ({ gates }) => gates.map(({ name, value }) => ({ labels: { gate: name }, value })),
  },
  {
    name: 'vecproof_monitor_gate_low',
    help: 'Lower end of a confidence sequence of that value, valid at all times at once.',
    labels: ['gate'],
    samples: ({ gates }) => gates.map(({ name, low }) => ({ labels: { gate: name }, value: low })),
  },
  {
    name: 'vecproof_monitor_gate_high',
    help: 'Upper end of it.',
    labels: ['gate'],
    samples: ({ gates }) => gates.map(({ name, high }) => ({ labels: { gate: name }, value: high })),
  },
  {
    name: 'vecproof_monitor_gate_nearness',
    help: 'How near a gate is to a change of verdict, 0 to 1.',
    labels: ['gate'],
    samples: ({ gates }) => gates.map(({ name, nearness }) => ({ labels: { gate: name }, value: nearness })),
  },
  {
    name: 'vecproof_monitor_gate_observed',
    help: 'Values that a gate has observed.',
    labels: ['gate'],
    samples: ({ gates }) => gates.map(({ name, observed }) => ({ labels: { gate: name }, value: observed })),
  },
  {
    name: 'vecproof_monitor_overlap',
    help: 'Mean share of the source’s hits that the target returned, of the last round.',
    labels: [],
    samples: (view) => one(last(view)?.overlap),
  },
  {
    name: 'vecproof_monitor_noise',
    help: 'The same of the source asked twice, of the last round.',
    labels: [],
    samples: (view) => one(last(view)?.noise),
  },
  {
    name: 'vecproof_monitor_marker_visible_seconds',
    help: 'Seconds from the write of the last marker until a search found it.',
    labels: [],
    samples: (view) => one(last(view)?.visible),
  },
  {
    name: 'vecproof_monitor_marker_gone_seconds',
    help: 'Seconds from its deletion until no search found it.',
    labels: [],
    samples: (view) => one(last(view)?.gone),
  },
  {
    name: 'vecproof_monitor_queries',
    help: 'Queries of the watch by what became of them.',
    labels: ['state'],
    samples: ({ totals: { compared, apart, failedSource, failedTarget, notAsked } }) =>
      Object.entries({
        compared,
        apart,
        failed_source: failedSource,
        failed_target: failedTarget,
        not_asked: notAsked,
      }).map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: 'vecproof_monitor_findings',
    help: 'Points that the target serves and should not, by kind.',
    labels: ['kind'],
    samples: ({ findings }) =>
      ['deleted', 'violation', 'leak'].map((kind) => ({
        labels: { kind },
        value: findings.filter((each) => each.kind === kind).length,
      })),
  },
  {
    name: 'vecproof_monitor_missing',
    help: 'Points of the source that the target should hold and does not.',
    labels: [],
    samples: ({ missing }) => one(missing.length),
  },
  {
    name: 'vecproof_monitor_tenant_empty_share',
    help: 'Share of a tenant’s queries that a side answered with nothing.',
    labels: ['tenant', 'side'],
    samples: ({ tenants }) =>
      tenants.flatMap(({ tenant, asked, emptySource, emptyTarget }) => [
        { labels: { tenant, side: 'source' }, value: emptySource / asked },
        { labels: { tenant, side: 'target' }, value: emptyTarget / asked },
      ]),
  },
  {
    name: 'vecproof_monitor_latency_seconds',
    help: 'Latency of the last round’s queries, asked one after the other.',
    labels: ['side', 'quantile'],
    samples: (view) =>
      SIDES.flatMap((side) => {
        const of = last(view)?.latency[side];
        return [
          { labels: { side, quantile: '0.5' }, value: of && of.p50 / 1000 },
          { labels: { side, quantile: '0.95' }, value: of && of.p95 / 1000 },
        ];
      }),
  },
  {
    name: 'vecproof_monitor_rate',
    help: 'Queries a second that one client got answered in the last round.',
    labels: ['side'],
    samples: (view) => bySide((side) => last(view)?.latency[side]?.rate),
  },
  {
    name: 'vecproof_monitor_up',
    help: 'Whether a place answered in the last round.',
    labels: ['side'],
    samples: ({ places }) =>
      bySide((side) =>
        places[side].state === 'not asked' ? undefined : places[side].state === 'answers' ? 1 : 0,
      ),
  },
  {
    name: 'vecproof_monitor_points',
    help: 'Points by the place’s own counter.',
    labels: ['side'],
    samples: ({ places }) => bySide((side) => places[side].points),
  },
  {
    name: 'vecproof_monitor_indexed_points',
    help: 'Points that the index covers, where the engine tells.',
    labels: ['side'],
    samples: ({ places }) => bySide((side) => places[side].indexed),
  },
  {
    name: 'vecproof_monitor_disk_bytes',
    help: 'Size on disk, where the engine tells.',
    labels: ['side'],
    samples: ({ places }) => bySide((side) => places[side].diskBytes),
  },
  {
    name: 'vecproof_monitor_memory_bytes',
    help: 'Memory of the collection, where the engine tells.',
    labels: ['side'],
    samples: ({ places }) => bySide((side) => places[side].memoryBytes),
  },
  {
    name: 'vecproof_monitor_cache_hit_share',
    help: 'Share of reads answered from the engine’s memory, where it tells.',
    labels: ['side'],
    samples: ({ places }) => bySide((side) => places[side].cacheHits),
  },
  {
    name: 'vecproof_monitor_signal_share',
    help: 'Share of the application’s answers with a signal.',
    labels: ['signal', 'side'],
    samples: ({ signals }) =>
      signals.flatMap((each) =>
        SIDES.map((side) => ({
          labels: { signal: each.signal, side },
          value: each[side].n === 0 ? undefined : each[side].yes / each[side].n,
        })),
      ),
  },
  {
    name: 'vecproof_monitor_load_rows',
    help: 'Rows that the load has written, and all of them.',
    labels: ['of'],
    samples: ({ progress }) => [
      { labels: { of: 'done' }, value: progress?.rows },
      { labels: { of: 'all' }, value: progress?.of },
    ],
  },
  {
    name: 'vecproof_monitor_rounds',
    help: 'Rounds of the watch.',
    labels: [],
    samples: ({ totals }) => one(totals.rounds),
  },
  {
    name: 'vecproof_monitor_last_round_timestamp_seconds',
    help: 'When the last round was over.',
    labels: [],
    samples: ({ at, rounds }) => one(rounds.length === 0 ? undefined : Date.parse(at) / 1000),
  },
];

/** For Prometheus. Each text is of the view as it is then. */
export function prometheus(view: () => MonitorView): Registry {
  const registry = new Registry();
  for (const { name, help, labels, samples } of METRICS) {
    new Gauge({
      name,
      help,
      labelNames: ['migration', ...labels],
      registers: [registry],
      collect() {
        this.reset();
        const now = view();
        for (const sample of samples(now))
          if (sample.value !== undefined) this.set({ migration: now.name, ...sample.labels }, sample.value);
      },
    });
  }
  return registry;
}

/**
 * For OpenTelemetry: observable gauges on whatever meter provider the process has (`NODE_OPTIONS=--import ./telemetry.js`);
 * without one it costs nothing. Returns what takes them off again.
 */
export function observe(view: () => MonitorView): () => void {
  const meter = openTelemetry.getMeter('vecproof');
  const taken = METRICS.map(({ name, help, samples }) => {
    const gauge = meter.createObservableGauge(name.replace('vecproof_monitor_', 'vecproof.monitor.'), {
      description: help,
    });
    const callback: Parameters<typeof gauge.addCallback>[0] = (result) => {
      const now = view();
      for (const { labels, value } of samples(now))
        if (value !== undefined) result.observe(value, { migration: now.name, ...labels });
    };
    gauge.addCallback(callback);
    return () => gauge.removeCallback(callback);
  });
  return () => {
    for (const remove of taken) remove();
  };
}
