import { median, print } from './print.js';

const ROUNDS = 6;

/**
 * What an adapter adds to a query: its call against the raw client's on the same server, with the same request, in
 * turns. Prints medians.
 */
export async function compareOwnTime(
  engine: string,
  queries: number,
  ways: Readonly<Record<'adapter' | 'raw', (i: number) => unknown>>,
): Promise<void> {
  const times = { adapter: [] as number[], raw: [] as number[] };
  const orders = [
    ['adapter', 'raw'],
    ['raw', 'adapter'],
  ] as const;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < queries; i++) {
      // The second of two equal queries finds its pages in the processor's cache: they take turns at it.
      for (const way of orders[(round + i) % 2]!) {
        const start = performance.now();
        await ways[way](i);
        // In the first round statements are parsed and pages read.
        if (round > 0) times[way].push(performance.now() - start);
      }
    }
  }
  const [own, bare] = [median(times.adapter), median(times.raw)];
  const micro = (ms: number) => (ms * 1000).toFixed(0);
  print(`${engine}: median query, adapter / raw client`, `${micro(own)} / ${micro(bare)} µs`);
  const target = 'target: under 10% or 50 µs, whichever is more';
  print('  the adapter’s own time', `${micro(own - bare)} µs`, target);
}
