import { expect, test } from 'vitest';
import type { Collection } from '../../../engines/contract/collection.js';
import type { ConnectedEngine } from '../../../engines/contract/engine.js';
import { openShared } from '../../../harness/run/shared-collection.js';

const { signal } = new AbortController();
const at = (begin: number) => ({ slots: new Map([['trial', [{ begin, end: begin + 1000 }]]]) });

/** Its collection holds so many points, one more each time it is asked. */
function engine(points: number, settled?: (count: number) => void): ConnectedEngine {
  let held = points;
  const collection = { count: async () => held++, settled } as unknown as Collection;
  return { list: async () => ['there'], open: async () => collection } as unknown as ConnectedEngine;
}

test('what the first machine has loaded completely is searched as it is there: an engine is told that it stays so', async () => {
  const told: number[] = [];
  const options = { ...at(Date.now() + 1500), name: 'there', count: 5 };
  await openShared(
    engine(4, (count) => told.push(count)),
    options,
    signal,
  );
  expect(told).toEqual([5]);
  await openShared(engine(5), options, signal);
});

test('what is not complete at the common start is refused with the number of its points', async () => {
  const late = { ...at(Date.now() - 1), name: 'there', count: 9 };
  await expect(openShared(engine(4), late, signal)).rejects.toThrow('has 4 of 9 points');
  await expect(openShared(engine(4), { ...late, name: 'other' }, signal)).rejects.toThrow('is not there');
});
