import { expect, test } from 'vitest';
import { runTasks, type Task } from '../../../harness/app/tasks.js';

/** A list of tasks that say what happens to them, and fail where they are told to. */
function tasks(failing: readonly string[] = []) {
  const told: string[] = [];
  const say = (text: string) => {
    told.push(text);
    if (failing.includes(text)) throw new Error(text);
  };
  const list: Task<object>[] = ['a', 'b', 'c'].map((title) => ({
    title,
    setup: async () => say(`set up ${title}`),
    teardown: () => say(`tear down ${title}`),
  }));
  const further: string[] = [];
  const end = runTasks(list, {}, (error, title) => further.push(`${title}: ${(error as Error).message}`));
  return { told, further, end };
}

test('are set up in turn, and torn down in the opposite order', async () => {
  const { told, end } = tasks();
  await end;
  expect(told).toEqual(['set up a', 'set up b', 'set up c', 'tear down c', 'tear down b', 'tear down a']);
});

test('one that fails ends the list, and is torn down with those before it', async () => {
  const { told, end } = tasks(['set up b']);
  await expect(end).rejects.toThrow('set up b');
  expect(told).toEqual(['set up a', 'set up b', 'tear down b', 'tear down a']);
});

test('a teardown that fails keeps no other from its own, and the first error is the one that is thrown', async () => {
  const { told, further, end } = tasks(['set up c', 'tear down c', 'tear down b']);
  await expect(end).rejects.toThrow('set up c');
  expect(told.at(-1)).toBe('tear down a');
  expect(further).toEqual(['c: tear down c', 'b: tear down b']);
});

test('a teardown that fails is a failure where nothing else was one', async () => {
  const { end } = tasks(['tear down b']);
  await expect(end).rejects.toThrow('tear down b');
});
