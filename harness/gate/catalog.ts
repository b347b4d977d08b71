/**
 * What a gate needs to know of a measure. `mean`: averaged over queries, with an interval; `time`: depends on the
 * machine and the hour; `count`: added up over trials; `cost`: one observation per build.
 */
export type MeasureKind = 'mean' | 'time' | 'count' | 'cost';
export type MeasureUnit = 'share' | 'ratio' | 'ms' | 'queries/s' | 'points/s' | 's' | 'bytes' | 'count';

export interface GateMeasure {
  kind: MeasureKind;
  unit: MeasureUnit;
  better: 'higher' | 'lower' | 'neither';
  /** Of two trials compared (`parity:` of the suite), not of one. */
  parity?: true;
  /** Says nothing without an interval: what the machine did meanwhile is in it. */
  needsInterval?: true;
}

const mean = (unit: MeasureUnit, better: GateMeasure['better']): GateMeasure => ({
  kind: 'mean',
  unit,
  better,
});
const time = (unit: MeasureUnit, better: GateMeasure['better']): GateMeasure => ({
  kind: 'time',
  unit,
  better,
});
const cost = (unit: MeasureUnit, better: GateMeasure['better']): GateMeasure => ({
  kind: 'cost',
  unit,
  better,
});
/** Compares two trials of one run. */
const agreement = (unit: MeasureUnit, better: GateMeasure['better']): GateMeasure => ({
  kind: 'mean',
  unit,
  better,
  parity: true,
});
const count: GateMeasure = { kind: 'count', unit: 'count', better: 'lower' };

/** Quantiles of latency that are measured. */
export const LATENCY_QUANTILES = ['50', '90', '95', '99', '99.9'] as const;

/** Measures that can be gated; `@k` stands for any depth. A test holds them in step with the reports' definitions. */
export const GATE_MEASURES: Readonly<Record<string, GateMeasure>> = {
  'recall@k': mean('share', 'higher'),
  'recall.ties@k': mean('share', 'higher'),
  'distance.error': mean('ratio', 'lower'),
  'ndcg@k': mean('share', 'higher'),
  'ndcg.exp@k': mean('share', 'higher'),
  'precision@k': mean('share', 'higher'),
  'success@k': mean('share', 'higher'),
  mrr: mean('share', 'higher'),
  map: mean('share', 'higher'),
  'overlap@k': agreement('share', 'higher'),
  'jaccard@k': agreement('share', 'higher'),
  'rbo@k': agreement('share', 'higher'),
  'tau@k': agreement('ratio', 'higher'),
  'parity.kept': agreement('share', 'higher'),
  'parity.displacement': agreement('ratio', 'lower'),
  'parity.order': agreement('share', 'higher'),
  'parity.empty': agreement('share', 'higher'),
  'parity.errors': agreement('share', 'higher'),
  'parity.latency': { ...agreement('ratio', 'lower'), needsInterval: true },
  'parity.lost': { ...count, parity: true },
  'parity.gained': { ...count, parity: true },
  'parity.ties': { ...count, better: 'neither', parity: true },
  throughput: time('queries/s', 'higher'),
  'latency.mean': time('ms', 'lower'),
  ...Object.fromEntries(LATENCY_QUANTILES.map((q) => [`latency.p${q}`, time('ms', 'lower')])),
  errors: count,
  'returned.short': count,
  'filter.violations': count,
  'filter.underfill': count,
  'filter.wrongEmpty': count,
  'filter.wrongFilled': count,
  leaks: count,
  'engine.share': { kind: 'cost', unit: 'share', better: 'neither' },
  'load.seconds': cost('s', 'lower'),
  'load.pointsPerSecond': cost('points/s', 'higher'),
  'index.seconds': cost('s', 'lower'),
  'build.seconds': cost('s', 'lower'),
  'memory.peak': cost('bytes', 'lower'),
  'memory.baseline': cost('bytes', 'neither'),
  'index.size': cost('bytes', 'lower'),
  'client.memory.peak': cost('bytes', 'lower'),
  'server.memory.peak': cost('bytes', 'lower'),
  'server.cpu.seconds': cost('s', 'lower'),
  'server.disk': cost('bytes', 'lower'),
  'server.start.seconds': { kind: 'cost', unit: 's', better: 'neither' },
  'machine.foreign': { kind: 'cost', unit: 'ratio', better: 'neither' },
};

/** `recall@10` is found as `recall@k`; undefined if there is no such measure. */
export function gateMeasure(name: string): GateMeasure | undefined {
  if (Object.hasOwn(GATE_MEASURES, name)) return name.endsWith('@k') ? undefined : GATE_MEASURES[name];
  const [, stem] = /^(.*)@[1-9]\d*$/.exec(name) ?? [];
  const pattern = stem === undefined ? undefined : `${stem}@k`;
  return pattern !== undefined && Object.hasOwn(GATE_MEASURES, pattern) ? GATE_MEASURES[pattern] : undefined;
}

/** The depth in `recall@10`; undefined for a measure without one. */
export function depthOf(name: string): number | undefined {
  const [, depth] = /@(\d+)$/.exec(name) ?? [];
  return depth === undefined ? undefined : Number(depth);
}

/** Names to propose for a misspelt one, with the depths that the suite measures. */
export function gateNames(ks: readonly number[]): string[] {
  const names = Object.keys(GATE_MEASURES).flatMap((name) =>
    name.endsWith('@k') ? ks.map((k) => name.replace('@k', `@${k}`)) : [name],
  );
  return ['latency', ...names];
}
