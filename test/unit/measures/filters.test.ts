import { describe, expect, it } from 'vitest';
import { Selection } from '../../../filters/selection.js';
import { unreachableJudgements } from '../../../harness/app/judgements.js';
import { FLAW, filterMeasures } from '../../../harness/measures/filters.js';
import { bandOf, countedHits, groupsOf, samplesOfQueries } from '../../../harness/measures/groups.js';
import { relevanceFigures } from '../../../harness/measures/judged.js';
import { unitsOf } from '../../../harness/measures/units.js';
import type { Samples } from '../../../harness/model/samples.js';
import { emptySamples } from '../../../harness/store/samples.js';

/** One answer for each query: rows, and the flaws of each. */
function answers(...lists: { rows: number[]; flaws?: number[]; failed?: true }[]): Samples {
  const samples = emptySamples(lists.length, 3);
  samples.flaws = new Uint8Array(lists.length * 3);
  lists.forEach(({ rows, flaws = [], failed }, i) => {
    samples.query[i] = i;
    samples.returned[i] = failed === true ? -1 : rows.length;
    if (failed === true) samples.error[i] = 'broken';
    samples.rows.set(rows, i * 3);
    samples.flaws!.set(flaws, i * 3);
  });
  return samples;
}

const fact = (matches: number | null, tenant = false, k = 3) => ({ group: 'g', matches, k, tenant });
const value = (measures: ReturnType<typeof filterMeasures>, name: string) =>
  measures[name] && [measures[name].value, measures[name].n];

describe('what filters did', () => {
  it('counts violations in rows, and leaks apart from them', () => {
    const samples = answers(
      { rows: [1, 2, 3], flaws: [0, FLAW.filter, FLAW.filter + FLAW.tenant] },
      { rows: [4], flaws: [FLAW.filter] },
    );
    const measures = filterMeasures(samples, [fact(9, true), fact(9)]);
    expect(value(measures, 'filter.violations')).toEqual([3, 4]);
    expect(value(measures, 'leaks')).toEqual([1, 3]);
  });

  it('counts under-fill against min(k, matches), a row twice once, and both kinds of wrong emptiness', () => {
    const samples = answers(
      { rows: [1, 2] },
      { rows: [1, 2] },
      { rows: [5, 5, 6] },
      { rows: [] },
      { rows: [7] },
      { rows: [] },
    );
    const facts = [fact(2), fact(3), fact(100), fact(1), fact(0), fact(0)];
    const measures = filterMeasures(samples, facts);
    expect(value(measures, 'filter.underfill')).toEqual([3, 4]);
    expect(value(measures, 'filter.wrongEmpty')).toEqual([1, 4]);
    expect(value(measures, 'filter.wrongFilled')).toEqual([1, 2]);
  });

  it('takes neither rows that fail the filter nor keys that are no row for filled places', () => {
    const samples = answers(
      { rows: [1, 2, 3], flaws: [0, 0, FLAW.filter] },
      { rows: [1, 2, 3], flaws: [0, FLAW.tenant, 0] },
      { rows: [1, 2, -2] },
      { rows: [1, 2, 3] },
    );
    const measures = filterMeasures(samples, [fact(9), fact(9, true), fact(9), fact(9)]);
    expect(value(measures, 'filter.underfill')).toEqual([3, 4]);
  });

  it('asks a query for no more than its own k', () => {
    expect(value(filterMeasures(answers({ rows: [1] }), [fact(50, false, 1)]), 'filter.underfill')).toEqual([
      0, 1,
    ]);
  });

  it('is absent where it was not measured: no filter, no tenant, failed queries, flaws that were not looked for', () => {
    expect(filterMeasures(answers({ rows: [1] }), [fact(null)])).toEqual({});
    expect(filterMeasures(answers({ rows: [], failed: true }), [fact(3, true)])).toEqual({});
    const unchecked = { ...answers({ rows: [1] }), flaws: undefined };
    expect(Object.keys(filterMeasures(unchecked, [fact(1, true)]))).toEqual([
      'filter.underfill',
      'filter.wrongEmpty',
    ]);
  });
});

describe('groups', () => {
  it.each([
    [0, 'selectivity none'],
    [1, 'selectivity<=0.1%'],
    [20, 'selectivity<=0.1%'],
    [21, 'selectivity<=1%'],
    [200, 'selectivity<=1%'],
    [2000, 'selectivity<=10%'],
    [10_000, 'selectivity<=50%'],
    [10_001, 'selectivity>50%'],
    [20_000, 'selectivity>50%'],
  ])('%i of 20,000 points are in the band "%s"', (matches, band) => {
    expect(bandOf(matches, 20_000)).toBe(band);
  });

  it('hold every query once, bands only those with a filter', () => {
    const facts = [fact(null), { ...fact(0), group: 'h' }, fact(500)];
    const groups = groupsOf(facts, 1000).map(({ name, queries }) => [name, [...queries]]);
    expect(groups).toEqual([
      ['g', [0, 2]],
      ['h', [1]],
      ['selectivity none', [1]],
      ['selectivity<=50%', [2]],
    ]);
  });

  it('take their samples whole and in order', () => {
    const samples = answers({ rows: [1, 2, 3] }, { rows: [4], flaws: [1] }, { rows: [5, 6] });
    const some = samplesOfQueries(samples, new Set([1, 2]));
    expect([...some.query]).toEqual([1, 2]);
    expect([...some.rows]).toEqual([4, -1, -1, 5, 6, -1]);
    expect([...some.flaws!]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...some.returned]).toEqual([1, 2]);
  });
});

describe('relevance of answers', () => {
  it('is that of the textbook: grades 3, 2 and 0 at ranks 1 to 3 of an ideal 3, 2, 1', () => {
    const samples = answers({ rows: [10, 11, 99] });
    const judgements = new Map([[0, { rows: [10, 11, 12], grades: [3, 2, 1] }]]);
    const figures = relevanceFigures(samples, unitsOf(samples), judgements, [3]);
    const of = Object.fromEntries(figures.map(({ name, numerators }) => [name, numerators[0]]));
    const dcg = 3 + 2 / Math.log2(3);
    expect(of['ndcg@3']).toBeCloseTo(dcg / (dcg + 1 / 2), 12);
    const exponential = 7 + 3 / Math.log2(3);
    expect(of['ndcg.exp@3']).toBeCloseTo(exponential / (exponential + 1 / 2), 12);
    expect(of['precision@3']).toBeCloseTo(2 / 3, 12);
    expect(of['map']).toBeCloseTo(2 / 3, 12);
    expect([of['mrr'], of['success@3']]).toEqual([1, 1]);
  });

  it('is of k hits, whether the one that was asked for in addition was the query itself or not', () => {
    const samples = answers({ rows: [7, 10, 11] }, { rows: [10, 11, 12] }, { rows: [7, 10, 12] });
    const judged = { rows: [12], grades: [1], self: 7 };
    const judgements = new Map([0, 1, 2].map((query) => [query, judged]));
    const figures = relevanceFigures(samples, unitsOf(samples), judgements, [2]);
    const of = Object.fromEntries(figures.map(({ name, numerators }) => [name, [...numerators]]));
    expect([of['mrr'], of['success@2']]).toEqual([
      [0, 0, 0.5],
      [0, 0, 1],
    ]);
    const short = [3, 3, 1].map((k) => ({ group: 'g', matches: null, k, tenant: false }));
    const own = relevanceFigures(samples, unitsOf(samples), judgements, [2], short);
    expect(own.find(({ name }) => name === 'mrr')!.numerators[2], 'a query that asks for less').toBe(0);
    expect([...countedHits(samples, [2], short).returned]).toEqual([2, 2, 1]);
  });

  it('gives rows nothing that fail the filter or are another tenant’s', () => {
    const samples = answers(
      { rows: [10, 11, 12], flaws: [FLAW.filter, FLAW.filter, 0] },
      { rows: [10, 11, 12], flaws: [FLAW.tenant + FLAW.filter, 0, 0] },
    );
    const judged = { rows: [10, 11], grades: [2, 1] };
    const judgements = new Map([
      [0, judged],
      [1, judged],
    ]);
    const figures = relevanceFigures(samples, unitsOf(samples), judgements, [2]);
    const of = Object.fromEntries(figures.map(({ name, numerators }) => [name, [...numerators]]));
    expect(of['ndcg@2']).toEqual([0, expect.closeTo(1 / Math.log2(3) / (2 + 1 / Math.log2(3)), 12)]);
    expect(of['mrr']).toEqual([0, 0.5]);
    expect(of['success@2']).toEqual([0, 1]);
    expect(of['precision@2']).toEqual([0, 0.5]);
    expect(of['map']).toEqual([0, 0.25]);
  });

  it('tells of judgements that no right answer can earn, before anything is measured', () => {
    const selection = new Selection(20);
    const list = [selection, Selection.all(20)];
    const judgements = new Map([
      [0, { rows: [10, 11, 12], grades: [2, 1, 0] }],
      [1, { rows: [10], grades: [1] }],
      [2, { rows: [10], grades: [1] }],
    ]);
    const grouped = ['a.jsonl:1', 'a.jsonl:2', 'a.jsonl:3'].map((where) => ({ where }));
    const said = unreachableJudgements(judgements, grouped, { of: Int32Array.of(0, 1, -1), list });
    expect(said).toMatch(/2 judgements of 1 queries \(first: a\.jsonl:1\)/);
    expect(unreachableJudgements(judgements, grouped, { of: Int32Array.of(1, 1, -1), list })).toBeUndefined();
  });

  it('gives a row nothing when it comes again, a failed query 0, and leaves out what has no relevant document', () => {
    const samples = answers({ rows: [10, 10, 10] }, { rows: [], failed: true }, { rows: [1] });
    const judgements = new Map([
      [0, { rows: [10, 11], grades: [1, 1] }],
      [1, { rows: [10], grades: [1] }],
      [2, { rows: [1], grades: [0] }],
    ]);
    const figures = relevanceFigures(samples, unitsOf(samples), judgements, [3]);
    const precision = figures.find(({ name }) => name === 'precision@3')!;
    expect([...precision.numerators]).toEqual([1 / 3, 0, 0]);
    expect([...precision.denominators]).toEqual([1, 1, 0]);
    expect(precision.n).toBe(2);
  });
});
