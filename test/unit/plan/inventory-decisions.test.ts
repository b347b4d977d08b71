import { expect, test } from 'vitest';
import type { Inventory } from '../../../migration/inventory/model.js';
import { decisionsOf } from '../../../migration/plan/stages/inventory.js';

const inventory = (counter: number, differing: number): Inventory =>
  ({
    counts: {
      ...{ counter, scanned: 100, distinct: 100 },
      byId: { asked: 100, found: 100, withVector: 100, differing: { count: differing, examples: [] } },
    },
    vectors: [],
    warnings: [
      { about: 'counts', what: 'they disagree' },
      { about: 'vectors', what: 'are others by id' },
      { about: 'ids', what: 'repeat' },
    ],
  }) as unknown as Inventory;
const asked = (...[found, written]: Parameters<typeof decisionsOf>) =>
  decisionsOf(found, written).map(({ id }) => id);

test('nobody is asked about as many points as were written while the source was looked at', () => {
  expect(asked(inventory(103, 2), 3)).toEqual(['inventory:ids']);
  expect(asked(inventory(97, 3), 3)).toEqual(['inventory:ids']);
  expect(asked(inventory(104, 2), 3)).toEqual(['inventory:counts', 'inventory:ids']);
  expect(asked(inventory(103, 4), 3)).toEqual(['inventory:vectors', 'inventory:ids']);
  expect(asked(inventory(103, 2), 0)).toHaveLength(3);
});
