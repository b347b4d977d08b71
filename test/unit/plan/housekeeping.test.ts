import { expect, test } from 'vitest';
import { Housekeeping } from '../../../migration/plan/housekeeping.js';

const asked = (count: number) => () => Promise.resolve(count);
const never = () => Promise.reject(new Error('is asked without need'));

test('a target is tidied when a tenth of it was written, or after many small writes', async () => {
  const house = new Housekeeping();
  for (let step = 0; step < 10; step++) house.wrote(0);
  expect(await house.isDue(never)).toBe(false);
  house.wrote(999);
  expect(await house.isDue(never)).toBe(false);
  house.wrote(1);
  expect(await house.isDue(asked(10_000))).toBe(true);
  expect(await house.isDue(asked(10_001)), 'a large one is not written anew each time').toBe(false);
  for (let step = 2; step < 2000; step++) house.wrote(1);
  expect(await house.isDue(never), 'many fragments are slow in any size').toBe(true);
});

test('it begins anew, also where tidying fails', async () => {
  const house = new Housekeeping();
  house.wrote(2000);
  await expect(house.tidy(() => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
  expect(await house.isDue(never)).toBe(false);
});
