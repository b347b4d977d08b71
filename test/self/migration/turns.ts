import { median, print } from '../print.js';

export const ROUNDS = Number(process.env['VECPROOF_SELF_ROUNDS'] ?? 3);

export type Ways = Readonly<Record<string, () => Promise<unknown>>>;

/** Medians of one way: on the clock, and of the processor in this process with all its threads. */
export interface Taken {
  seconds: number;
  cpu: number;
}

/** What each way took; they take turns, the first round is not counted. */
export async function inTurns(ways: Ways): Promise<Record<string, Taken>> {
  const all = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as Taken[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    const names = Object.keys(ways);
    if (round % 2 === 1) names.reverse();
    for (const name of names) {
      const before = process.cpuUsage();
      const start = performance.now();
      await ways[name]!();
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(before);
      if (round > 0) all[name]!.push({ seconds, cpu: (user + system) / 1e6 });
    }
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, taken]) => [
      name,
      { seconds: median(taken.map((each) => each.seconds)), cpu: median(taken.map((each) => each.cpu)) },
    ]),
  );
}

/** By the clock, and by the processor: on a machine with other work the second tells more. */
export function ratio(title: string, own: Taken, raw: Taken, target: string): void {
  const times = `${own.seconds.toFixed(2)} s / ${raw.seconds.toFixed(2)} s`;
  const cpu = `CPU ${(own.cpu / raw.cpu).toFixed(2)} x (${own.cpu.toFixed(2)} s / ${raw.cpu.toFixed(2)} s)`;
  print(title, `${(own.seconds / raw.seconds).toFixed(2)} x`, `${times}; ${cpu}; ${target}`);
}
