import type { BaselineData } from '../../../harness/gate/comparison.js';
import { parseGates } from '../../../harness/gate/gates.js';
import { judge } from '../../../harness/gate/judge.js';
import type { Column } from '../../../harness/measures/by-query.js';
import type { Measure, TrialRow } from '../../../harness/model/results.js';
import type { Verdict } from '../../../harness/model/verdict.js';

export const measure = (value: number, low: number | null = null, high: number | null = null): Measure => ({
  value,
  low,
  high,
  n: 1000,
});

export function row(id: string, measures: TrialRow['measures'], more: Partial<TrialRow> = {}): TrialRow {
  return {
    id,
    dataset: 'd',
    build: 'b',
    engine: 'e',
    engineVersion: '1',
    series: 'e hnsw',
    index: { type: 'hnsw', m: 16 },
    search: { ef: Number(/\d+$/.exec(id)?.[0] ?? 0) },
    workload: 'serial',
    group: 'all',
    state: 'completed',
    reason: null,
    error: null,
    flags: [],
    measures,
    ...more,
  };
}

/** Judges gates on rows; faults of the gates are faults of the test. */
export function verdictsOf(
  gates: Record<string, unknown>,
  trials: readonly TrialRow[],
  baseline?: BaselineData,
): Verdict[] {
  const { set, faults } = parseGates(gates, [10]);
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  return judge({ set, trials, baseline });
}

export const columnOf = (values: ArrayLike<number>): Column => ({
  queries: Int32Array.from({ length: values.length }, (_, i) => i),
  values: Float64Array.from(values),
});

/** A baseline of one or several builds, the same for all trials. */
export function baselineOf(
  now: ArrayLike<number>,
  before: readonly ArrayLike<number>[],
  more: Partial<BaselineData> = {},
): BaselineData {
  const rows = before.map(() => row('t1', { 'recall@10': measure(1), 'latency.p95': measure(10, 9, 11) }));
  return {
    name: 'main',
    runs: before.map((_, i) => `run${i}`),
    paired: true,
    column: () => columnOf(now),
    partner: () => ({ rows, columns: before.map(columnOf) }),
    ...more,
  };
}
