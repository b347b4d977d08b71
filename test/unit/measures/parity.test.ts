import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, roundingMargin } from '../../../harness/measures/distance.js';
import { type Answer, compareAnswers } from '../../../harness/measures/parity.js';
import {
  CAUSES,
  causeOf,
  type Evidence,
  type FilterFact,
  type Side,
} from '../../../harness/measures/parity-causes.js';
import { parityOf } from '../../../harness/measures/parity-trial.js';
import { samplesOf, truthOf } from './samples.js';

const up = [1, 1] as const;
const answer = (rows: readonly number[], distances: readonly number[]): Answer => ({
  rows,
  distances,
  scores: distances,
});
const margin = roundingMargin('l2', 4, 1);
const compare = (a: Answer, b: Answer, k = 10) => compareAnswers(a, b, { margin, k, directions: up });
/** Letters of the published vector as rows, with distances by letter. */
const letters = (text: string): Answer =>
  answer(
    [...text].map((letter) => letter.charCodeAt(0)),
    [...text].map((letter) => letter.charCodeAt(0) / 100),
  );

describe('agreement of two answers', () => {
  it('is that of the published vectors where nothing ties', () => {
    const { rbo, jaccard, tau, overlap, lost, gained } = compare(letters('abcdefg'), letters('bacfdhe'));
    expect(rbo).toBeCloseTo(0.782891, 6);
    expect(jaccard).toBeCloseTo(0.75, 12);
    expect(tau).toBeCloseTo(0.6, 12);
    expect(overlap).toBeCloseTo(6 / 7, 12);
    expect(lost.map(({ row }) => row)).toEqual(['g'.charCodeAt(0)]);
    expect(gained.map(({ row }) => row)).toEqual(['h'.charCodeAt(0)]);
  });

  it('counts an equally near hit in the place of another one as the same', () => {
    const a = answer([1, 2, 3], [0.1, 0.2, 0.3]);
    const b = answer([1, 5, 4], [0.1, 0.2, 0.3]);
    const found = compare(a, b, 3);
    expect(found).toMatchObject({ overlap: 1, jaccard: 1, tau: 1, displacement: 0, lost: [], gained: [] });
    expect(found.rbo).toBeCloseTo(1, 12);
    expect(found.ties).toHaveLength(2);
    // One for one: a single equally near hit makes up for one lost hit only.
    const two = compare(answer([1, 2, 3], [0.1, 0.3, 0.3]), answer([1, 4, 9], [0.1, 0.3, 0.5]), 3);
    expect([two.ties.length, two.lost.length, two.gained.length]).toEqual([1, 1, 1]);
    expect(two.overlap).toBeCloseTo(2 / 3, 12);
  });

  it('does not mind the order of equally near neighbours', () => {
    const a = answer([1, 2, 3, 4], [0.1, 0.2, 0.2, 0.2]);
    const b = answer([1, 4, 3, 2], [0.1, 0.2, 0.2, 0.2]);
    expect(compare(a, b, 4)).toMatchObject({ tau: 1, displacement: 0, overlap: 1 });
    const swapped = answer([2, 1, 3, 4], [0.2, 0.1, 0.2, 0.2]);
    expect(compare(a, swapped, 4).tau).toBeCloseTo(2 / 3, 12);
    expect(compare(a, swapped, 4).displacement).toBeCloseTo(2 / 3, 12);
  });

  it('says nothing of two empty answers, and everything of one', () => {
    const none = answer([], []);
    expect(compare(none, none).overlap).toBeNaN();
    expect(compare(none, none).rbo).toBeNaN();
    expect(compare(letters('ab'), none)).toMatchObject({ overlap: 0, jaccard: 0, rbo: 0, displacement: 9.5 });
    // Both returned all there is: fewer than k is no disagreement.
    expect(compare(letters('ab'), letters('ab'))).toMatchObject({ overlap: 1, jaccard: 1 });
  });

  it('counts no hit that fails the filter as a tie of one that passes', () => {
    // 2 and 5 are copies; 5 is another tenant's.
    const a = answer([1, 2], [0.1, 0.2]);
    const b = answer([1, 5], [0.1, 0.2]);
    const options = { margin, k: 2, directions: up } as const;
    expect(compareAnswers(a, b, options)).toMatchObject({ overlap: 1, lost: [] });
    const found = compareAnswers(a, b, { ...options, fails: (row) => row === 5 });
    expect(found.overlap).toBe(0.5);
    expect([found.lost, found.gained].map((all) => all.map(({ row }) => row))).toEqual([[2], [5]]);
    // Two wrong ones at one distance disagree about the filter alike.
    const both = compareAnswers(a, b, { ...options, fails: (row) => row > 1 });
    expect(both).toMatchObject({ overlap: 1, lost: [] });
  });

  it('takes similarities for what they are', () => {
    const a = answer([1, 2, 3], [0.1, 0.2, 0.3]);
    const b = { rows: [1, 2, 3], distances: [0.1, 0.2, 0.3], scores: [0.9, 0.7, 0.8] };
    const found = compareAnswers(a, b, { margin, k: 3, directions: [1, -1] });
    expect(found.order).toBeCloseTo(2 / 3, 12);
  });
});

/** A tiny world: rows on a line, the query at 0, so that a row's distance is its place. */
const place = (row: number) => distance('l2', Float32Array.of(0), 0, Float32Array.of(row), 0, 1);
const lineAnswer = (rows: readonly number[]) => answer(rows, rows.map(place));
const truth = truthOf([[0, 1, 2, 3, 4, 5].map((row) => [row, place(row)] as const)]);
const evidence = (exact: readonly number[] | undefined, more: Partial<Evidence> = {}): Evidence => ({
  exact: () => exact && { rows: exact, distances: exact.map(place) },
  kind: 'scan',
  quantized: false,
  deviates: () => false,
  presence: () => undefined,
  excludes: () => false,
  filtersAfter: false,
  ...more,
});

describe('why a hit is lost', () => {
  const why = (
    row: number,
    [held, lacking]: readonly [readonly number[], readonly number[] | undefined],
    [reference, candidate]: readonly [Evidence | undefined, Evidence | undefined],
    filter?: (query: number, row: number) => FilterFact | undefined,
    exact = truth,
  ) => {
    const holder: Side = { name: 'reference', evidence: reference };
    const lacker: Side = { name: 'candidate', evidence: candidate };
    const sides = {
      holder,
      lacker,
      held: lineAnswer(held),
      lacking: lacking === undefined ? undefined : lineAnswer(lacking),
    };
    return causeOf(0, row, place(row), sides, { truth: exact, metric: 'l2', k: 3, filter });
  };
  const lists = [[0, 1, 2] as const, [0, 1, 3] as const] as const;

  it('approximate search: an exhaustive one on that side returns it', () => {
    expect(why(2, lists, [undefined, evidence([0, 1, 2])])).toBe('approximate.candidate');
    // The reference missed 1 and returned 3 instead; the candidate is right not to have it.
    expect(
      why(
        3,
        [
          [0, 2, 3],
          [0, 1, 2],
        ],
        [evidence([0, 1, 2]), undefined],
      ),
    ).toBe('approximate.reference');
    expect(
      why(
        3,
        [
          [0, 2, 3],
          [0, 1, 2],
        ],
        [undefined, evidence([0, 1, 2])],
      ),
    ).toBe('unknown');
  });

  it('also where the exhaustive search returns an equally near one instead', () => {
    const tied = evidence([0, 1, 9], {});
    const exact = { ...tied, exact: () => ({ rows: [0, 1, 9], distances: [0, 1, 2] }) };
    expect(why(2, lists, [undefined, exact])).toBe('approximate.candidate');
  });

  it('never without evidence', () => {
    expect(why(2, lists, [undefined, undefined])).toBe('unknown');
    expect(why(2, lists, [undefined, evidence(undefined)])).toBe('unknown');
    // The exhaustive search does not return it, and nobody looked whether the row is there.
    expect(why(2, lists, [undefined, evidence([0, 1, 3])])).toBe('unknown');
  });

  it('a missing row, other precision, a graph without a path', () => {
    const gone = evidence([0, 1, 3], { presence: () => 'missing' });
    expect(why(2, lists, [undefined, gone])).toBe('missing');
    const there = { presence: () => 'found' as const };
    expect(why(2, lists, [undefined, evidence([0, 1, 3], { ...there, quantized: true })])).toBe('precision');
    expect(why(2, lists, [undefined, evidence([0, 1, 3], { ...there, deviates: () => true })])).toBe(
      'precision',
    );
    expect(why(2, lists, [undefined, evidence([0, 1, 3], { presence: () => 'deviates' })])).toBe('precision');
    expect(why(2, lists, [undefined, evidence([0, 1, 3], { ...there, kind: 'graph' })])).toBe(
      'approximate.candidate',
    );
    expect(why(2, lists, [undefined, evidence([0, 1, 3], there)])).toBe('unknown');
    // A row is missing on the reference's side, which returned a farther one instead.
    expect(
      why(
        3,
        [
          [0, 2, 3],
          [0, 1, 2],
        ],
        [evidence([0, 2, 3], { presence: () => 'missing' }), undefined],
      ),
    ).toBe('missing');
  });

  describe('under a filter', () => {
    /** Odd rows fail: the exact neighbours are 0, 2, 4. */
    const even = (_: number, row: number): FilterFact => (row % 2 === 0 ? 'passes' : 'fails');
    const evens = truthOf([[0, 2, 4].map((row) => [row, place(row)] as const)]);
    const right = [0, 2, 4] as const;
    const under = (
      row: number,
      [held, lacking]: readonly [readonly number[], readonly number[]],
      [reference, candidate]: readonly [Evidence | undefined, Evidence | undefined],
    ) => why(row, [held, lacking], [reference, candidate], even, evens);
    const found = { presence: () => 'found' as const };

    it('a row that fails it: filter semantics, whatever else is known', () => {
      expect(under(1, [[0, 1, 2], right], [undefined, undefined])).toBe('filter');
    });

    it('rows that fail it in the place of one that passes: filter semantics', () => {
      expect(under(4, [right, [0, 1, 2]], [undefined, undefined])).toBe('filter');
      // Even where the exhaustive search filters well: it is the measured answer that does not.
      expect(under(4, [right, [0, 1, 2]], [undefined, evidence(right)])).toBe('filter');
      // The exhaustive search ignores it too, and all of its rows are nearer: no approximate search.
      expect(under(4, [right, [0, 2]], [undefined, evidence([0, 1, 2], found)])).toBe('filter');
    });

    it('never where the answer with a wrong row had a place for the right one', () => {
      // A farther row was returned: a search that ignores the filter, but sees all, would have returned 2.
      expect(under(2, [right, [0, 1, 4]], [undefined, evidence(right)])).toBe('approximate.candidate');
      expect(under(2, [right, [0, 1]], [undefined, evidence(right)])).toBe('approximate.candidate');
      expect(under(2, [right, [0, 1]], [undefined, undefined])).toBe('unknown');
    });

    it('a complete answer is one of rows that pass', () => {
      // 1 is nearer than 2, but no substitute for it; the reference is right and is not asked.
      expect(under(2, [right, [0, 1, 4]], [evidence([0, 4, 6], found), undefined])).toBe('unknown');
    });

    it('a scan that has the row and leaves it out', () => {
      expect(under(4, [right, [0, 2]], [undefined, evidence([0, 2], found)])).toBe('filter');
      // Codes misjudge distances, but leave no place empty.
      expect(under(4, [right, [0, 2]], [undefined, evidence([0, 2], { ...found, quantized: true })])).toBe(
        'filter',
      );
      expect(
        under(4, [right, [0, 2, 6]], [undefined, evidence([0, 2, 6], { ...found, quantized: true })]),
      ).toBe('precision');
      expect(under(4, [right, [0, 2]], [undefined, evidence([0, 2], { presence: () => 'missing' })])).toBe(
        'missing',
      );
    });

    it('a graph that leaves a place empty: only where it was seen to filter what it has found', () => {
      const graph = { ...found, kind: 'graph' as const };
      expect(under(4, [right, [0, 2]], [undefined, evidence([0, 2], graph)])).toBe('unknown');
      const after = { ...graph, filtersAfter: true };
      expect(under(4, [right, [0, 2]], [undefined, evidence([0, 2], after)])).toBe('filter');
      expect(under(4, [right, [0, 2, 6]], [undefined, evidence([0, 2, 6], after)])).toBe('unknown');
    });

    it('a row that is there, but is not found under the filter by its own vector', () => {
      // Another tenant's rows, nearer and farther ones: nothing is crowded out, and no place is empty.
      const wrong = [1, 3, 5] as const;
      const graph = { ...found, kind: 'graph' as const };
      expect(under(4, [right, wrong], [undefined, evidence(wrong, graph)])).toBe('unknown');
      const more = { ...graph, quantized: true, excludes: (_: number, row: number) => row === 4 };
      expect(under(4, [right, wrong], [undefined, evidence(wrong, more)])).toBe('filter');
      expect(under(2, [right, wrong], [undefined, evidence(wrong, { ...more, quantized: false })])).toBe(
        'unknown',
      );
    });

    it('says unknown where nobody recorded what passes', () => {
      const lost = (row: number) =>
        why(row, [[0, 1, 4], right], [evidence(right), evidence(right)], () => 'unknown', evens);
      expect(lost(1)).toBe('unknown');
    });
  });

  it('a failed query', () => {
    expect(why(2, [[0, 1, 2], undefined], [undefined, evidence([0, 1, 2])])).toBe('failed');
  });
});

describe('two trials', () => {
  const k = 4;
  const list = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: k });
  const observed = fc.option(list, { nil: undefined, freq: 8 });
  /** Few places, so that many rows tie. */
  const near = (row: number) => Math.floor(row / 2);
  const trial = (lists: readonly (readonly number[] | undefined)[]) =>
    samplesOf(
      k,
      lists.map((rows, query) => ({
        query,
        sent: query,
        answered: query + 1,
        ...(rows && { rows, distances: rows.map(near) }),
      })),
    );
  const some = (lists: readonly (readonly number[])[]): Evidence =>
    evidence(undefined, {
      exact: (query) => ({ rows: lists[query]!, distances: lists[query]!.map(near) }),
      kind: 'graph',
      presence: (row) => (['found', 'missing', 'deviates', undefined] as const)[row % 4],
    });

  it('parts by cause add up to the lost hits, whatever is known', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(observed, observed, list, list), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        (queries, known, filtered) => {
          const lists = queries.map(() => [...Array(10).keys()].map((row) => [row, near(row)] as const));
          const result = parityOf({
            reference: trial(queries.map(([a]) => a)),
            candidate: trial(queries.map(([, b]) => b)),
            truth: truthOf(lists),
            metric: 'l2',
            k,
            filter: (_, row) => (filtered ? (row % 3 === 0 ? 'fails' : 'passes') : undefined),
            ...(known && {
              evidence: {
                reference: some(queries.map(([, , c]) => c)),
                candidate: some(queries.map(([, , , d]) => d)),
              },
            }),
          });
          const sum = (counts: Record<string, number>) =>
            CAUSES.filter((cause) => cause !== 'tie').reduce((total, cause) => total + counts[cause]!, 0);
          const count = (name: string) => result.measures[name]?.value ?? 0;
          expect(sum(result.lost)).toBe(count('parity.lost'));
          expect(sum(result.gained)).toBe(count('parity.gained'));
          expect(result.lost.tie).toBe(count('parity.ties'));
          const kept = result.measures['parity.kept']?.value;
          if (kept !== undefined) expect(kept).toBeCloseTo(1 - count('parity.lost') / result.ids, 12);
          if (!known)
            expect(result.lost.unknown + result.lost.failed + result.lost.filter).toBe(count('parity.lost'));
          if (!filtered) expect(result.lost.filter).toBe(0);
        },
      ),
    );
  });

  it('compared with itself agrees in all, and the sides can be swapped', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(list, list), { minLength: 1, maxLength: 12 }), (queries) => {
        const lists = queries.map(() => [...Array(10).keys()].map((row) => [row, near(row)] as const));
        const base = { truth: truthOf(lists), metric: 'l2', k } as const;
        const [a, b] = [trial(queries.map(([x]) => x)), trial(queries.map(([, y]) => y))];
        const same = parityOf({ ...base, reference: a, candidate: a });
        expect(same.measures['parity.lost']?.value).toBe(0);
        for (const name of [`overlap@${k}`, `jaccard@${k}`, `tau@${k}`])
          expect(same.measures[name]?.value ?? 1).toBeCloseTo(1, 12);
        const one = parityOf({ ...base, reference: a, candidate: b }).measures;
        const other = parityOf({ ...base, reference: b, candidate: a }).measures;
        expect(one[`overlap@${k}`]?.value ?? -1).toBeCloseTo(other[`overlap@${k}`]?.value ?? -1, 12);
        expect(one['parity.lost']?.value).toBe(other['parity.gained']?.value);
        expect(one['parity.ties']?.value).toBe(other['parity.ties']?.value);
      }),
    );
  });

  it('a failed query of the candidate counts, one of the reference has nothing to compare with', () => {
    const base = {
      truth: truthOf([[[0, 0]], [[0, 0]], [[0, 0]]]),
      metric: 'l2',
      k,
    } as const;
    const { measures, lost, comparisons } = parityOf({
      ...base,
      reference: trial([[0], undefined, [0]]),
      candidate: trial([[0], [0], undefined]),
    });
    expect(comparisons).toBe(2);
    expect(measures['overlap@4']?.value).toBe(0.5);
    expect(measures['parity.errors']?.value).toBeCloseTo(1 / 3, 12);
    expect(lost.failed).toBe(1);
  });
});
