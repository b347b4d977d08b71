import { expect, test } from 'vitest';
import { MemoryFlags } from '../../../migration/cutover/flags.js';
import { type ReadTotals, readsOfAll } from '../../../migration/plan/switches.js';

type Flags = Parameters<typeof readsOfAll>[0];

test('reads of an instance that was started anew count on, and so do those that failed', async () => {
  const flags = new MemoryFlags() as unknown as Flags;
  const tell = (instance: string, answered: number, failed: number) => {
    const side = { answered, failed };
    return flags.set(`reads:${instance}`, JSON.stringify({ source: side, target: side }));
  };
  let totals: ReadTotals | undefined;
  const look = async () => {
    totals = await readsOfAll(flags, ['a', 'b', 'silent'], totals);
    return [totals.now.target.answered, totals.now.target.failed];
  };
  await tell('a', 100, 2);
  await tell('b', 10, 0);
  expect(await look()).toEqual([110, 2]);
  expect(await look(), 'nothing is counted twice').toEqual([110, 2]);
  await tell('a', 5, 1);
  await tell('b', 11, 0);
  expect(await look(), 'a began anew').toEqual([116, 3]);
  await tell('a', 5, 4);
  expect(await look()).toEqual([116, 6]);
});
