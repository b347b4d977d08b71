import type { LoggedEvent } from '../../../harness/model/events.js';
import type { Manifest } from '../../../harness/model/manifest.js';
import type { PlannedBuild } from '../../../harness/model/plan.js';
import type { Measure, Measures, Results, TrialRow } from '../../../harness/model/results.js';
import { workloadOf } from '../../../harness/model/workload.js';
import type { ReportInput } from '../../../reports/model.js';

/** Text that would do harm if any output forgot to escape or neutralise it. */
export const HOSTILE = {
  html: '"><script>window.__hacked = 1</script><img src=x onerror="window.__hacked=1">',
  close: '</script><script>window.__hacked = 2</script>',
  formula: '=cmd|"/c calc"!A1',
  terminal: 'red\u001b[31m \u001b]0;title\u0007\r\nsecond line',
} as const;

interface Shape {
  engine: string;
  series: string;
  version: string;
  /** Index parameters of each build. */
  builds: readonly Record<string, string | number | boolean>[];
  effort: string;
  efforts: readonly number[];
  /** Recall and queries/s at an effort, before noise. */
  recall: (effort: number, build: number) => number;
  qps: (effort: number, build: number) => number;
  buildSeconds: number;
  bytes: number;
}

const hnswRecall = (quality: number) => (ef: number, build: number) =>
  1 - Math.exp(-((ef / 16) ** 0.75) * quality * (1 + build * 0.35));

/** Made-up contenders whose figures have the shape of real ones; nothing here is a claim about an engine. */
const SHAPES: readonly Shape[] = [
  {
    engine: 'usearch',
    series: 'usearch hnsw',
    version: '2.25.3',
    effort: 'ef',
    efforts: [8, 16, 32, 64, 128, 256, 512],
    builds: [8, 16, 32].map((m) => ({ type: 'hnsw', quantization: 'none', m, efConstruction: 128 })),
    recall: hnswRecall(1.15),
    qps: (ef, b) => 19_000 / (1 + ef / 22) / (1 + b * 0.2),
    buildSeconds: 4.1,
    bytes: 34e6,
  },
  {
    engine: 'usearch',
    series: 'usearch hnsw-sq8',
    version: '2.25.3',
    effort: 'ef',
    efforts: [16, 32, 64, 128, 256],
    builds: [16, 32].map((m) => ({ type: 'hnsw', quantization: 'sq8', m, efConstruction: 128 })),
    recall: (ef, b) => Math.min(0.972 + b * 0.004, hnswRecall(1)(ef, b)),
    qps: (ef, b) => 26_000 / (1 + ef / 24) / (1 + b * 0.2),
    buildSeconds: 2.6,
    bytes: 11e6,
  },
  {
    engine: 'hnswlib',
    series: 'hnswlib hnsw',
    version: '0.8.0',
    effort: 'ef',
    efforts: [10, 20, 40, 80, 160, 320],
    builds: [8, 16, 32].map((m) => ({ type: 'hnsw', quantization: 'none', m, efConstruction: 128 })),
    recall: hnswRecall(1.2),
    qps: (ef, b) => 15_000 / (1 + ef / 20) / (1 + b * 0.25),
    buildSeconds: 6.8,
    bytes: 35e6,
  },
  {
    engine: 'lancedb',
    series: 'lancedb flat',
    version: '0.31.0',
    effort: '',
    efforts: [0],
    builds: [{ type: 'flat', quantization: 'none' }],
    recall: () => 1,
    qps: () => 96,
    buildSeconds: 0.3,
    bytes: 31e6,
  },
  {
    engine: 'lancedb',
    series: 'lancedb ivf',
    version: '0.31.0',
    effort: 'nprobe',
    efforts: [1, 2, 4, 8, 16, 32],
    builds: [64, 128].map((nlist) => ({ type: 'ivf', quantization: 'none', nlist })),
    recall: (n, b) => 1 - 0.45 * Math.exp(-n / (4 + b * 2)),
    qps: (n, b) => 640 / (1 + n / (9 + b * 4)),
    buildSeconds: 0.9,
    bytes: 31.5e6,
  },
  {
    engine: 'lancedb',
    series: 'lancedb ivf-pq',
    version: '0.31.0',
    effort: 'nprobe',
    efforts: [1, 2, 4, 8, 16, 32],
    builds: [24, 48].map((pqSegments) => ({
      type: 'ivf',
      quantization: 'pq',
      nlist: 64,
      pqSegments,
      bits: 8,
    })),
    recall: (n, b) => (0.62 + b * 0.18) * (1 - 0.35 * Math.exp(-n / 4)),
    qps: (n) => 720 / (1 + n / 14),
    buildSeconds: 7.5,
    bytes: 1.4e6,
  },
  {
    engine: 'lancedb',
    series: 'lancedb hnsw-sq',
    version: '0.31.0',
    effort: 'ef',
    efforts: [16, 32, 64, 128, 256],
    builds: [16, 32].map((m) => ({ type: 'hnsw', quantization: 'sq8', nlist: 1, m, efConstruction: 128 })),
    recall: (ef, b) => Math.min(0.988, hnswRecall(1.05)(ef, b)),
    qps: (ef, b) => 900 / (1 + ef / 150) / (1 + b * 0.1),
    buildSeconds: 9.2,
    bytes: 13.9e6,
  },
];

/** Small deterministic generator (mulberry32), so that golden files stay the same. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface FixtureOptions {
  /** Adds failures, skips, flags, warnings and hostile names. */
  troubled?: boolean;
  /** At least so many trials, by adding efforts. */
  trials?: number;
  series?: readonly string[];
  /** Adds rows to those of the run. */
  more?: (rows: readonly TrialRow[]) => TrialRow[];
}

const QUERIES = 1000;

/** A run with several contenders, as `{ results, manifest, events, logs }`. */
export function fixture({
  troubled = false,
  trials = 0,
  series,
  more = (rows) => [...rows],
}: FixtureOptions = {}): ReportInput {
  const next = random(7);
  const shapes = SHAPES.filter((shape) => series === undefined || series.includes(shape.series));
  const base = shapes.reduce((sum, { builds, efforts }) => sum + builds.length * efforts.length, 0);
  const factor = Math.max(1, Math.ceil(trials / base));
  const measured = shapes.flatMap((shape) =>
    shape.builds.flatMap((index, b) => buildRows(shape, index, b, next, factor)),
  );
  if (troubled) trouble(measured);
  const rows = more(measured);
  const plan = planOf(rows);
  const manifest = manifestOf(plan);
  return {
    results: resultsOf(manifest, rows, troubled),
    manifest,
    events: eventsOf(rows),
  };
}

function buildRows(
  shape: Shape,
  index: Record<string, string | number | boolean>,
  b: number,
  next: () => number,
  factor: number,
): TrialRow[] {
  const build = `${shape.series.replace(/ /g, '-')}-${b + 1}`;
  const speed = 0.94 + next() * 0.12;
  const costs = costMeasures(shape, b, next);
  const efforts =
    shape.effort === ''
      ? [0]
      : shape.efforts.flatMap((effort) =>
          Array.from({ length: factor }, (_, i) => Math.round(effort * (1 + i * 0.13) + i)),
        );
  return [...new Set(efforts)].map((effort) => ({
    id: shape.effort === '' ? build : `${build}-${shape.effort}${effort}`,
    dataset: 'fixture',
    build,
    engine: shape.engine,
    engineVersion: shape.version,
    series: shape.series,
    index,
    search: shape.effort === '' ? {} : { [shape.effort]: effort },
    k: 10,
    depths: [1, 10],
    workload: 'serial',
    group: 'all',
    state: 'completed' as const,
    reason: null,
    error: null,
    flags: [],
    measures: { ...searchMeasures(shape, effort, b, speed, next), ...costs },
  }));
}

const figure = (value: number, spread: number, n: number): Measure => ({
  value,
  low: value - spread,
  high: value + spread,
  n,
});
const single = (value: number): Measure => ({ value, low: null, high: null, n: 1 });

function searchMeasures(
  shape: Shape,
  effort: number,
  b: number,
  speed: number,
  next: () => number,
): Measures {
  // Recall is a count of found neighbours: 10 per query.
  const ties = Math.round(Math.min(1, shape.recall(effort, b)) * QUERIES * 10) / (QUERIES * 10);
  const spread = 1.96 * Math.sqrt((ties * (1 - ties)) / (QUERIES * 6));
  const share = (value: number): Measure => ({
    value,
    low: Math.max(0, value - spread),
    high: Math.min(1, value + spread),
    n: QUERIES,
  });
  const qps = shape.qps(effort, b) * speed * (0.97 + next() * 0.06);
  const mean = 1000 / qps;
  const n = QUERIES * 3;
  return {
    'recall@1': share(Math.min(1, ties * 1.005)),
    'recall@10': share(Math.max(0, ties - 0.004)),
    'recall.ties@10': share(ties),
    'distance.error': figure((1 - ties) * 0.06, (1 - ties) * 0.004, QUERIES),
    'latency.mean': figure(mean, mean * 0.02, n),
    'latency.p50': figure(mean * 0.92, mean * 0.015, n),
    'latency.p90': figure(mean * 1.35, mean * 0.03, n),
    'latency.p95': figure(mean * 1.6, mean * 0.06, n),
    'latency.p99': figure(mean * 2.4, mean * 0.25, n),
    'latency.p99.9': figure(mean * 4.4, mean * 1.1, n),
    throughput: figure(qps, qps * 0.022, n),
    errors: { value: 0, low: null, high: null, n },
  };
}

function costMeasures({ buildSeconds, bytes }: Shape, b: number, next: () => number): Measures {
  const index = buildSeconds * (1 + b * 0.45) * (0.95 + next() * 0.1);
  return {
    'load.seconds': single(0.21 + next() * 0.05),
    'load.pointsPerSecond': single(20_000 / 0.23),
    'index.seconds': single(index),
    'build.seconds': single(index + 0.23),
    'memory.baseline': single(78e6 + next() * 4e6),
    'memory.peak': single(120e6 + bytes * (2 + b * 0.3) + next() * 9e6),
    'index.size': single(bytes * (1 + b * 0.06)),
  };
}

/** A dead build, a hang, skips, a flag, missing measures and hostile texts. */
function trouble(rows: TrialRow[]): void {
  const dead = rows.filter(({ build }) => build === 'lancedb-ivf-pq-2');
  for (const row of dead)
    Object.assign(row, {
      state: 'failed',
      error: `the process of the build crashed with signal SIGSEGV\nlast output:\nthread panicked at kmeans.rs:212\n${HOSTILE.close}`,
      measures: {},
    });
  const skipped = rows.filter(({ build }) => build === 'usearch-hnsw-sq8-2');
  for (const row of skipped)
    Object.assign(row, {
      state: 'skipped',
      reason: 'sq8 with l2 is declared unsupported by the engine',
      measures: {},
    });
  const last = rows.at(-1)!;
  Object.assign(last, {
    state: 'aborted',
    error: `search passed its deadline of 120 s ${HOSTILE.html}${HOSTILE.terminal}`,
    measures: {},
  });
  const hostile = rows.find(({ series }) => series === 'hnswlib hnsw')!;
  Object.assign(hostile, {
    series: HOSTILE.html,
    flags: ['duplicate-hits', HOSTILE.formula],
    id: `${hostile.id} ${HOSTILE.html}`,
  });
  const formula = rows.filter(({ series }) => series === 'hnswlib hnsw')[1]!;
  Object.assign(formula, {
    search: { ...formula.search, note: HOSTILE.formula, close: HOSTILE.close },
    reason: HOSTILE.formula,
  });
  for (const row of rows.filter(({ series }) => series === 'lancedb flat')) {
    delete row.measures['index.size'];
    delete row.measures['latency.p99'];
    row.flags.push('mixed-builds');
  }
}

function planOf(rows: readonly TrialRow[]): PlannedBuild[] {
  const plan = new Map<string, PlannedBuild>();
  for (const { build, engine, series, index, id, search, ...row } of rows) {
    const entry = plan.get(build) ?? { id: build, engine, series, index, trials: [] };
    entry.trials.push({ id, search, workload: workloadOf(row) });
    plan.set(build, entry);
  }
  return [...plan.values()];
}

const DATASET = {
  name: 'debian-packages-20k',
  source: 'debian-packages-20k',
  hash: '90322b2b35d5d9488e442f8d3c391d3ce88b2b4376e2f13c1002f90755f155f9',
  metric: 'cosine',
  metricSource: 'declared',
  dimensions: 384,
  count: 20_000,
  licence: 'package metadata of the Debian archive; terms differ by package',
  provenance: 'Debian 12 main amd64, embedded with all-MiniLM-L6-v2',
} as const;

function manifestOf(plan: PlannedBuild[]): Manifest {
  return {
    schema: 1,
    id: '20261122-220000-quickstart',
    vecproof: '0.1.0',
    created: '2026-11-22T22:00:00.000Z',
    command: 'npx vecproof run suites/quickstart.yaml',
    suite: {
      name: 'quickstart',
      path: 'suites/quickstart.yaml',
      text: 'version: 1\nname: quickstart\ndataset: debian-packages-20k\nk: 10\n',
      description: 'Three embedded engines on real text embeddings (figures made up for tests).',
    },
    dataset: DATASET,
    datasetOptions: { nameOrPath: 'debian-packages-20k', metric: null, queriesFile: null },
    queries: {
      set: 'new-packages',
      count: QUERIES,
      hash: '74f7298b03986602fc4ccd2189c612b7ab57246d06c6fdf239e2cba559075214',
    },
    truth: {
      kernel: 'usearch 2.25.3 + float64',
      depth: 100,
      seconds: 2.4,
      fromCache: false,
      ties: { '1': 0.012, '10': 0.041 },
      intrinsicDimension: 17.3,
      providedAgreement: null,
    },
    ks: [1, 10],
    repeat: 3,
    warmup: 200,
    seed: 42,
    threads: 2,
    memoryLimitBytes: 4 * 2 ** 30,
    deadlineSeconds: { create: 60, load: 600, index: 900, search: 600 },
    environment: {
      cpu: 'Example CPU @ 2.50GHz',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      platform: 'linux x64',
      kernel: '6.1.0',
      node: 'v20.20.2',
      memoryLimitBytes: null,
    },
    packages: { usearch: '2.25.3', 'hnswlib-node': '3.0.0', '@lancedb/lancedb': '0.31.0' },
    plan,
  };
}

function resultsOf(manifest: Manifest, trials: TrialRow[], troubled: boolean): Results {
  const { dataset, queries, truth, ks, environment, packages } = manifest;
  return {
    schema: 1,
    run: {
      id: manifest.id,
      suite: manifest.suite.name,
      vecproof: manifest.vecproof,
      started: manifest.created,
      finished: '2026-11-22T22:04:12.000Z',
      state: 'completed',
      command: manifest.command,
    },
    dataset,
    queries,
    truth,
    ks,
    environment,
    packages,
    warnings: troubled ? [`foreign processes used 0.3 cores during 2 trials ${HOSTILE.html}`] : [],
    trials,
  };
}

function eventsOf(rows: readonly TrialRow[]): LoggedEvent[] {
  const builds = [...new Map(rows.map((row) => [row.build, row])).values()];
  return builds.map((row) => ({
    type: 'buildEnd',
    time: '2026-11-22T22:01:00.000Z',
    build: row.build,
    attempt: 1,
    state: row.state,
    cost: {
      details: row.index['type'] === 'ivf' ? { partitions: Number(row.index['nlist']) } : { levels: 4 },
    },
  }));
}
