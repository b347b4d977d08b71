import { expect, test } from 'vitest';
import { type Turn, Turns } from '../../../harness/process/turns.js';

const never = new AbortController().signal;

/** Passes of a build, as a process asks for its turns; `log` takes them when they are its own. */
async function passes(
  turn: Turn,
  { name, number, trials, rounds }: { name: string; number: number; trials: number; rounds: number },
  log: string[],
): Promise<void> {
  await turn.take([-1, number]);
  log.push(`${name} is made`);
  for (let round = 0; round < rounds; round++) {
    const back = round % 2 === 0 ? 1 : -1;
    const order = Array.from({ length: trials }, (_, i) => i);
    for (const trial of back === 1 ? order : order.toReversed()) {
      await turn.take([round, back * trial, back * number]);
      log.push(`${name}${trial}`);
    }
  }
  turn.leave();
}

test('those that take turns are made one after the other, and then alternate: A B, and back', async () => {
  const turns = new Turns(never);
  const [a, b] = [turns.join(), turns.join()];
  const log: string[] = [];
  await Promise.all([
    passes(b, { name: 'B', number: 1, trials: 3, rounds: 2 }, log),
    passes(a, { name: 'A', number: 0, trials: 2, rounds: 2 }, log),
  ]);
  expect(log).toEqual([
    ...['A is made', 'B is made', 'A0', 'B0', 'A1', 'B1', 'B2'],
    ...['B2', 'B1', 'A1', 'B0', 'A0'],
  ]);
});

test('one that has left is not waited for; one that asks again in place of an earlier wait gets one turn', async () => {
  const turns = new Turns(never);
  const [a, b] = [turns.join(), turns.join()];
  const log: string[] = [];
  const lost = b.take([5]).then(() => log.push('the process that ended'));
  // Its process ended while it waited: the next one is made, after what comes before.
  const again = b.take([-1]).then(() => log.push('the new one'));
  await lost;
  expect(log).toEqual(['the process that ended']);
  a.leave();
  await again;
  expect(log).toEqual(['the process that ended', 'the new one']);
});

test('a stop ends every wait', async () => {
  const stop = new AbortController();
  const turns = new Turns(stop.signal);
  const [a] = [turns.join(), turns.join()];
  const waits = a.take([0]);
  stop.abort();
  await waits;
  await a.take([1]);
});
