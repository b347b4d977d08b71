import { CAUSES, noCauses } from '../../../harness/measures/parity-causes.js';
import type { Measure, ParityResult, ParityRow } from '../../../harness/model/results.js';
import { historyLine } from '../../../harness/store/history.js';
import type { ReportInput } from '../../../reports/model.js';
import { fixture, HOSTILE } from './fixture.js';

const measure = (value: number, half = 0.004): Measure => ({
  value,
  low: Math.max(0, value - half),
  high: Math.min(1, value + half),
  n: 2000,
});

function rowOf(group: string, lost: readonly number[], overlap: number): ParityRow {
  const counts = { ...noCauses(), ...Object.fromEntries(CAUSES.map((cause, i) => [cause, lost[i] ?? 0])) };
  const total = lost.slice(1).reduce((sum, each) => sum + each, 0);
  const count = (value: number) => ({ value, low: null, high: null, n: 2000 });
  return {
    group,
    queries: 1000,
    comparisons: 2000,
    ids: 20_000,
    measures: {
      'overlap@10': measure(overlap),
      'rbo@10': measure(overlap - 0.004),
      'parity.displacement': { value: 0.021, low: 0.016, high: 0.027, n: 2000 },
      'parity.errors': measure(1, 0),
      'parity.latency': { value: 1.83, low: 1.8, high: 1.86, n: 2000 },
      'parity.kept': measure(1 - total / 20_000),
      'parity.lost': count(total),
      'parity.gained': count(total),
      'parity.ties': count(lost[0] ?? 0),
    },
    lost: counts,
    gained: counts,
  };
}

/** The plain report's run with two comparisons (one of them impossible) and thirty nights, one level changed. */
export function parityFixture(): ReportInput {
  const input = fixture();
  const [a, b] = [input.results.trials[3]!, input.results.trials.at(-1)!];
  const side = ({ id, engine, series }: typeof a) => ({
    run: 'r',
    trial: id,
    engine,
    series,
    setting: `${series} ef=64`,
  });
  const base = { name: 'move', k: 10, reference: side(a), candidate: side(b), reason: null, notes: [] };
  const parity: ParityResult[] = [
    {
      ...base,
      state: 'measured',
      rows: [
        rowOf('all', [12, 380, 40, 0, 20, 0, 0, 0], 0.978),
        rowOf(HOSTILE.html, [0, 100, 0, 0, 0, 3, 0, 1], 0.9948),
      ],
      floor: { state: 'measured', reason: null, builds: 1, rows: [rowOf('all', [0, 90, 30], 0.994)] },
      notes: [`${HOSTILE.html} note`],
    },
    { ...base, name: 'gone', state: 'absent', reason: `failed: ${HOSTILE.close}`, rows: [], floor: null },
  ];
  const now = historyLine(input.results, undefined);
  const history = Array.from({ length: 30 }, (_, night) => ({
    ...now,
    run: `night-${night}`,
    started: `2026-0${1 + Math.floor(night / 15)}-${String(10 + (night % 15)).padStart(2, '0')}T02:00:00.000Z`,
    trials: Object.fromEntries(
      Object.entries(now.trials).map(([id, { recall = 0, ...rest }], i) => [
        id,
        { ...rest, recall: recall + (i % 2 === 0 && night < 18 ? 0.006 : 0) },
      ]),
    ),
  }));
  return { ...input, results: { ...input.results, parity }, history };
}
