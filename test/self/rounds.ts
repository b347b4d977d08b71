import { ownCpuSeconds } from '../../harness/process/resources.js';
import { median } from './print.js';

const ROUNDS = 5;

/** One way to do something: resolves with how often it was done in a second. */
export type Way = () => Promise<number>;

export interface Rates<Name extends string> {
  /** Median per second. */
  rates: Record<Name, number>;
  /** CPU of this process by one of them, median in µs. */
  cpu: Record<Name, number>;
  /** Median of the ratios of the first to the others, round by round. */
  ratio: number;
}

/** Ways in turns, each as often first as last: what the machine does meanwhile falls on all of them. */
export async function inTurns<Name extends string>(
  ways: Readonly<Record<Name, Way>>,
  seconds: number,
): Promise<Rates<Name>> {
  const names = Object.keys(ways) as Name[];
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const cpu = structuredClone(rates);
  // What is compiled and opened at the first use.
  for (const name of names) await ways[name]();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const before = ownCpuSeconds();
      const rate = await ways[name]();
      rates[name].push(rate);
      cpu[name].push(((ownCpuSeconds() - before) * 1e6) / (rate * seconds));
    }
  }
  const [first, second] = names as [Name, Name];
  const medians = (of: Record<Name, number[]>) =>
    Object.fromEntries(names.map((name) => [name, median(of[name])])) as Record<Name, number>;
  return {
    rates: medians(rates),
    cpu: medians(cpu),
    ratio: median(rates[first].map((rate, i) => rate / rates[second][i]!)),
  };
}

/** So many side by side, each as soon as its previous one has ended, for a time. @returns how many a second */
export async function closedLoop(
  clients: number,
  seconds: number,
  ask: (client: number, i: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  const client = async (number: number) => {
    while (performance.now() < end) {
      await ask(number, done);
      done++;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
  return (done * 1000) / (performance.now() - start);
}
