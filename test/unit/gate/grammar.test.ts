import { describe, expect, it, test } from 'vitest';
import { parseGates } from '../../../harness/gate/gates.js';
import { GrammarFault, parseCheck, parseSubject } from '../../../harness/gate/grammar.js';
import { definitionOf, measureNames } from '../../../harness/model/measures/catalogue.js';

const KS = [1, 10];
const check = (subject: string, text: string) => parseCheck(text, parseSubject(subject, KS));

test('every measure of the catalogue can be gated', () => {
  const names = measureNames(KS);
  expect(names.length).toBeGreaterThan(50);
  const parities = KS.map((k) => ({ name: `at ${k}`, k }));
  for (const name of names) {
    const { kind } = definitionOf(name)!;
    const aggregate = { mean: 'mean', count: 'total', time: 'value', cost: 'value' }[kind];
    const subject = parseSubject(name, KS, parities);
    expect(parseCheck(`${aggregate} <= 1`, subject).about).toEqual(definitionOf(name));
  }
});

describe('what the grammar reads', () => {
  // Subject | check | measure | aggregate | operator | limit in the measure's own unit | relative
  const READ: [string, string, string, string, string, number, boolean][] = [
    ['recall@10{engine:pgvector,ef:100}', 'mean >= 0.95', 'recall@10', 'mean', '>=', 0.95, false],
    ['recall.ties@10', ' mean>=95% ', 'recall.ties@10', 'mean', '>=', 0.95, false],
    ['latency{workload:open}', 'p(99) < 25ms', 'latency.p99', 'value', '<', 25, false],
    ['latency', 'p(99.9) <= 0.1 s', 'latency.p99.9', 'value', '<=', 100, false],
    ['latency', 'mean < 500us', 'latency.mean', 'mean', '<', 0.5, false],
    ['latency.p95', 'value < 25', 'latency.p95', 'value', '<', 25, false],
    ['errors', 'total == 0', 'errors', 'total', '==', 0, false],
    ['memory.peak', 'value < 2GiB', 'memory.peak', 'value', '<', 2 ** 31, false],
    ['build.seconds', 'value < 500ms', 'build.seconds', 'value', '<', 0.5, false],
    ['ndcg@10', 'change(baseline) > -1%', 'ndcg@10', 'change', '>', -0.01, true],
    ['recall@10', 'change( baseline ) >= -0.5pt', 'recall@10', 'change', '>=', -0.005, false],
    ['recall@10', 'change(baseline) > -.005', 'recall@10', 'change', '>', -0.005, false],
    ['distance.error', 'change(baseline) < 5%', 'distance.error', 'change', '<', 0.05, true],
    ['latency.p95', 'change(baseline) < +15%', 'latency.p95', 'change', '<', 0.15, true],
    ['recall@1', 'drop(baseline) < 0.2pt', 'recall@1', 'drop', '<', 0.002, false],
  ];
  it.each(READ)('%s: %s', (subject, text, measure, aggregate, operator, limit, relative) => {
    const read = check(subject, text);
    expect(read).toMatchObject({ measure, aggregate, operator, relative });
    expect(read.limit).toBeCloseTo(limit, 12);
  });

  it('selectors with spaces, dots and colons in values', () => {
    expect(parseSubject('recall@10{ series : usearch hnsw , index.m:16,id:a:b}', KS)).toEqual({
      name: 'recall@10',
      selectors: [
        { key: 'series', value: 'usearch hnsw' },
        { key: 'index.m', value: '16' },
        { key: 'id', value: 'a:b' },
      ],
    });
  });
});

describe('what it refuses, and where', () => {
  const REFUSED: [string, string, RegExp, number][] = [
    ['recal@10', 'mean >= 0.9', /unknown measure "recal@10". Did you mean "recall@10"/, 0],
    ['recall@20', 'mean >= 0.9', /not measured: the suite's k is 1, 10, not 20/, 7],
    ['{ef:1}', 'mean >= 0.9', /needs the name of a measure/, 0],
    ['recall@10{ef:1', 'mean >= 0.9', /"\{" without a "\}"/, 9],
    ['recall@10{ef}', 'mean >= 0.9', /not key:value, "ef"/, 10],
    ['recall@10{m:8,ef:}', 'mean >= 0.9', /not key:value, "ef:"/, 14],
    ['recall@10{ef:1,ef:2}', 'mean >= 0.9', /"ef" twice/, 15],
    ['recall@10', 'meen >= 0.9', /must begin with mean/, 0],
    ['recall@10', 'mean => 0.9', /needs one of >=/, 4],
    ['recall@10', 'mean >= high', /needs one number/, 7],
    ['recall@10', 'mean >= 0.9 0.8', /needs one number/, 7],
    ['recall@10', 'mean >= 25ms', /unit "ms", but this measure takes %/, 10],
    ['recall@10', 'mean >= 5pt', /unit "pt"/, 9],
    ['recall@10', 'mean >= 95', /between 0 and 1/, 8],
    ['recall@10', 'mean >= -0.1', /must not be negative/, 8],
    ['recall@10', 'total >= 1', /takes mean, not total/, 0],
    ['recall@10', 'p(99) >= 1', /takes p\(…\) for latency only/, 0],
    ['latency', 'p(98) < 1', /knows the quantiles 50, 90, 95, 99, 99.9/, 0],
    ['latency', 'total < 1', /needs mean or p\(…\)/, 0],
    ['errors', 'mean == 0', /takes total, not mean/, 0],
    ['errors', 'change(baseline) < 1%', /is a count/, 0],
    ['throughput', 'mean > 5', /takes value, not mean/, 0],
    ['throughput', 'value == 5', /cannot be met exactly/, 6],
    ['throughput', 'drop(baseline) < 5%', /only for means over queries/, 0],
    ['latency.p95', 'change(baseline) < 5ms', /needs a %/, 20],
    ['recall@10', 'change(baseline) < 1%', /needs > or >=/, 17],
    ['recall@10', 'change(baseline) > -200%', /outside of what can change/, 19],
    ['recall@10', 'drop(baseline) > 1pt', /needs < or <=/, 15],
    ['recall@10', 'drop(baseline) < -1pt', /must not be negative/, 17],
    ['__proto__', 'mean >= 0', /unknown measure/, 0],
  ];
  it.each(REFUSED)('%s: %s', (subject, text, message, offset) => {
    const fault = (() => {
      try {
        check(subject, text);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(fault).toBeInstanceOf(GrammarFault);
    expect((fault as GrammarFault).message).toMatch(message);
    expect((fault as GrammarFault).offset).toBe(offset);
  });
});

describe('gates of a suite', () => {
  const faults = (given: unknown) => parseGates(given, KS).faults.map(({ what }) => what);

  it('take levels, lists and presets; the suite’s own gate replaces that of the preset', () => {
    const { set, faults } = parseGates(
      {
        preset: 'nightly',
        inconclusive: 'error',
        'recall.ties@10': [{ check: 'drop(baseline) < 1pt', level: 'warn' }, 'mean >= 0.9'],
        errors: { check: 'total <= 3', level: 'off', by: 'value' },
      },
      KS,
    );
    expect(faults).toEqual([]);
    expect(set.inconclusive).toBe('error');
    expect(set.gates.map(({ name, level, source }) => `${name} ${level} ${source}`)).toEqual([
      'recall.ties@10: drop(baseline) < 1pt warn suite',
      'recall.ties@10: mean >= 0.9 error suite',
      'errors: total <= 3 off suite',
      'latency.p95: change(baseline) < 15% warn preset nightly',
      'filter.violations: total == 0 error preset nightly',
      'leaks: total == 0 error preset nightly',
    ]);
  });

  it.each(['quickstart', 'nightly', 'migration'])('preset %s alone is right, for any k', (preset) => {
    for (const ks of [[10], [1, 100]]) {
      const { set, faults } = parseGates({ preset }, ks);
      expect(faults).toEqual([]);
      expect(set.gates.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['>= 0.95', '<= 0.9'],
    ['> 0.9', '< 0.9'],
    ['> 0.9', '<= 0.9'],
    ['== 1', '< 1'],
    ['== 1', '!= 1'],
    ['== 0.5', '== 0.6'],
  ])('that contradict each other are refused: mean %s and mean %s', (a, b) => {
    expect(faults({ 'recall@10': [`mean ${a}`, `mean ${b}`] })).toEqual([
      `contradicts "recall@10: mean ${a}": no figure meets both`,
    ]);
  });

  it('that can both be met, or are about other trials, are not', () => {
    expect(faults({ 'recall@10': ['mean >= 0.9', 'mean <= 0.9'] })).toEqual([]);
    expect(faults({ 'recall@10{m:8}': 'mean >= 0.95', 'recall@10{m:16}': 'mean < 0.9' })).toEqual([]);
    expect(faults({ 'recall@10{a:1,b:2}': 'mean >= 0.95', 'recall@10{b:2,a:1}': 'mean < 0.9' })).toHaveLength(
      1,
    );
  });

  it('of an unknown preset, level or key are refused with what is known', () => {
    expect(faults({ preset: 'nigthly' })[0]).toContain('Did you mean "nightly"?');
    expect(faults({ 'recall@10': { check: 'mean > 0', level: 'fatal' } })[0]).toContain(
      '"off" or "warn" or "error"',
    );
    expect(faults({ 'recall@10': { check: 'mean > 0', lvel: 'warn' } })[0]).toContain(
      'Did you mean "level"?',
    );
    expect(faults({ 'recall@10': { level: 'warn' } })[0]).toContain('must be a check');
    expect(faults({ 'recall@10': 0.9 })[0]).toContain('must be a check');
    expect(faults({ 'recall@10': [] })).toEqual(['must not be empty']);
    expect(faults({})).toEqual(['must not be empty']);
    expect(faults(['recall@10'])[0]).toContain('must be a map');
  });

  it('on a change of speed are warnings, never errors: such runs were not interleaved', () => {
    expect(parseGates({ 'latency.p95': 'change(baseline) < 10%' }, KS).set.gates[0]?.level).toBe('warn');
    expect(faults({ 'latency.p95': { check: 'change(baseline) < 10%', level: 'error' } })[0]).toContain(
      'can only be a warning',
    );
  });
});
