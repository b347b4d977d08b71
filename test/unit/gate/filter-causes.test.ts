import { describe, expect, it } from 'vitest';
import { type FilteredQuery, filterCausesOf } from '../../../harness/gate/filter-causes.js';
import { FLAW } from '../../../harness/measures/filters.js';
import { samplesOf, truthOf } from '../measures/samples.js';

/** Rows 0..99; row r belongs to tenant r % 2 (a, b). Each query's exact neighbours are rows of its own tenant. */
const K = 4;
const owner = (row: number) => (row % 2 === 0 ? 'a' : 'b');
const asks = (tenant: string): FilteredQuery => ({
  group: 'tenant',
  filter: JSON.stringify({ owner: tenant }),
  matches: 50,
  k: K,
  tenant: 'owner',
});
const near = (query: number) => (query % 2 === 0 ? [0, 2, 4, 6] : [1, 3, 5, 7]);

function causes(
  answers: readonly (readonly number[])[],
  queries: readonly FilteredQuery[],
  fails: (query: number, row: number) => number,
) {
  const samples = samplesOf(
    K,
    answers.map((rows, query) => ({ query, sent: 0, answered: 1, rows, distances: rows })),
  );
  samples.flaws = Uint8Array.from(samples.rows, (row, at) =>
    row < 0 ? 0 : fails(samples.query[Math.floor(at / K)]!, row),
  );
  const truth = truthOf(queries.map((_, q) => near(q).map((row) => [row, row] as const)));
  return filterCausesOf({ samples, truth, queries, count: 100 });
}
const tenants = [0, 1, 2, 3].map((q) => asks(owner(q)));
const foreign = (query: number, row: number) => (owner(row) === owner(query) ? 0 : FLAW.filter + FLAW.tenant);

describe('what answers under filters tell', () => {
  it('nothing where all is right', () => {
    expect(causes([0, 1, 2, 3].map(near), tenants, foreign)).toEqual([]);
  });

  it('two tenants that are swapped, where each gets the other’s rows', () => {
    expect(causes([near(1), near(0), near(1), near(0)], tenants, foreign)).toEqual([
      expect.stringMatching(/^queries of tenant "[ab]" get rows of tenant "[ab]" \(8\) .*\(8\).* swapped$/),
    ]);
  });

  it('no swap where rows leak one way only', () => {
    const [found] = causes([near(1), near(1), near(1), near(1)], tenants, foreign);
    expect(found).toMatch(/2 of 4 answers under a filter \(50%\) hold rows that fail it/);
    expect(found).not.toContain('swapped');
  });

  it('a filter that is ignored: as many rows fail as of all points', () => {
    const [found] = causes([[0, 1, 2, 3], near(1), near(2), near(3)], tenants, foreign);
    expect(found).toMatch(/^1 of 4 answers .*\(25%\).*, 50% of their rows, as a search without .* ignored/);
  });

  it('a filter that is ignored at times: the same one holds in most other answers', () => {
    const eight = Array.from({ length: 8 }, (_, q) => asks(owner(q)));
    const answers = eight.map((_, q) => (q === 0 ? [0, 1, 2, 3] : near(q)));
    expect(causes(answers, eight, foreign)).toEqual([
      expect.stringMatching(
        /^1 of 8 .*, while the same filters hold in 3 other answers: it is ignored at times$/,
      ),
    ]);
  });

  it('another meaning of the filter: far fewer rows fail than it excludes', () => {
    const rare = tenants.map((each) => ({ ...each, tenant: null, matches: 2 }));
    const [found] = causes([0, 1, 2, 3].map(near), rare, (_, row) => (row === 6 ? FLAW.filter : 0));
    expect(found).toMatch(
      /25% of their rows, where a search without .* 98%: the filter means something else/,
    );
  });

  it('a filter applied after the search: as few rows as pass among k', () => {
    const [found] = causes([[0, 2], [1], [0], [1, 3]], tenants, foreign);
    // 6 rows in 4 answers of which half of all points pass: 3 candidates each.
    expect(found).toMatch(/^4 of 4 answers .* among about 3 of all points: the filter is applied after/);
  });

  it('no such thing where a short answer holds more than k hits would leave', () => {
    const rare = tenants.map((each) => ({ ...each, matches: 4 }));
    const [found] = causes([[0, 2, 4], near(1), near(2), near(3)], rare, foreign);
    expect(found).toMatch(
      /^1 of 4 .* about 75 of all points: the search ends too early .* or rows are missing/,
    );
  });

  it('ignores queries without a filter', () => {
    const plain = tenants.map((each) => ({ ...each, filter: null, matches: null, tenant: null }));
    expect(causes([[0], [1], [2], [3]], plain, () => 0)).toEqual([]);
  });
});
