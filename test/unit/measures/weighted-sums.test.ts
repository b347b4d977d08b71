import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resamplePlan } from '../../../harness/measures/bootstrap.js';
import { weightedSums } from '../../../harness/measures/weighted-sums.js';

/** Columns as measures have them: any values, mostly 0, all the same, twice the same. */
const columnOf = (units: number) => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const any = fc.array(value, { minLength: units, maxLength: units });
  const sparse = fc
    .tuple(fc.nat(units - 1), value)
    .map(([at, one]) => new Array(units).fill(0).with(at, one));
  return fc.oneof(
    any,
    sparse,
    value.map((one) => new Array<number>(units).fill(one)),
  );
};

it('are the sums written out, to the last bit, whatever columns are summed together', () => {
  const cases = fc
    .integer({ min: 1, max: 40 })
    .chain((units) =>
      fc.tuple(
        fc.constant(units),
        fc.array(columnOf(units), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
      ),
    );
  fc.assert(
    fc.property(cases, ([units, lists, resamples, twice]) => {
      const plan = resamplePlan(units, 7, resamples);
      const columns = (twice ? [...lists, lists[0]!] : lists).map((list) => Float64Array.from(list));
      const sums = weightedSums(plan, columns);
      columns.forEach((column, c) => {
        for (let r = 0; r < resamples; r++) {
          let sum = 0;
          for (let u = 0; u < units; u++) sum += plan.counts[r * units + u]! * column[u]!;
          // A constant column is multiplied, not added up.
          const constant = column.every((value) => value === column[0]);
          if (constant) expect(sums[c]![r]).toBeCloseTo(sum, 5);
          else expect(sums[c]![r]).toBe(sum);
        }
      });
    }),
  );
});
