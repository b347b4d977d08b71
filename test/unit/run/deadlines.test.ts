import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadlines } from '../../../harness/run/executors/deadlines.js';

const reason = () => new Error('no answer');

test('what has not ended in time is given up with the reason; what has is left alone', async () => {
  const deadlines = new Deadlines(60, reason);
  const slots = [{}, {}, {}];
  const [first, second, third] = slots.map((slot) => deadlines.start(slot));
  second!.clear();
  await new Promise((resolve) => third!.signal.addEventListener('abort', resolve));
  expect([first, second, third].map((each) => each!.expired)).toEqual([true, false, true]);
  expect([first, second, third].map((each) => each!.signal.aborted)).toEqual([true, false, true]);
  expect((first!.signal.reason as Error).message).toBe('no answer');
  deadlines.close();
});

test('a slot keeps its signal until it is raised', async () => {
  const deadlines = new Deadlines(30, reason);
  const slot = {};
  const first = deadlines.start(slot);
  first.clear();
  const second = deadlines.start(slot);
  expect(second.signal).toBe(first.signal);
  await new Promise((resolve) => second.signal.addEventListener('abort', resolve));
  const third = deadlines.start(slot);
  expect(third.signal).not.toBe(second.signal);
  expect(third.signal.aborted).toBe(false);
  await new Promise((resolve) => third.signal.addEventListener('abort', resolve));
  expect(third.expired).toBe(true);
});

test('thousands that end, and one of them that does not', async () => {
  const deadlines = new Deadlines(100, reason);
  const slow = deadlines.start({});
  const slot = {};
  for (let i = 0; i < 5000; i++) deadlines.start(slot).clear();
  await new Promise((resolve) => slow.signal.addEventListener('abort', resolve));
  for (let i = 0; i < 5000; i++) deadlines.start(slot).clear();
  const last = deadlines.start({});
  await new Promise((resolve) => last.signal.addEventListener('abort', resolve));
  expect([slow.expired, last.expired]).toEqual([true, true]);
});

test('once closed it gives nothing up', async () => {
  const deadlines = new Deadlines(10, reason);
  const open = deadlines.start({});
  deadlines.close();
  await pause(60);
  expect(open.expired).toBe(false);
});
