import { describe, expect, test } from 'vitest';
import type { Measure, TrialRow } from '../../../harness/model/results.js';
import { renderComparison } from '../../../reports/html/comparison.js';
import { type ComparedPart, comparisonOf } from '../../../reports/model/comparison.js';
import { buildReport } from '../../../reports/model.js';
import { fixture, HOSTILE } from './fixture.js';

/** The fixture's run, with other figures or another machine. */
function part(
  run: number,
  change: (row: TrialRow) => TrialRow = (row) => row,
  environment: { cpu?: string } = {},
  troubled = false,
): ComparedPart {
  const input = fixture({ troubled });
  const results = {
    ...input.results,
    environment: { ...input.results.environment, ...environment },
    trials: input.results.trials.map(change),
  };
  return { run, model: buildReport({ ...input, results }) };
}

const scaled = (measure: Measure, by: number): Measure => ({
  ...measure,
  value: measure.value * by,
  low: measure.low === null ? null : measure.low * by,
  high: measure.high === null ? null : measure.high * by,
});

/** Throughput of all rows times a factor, between narrow intervals. */
const faster = (by: number) => (row: TrialRow) => {
  const { throughput } = row.measures;
  if (throughput === undefined) return row;
  const narrow = { ...throughput, low: throughput.value * 0.99, high: throughput.value * 1.01 };
  return { ...row, measures: { ...row.measures, throughput: scaled(narrow, by) } };
};

const changes = (parts: readonly ComparedPart[], name = 'throughput') =>
  comparisonOf(parts)[0]!.rows.map(({ figures }) => figures[1]?.[name]?.change);

describe('runs side by side', () => {
  test('tell what is apart from what is not, and which side is better', () => {
    const twice = changes([part(1, faster(1)), part(2, faster(2))]);
    expect(twice.length).toBeGreaterThan(5);
    for (const change of twice) {
      expect(change).toMatchObject({ state: 'apart', better: true });
      expect(change!.value).toBeCloseTo(2, 9);
    }
    for (const change of changes([part(1, faster(1)), part(2, faster(0.5))]))
      expect(change).toMatchObject({ state: 'apart', better: false });
    for (const change of changes([part(1, faster(1)), part(2, faster(1.005))]))
      expect(change!.state).toBe('close');
  });

  test('say that it cannot be told where a figure is doubtful or has no interval', () => {
    const doubtful = (row: TrialRow) => ({ ...faster(2)(row), flags: ['busy-machine'] });
    for (const change of changes([part(1, faster(1)), part(2, doubtful)]))
      expect(change!.state).toBe('unknown');
    const bare = (row: TrialRow) => {
      const other = faster(2)(row);
      const { throughput } = other.measures;
      return throughput === undefined
        ? other
        : { ...other, measures: { ...other.measures, throughput: { ...throughput, low: null, high: null } } };
    };
    for (const change of changes([part(1, faster(1)), part(2, bare)])) expect(change!.state).toBe('unknown');
  });

  test('hold no times of another machine against each other, but recall', () => {
    const parts = [part(1, faster(1)), part(2, faster(2), { cpu: 'Another' })];
    expect(comparisonOf(parts)[0]!.otherMachines).toEqual([2]);
    for (const change of changes(parts)) expect(change).toBeUndefined();
    for (const change of changes(parts, 'recall.ties@10')) expect(change).toMatchObject({ value: 0 });
  });

  test('hold nothing against each other that was asked of other data', () => {
    const other = part(2);
    const { results } = other.model;
    const model = {
      ...other.model,
      results: { ...results, dataset: { ...results.dataset, hash: 'f'.repeat(64) } },
    };
    expect(comparisonOf([part(1), { run: 2, model }])).toEqual([]);
  });

  test('count what one run alone has', () => {
    const [kept] = part(1).model.points;
    const only = (row: TrialRow) =>
      row.id === kept!.id ? row : { ...row, state: 'failed' as const, measures: {} };
    const [table] = comparisonOf([part(1), part(2, only)]);
    expect(table!.rows).toHaveLength(1);
    expect(table!.single).toBe(part(1).model.points.length - 1);
  });

  test('print hostile names as text', () => {
    const parts = [part(1, undefined, {}, true), part(2, undefined, {}, true)];
    const page = renderComparison({
      parts,
      tables: comparisonOf(parts),
      command: 'vecproof compare <script>alert(1)</script>',
      vecproof: '0',
    });
    expect(page).not.toContain('<script>alert(1)');
    for (const text of Object.values(HOSTILE).flat())
      if (typeof text === 'string' && text.includes('<')) expect(page).not.toContain(text);
  });
});
