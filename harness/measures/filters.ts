import type { Measures } from '../model/results.js';
import type { Samples } from '../model/samples.js';
import type { QueryFacts } from './groups.js';
import { wasAnswered } from './units.js';

/**
 * The row fails the filter; the row is of another tenant than the query may see. Where points are written meanwhile: the
 * point was no more, or not yet; it fails the filter and passed it by metadata that have been replaced.
 */
export const FLAW = { filter: 1, tenant: 2, gone: 4, outdated: 8 } as const;

/**
 * What filters did, counted over all answered samples of queries that have one; each with the number of observations
 * it was counted in. Absent: what could not occur there (no filtered query was answered, no query of a tenant, none
 * that matches nothing, …). Rows that are no point of the dataset cannot be judged and are counted elsewhere.
 */
export function filterMeasures(samples: Samples, facts: readonly QueryFacts[]): Measures {
  const tally = new Tally();
  for (let i = 0; i < samples.length; i++) {
    const fact = facts[samples.query[i]!]!;
    if (fact.matches !== null && wasAnswered(samples, i)) tally.add(samples, i, fact, fact.matches);
  }
  return tally.measures(samples.flaws !== undefined);
}

class Tally {
  #rows = 0;
  #violations = 0;
  #tenantRows = 0;
  #tenantAnswers = 0;
  #leaks = 0;
  #matching = 0;
  #underfilled = 0;
  #empty = 0;
  #none = 0;
  #filled = 0;

  add(samples: Samples, i: number, { k, tenant }: QueryFacts, matches: number): void {
    const returned = samples.returned[i]!;
    if (matches === 0) {
      this.#none++;
      if (returned > 0) this.#filled++;
    } else {
      this.#matching++;
      if (returned === 0) this.#empty++;
      if (rightRows(samples, i) < Math.min(k, matches)) this.#underfilled++;
    }
    if (tenant) this.#tenantAnswers++;
    for (let j = i * samples.k; j < i * samples.k + returned; j++) {
      if (samples.rows[j]! < 0) continue;
      const flaw = samples.flaws?.[j] ?? 0;
      this.#rows++;
      if ((flaw & FLAW.filter) !== 0) this.#violations++;
      if (!tenant) continue;
      this.#tenantRows++;
      if ((flaw & FLAW.tenant) !== 0) this.#leaks++;
    }
  }

  measures(checked: boolean): Measures {
    const answers = this.#matching + this.#none;
    return {
      ...(checked && answers > 0 && { 'filter.violations': count(this.#violations, this.#rows) }),
      ...(checked && this.#tenantAnswers > 0 && { leaks: count(this.#leaks, this.#tenantRows) }),
      ...(this.#matching > 0 && {
        'filter.underfill': count(this.#underfilled, this.#matching),
        'filter.wrongEmpty': count(this.#empty, this.#matching),
      }),
      ...(this.#none > 0 && { 'filter.wrongFilled': count(this.#filled, this.#none) }),
    };
  }
}

/** Different points of an answer that pass its filter: what fails it, or is no point at all, fills no place. */
function rightRows({ rows, flaws, returned, k }: Samples, i: number): number {
  const right = new Set<number>();
  for (let j = i * k; j < i * k + returned[i]!; j++)
    if (rows[j]! >= 0 && (flaws?.[j] ?? 0) === 0) right.add(rows[j]!);
  return right.size;
}

function count(value: number, n: number): Measures[string] {
  return { value, low: null, high: null, n };
}
