import { expect, test } from 'vitest';
import type { PreparedSearch } from '../../../engines/contract/search.js';
import { calibrate } from '../../../harness/run/floor/floor.js';

const pass = (search: Partial<PreparedSearch>) => ({
  search: { query: () => ({ keys: [], scores: [] }), close: async () => {}, ...search },
  queries: [Float32Array.of(1, 2, 3)],
  order: Int32Array.of(0),
  k: 10,
  count: 100,
  repetition: 0,
  seed: 1,
  concurrent: true,
  several: true,
  origin: performance.now(),
  signal: new AbortController().signal,
});
const clients = { type: 'constant-clients', options: { clients: 4, seconds: 60, warmUp: 5, timeout: 10 } };
const rate = {
  type: 'constant-rate',
  options: { rate: 400, arrivals: 'uniform', inFlight: 8, seconds: 60, warmUp: 5, timeout: 10, threads: 2 },
};

test.each([
  ['raw-http', clients, 'http'],
  ['binary', clients, 'tcp'],
  ['grpc', rate, 'tcp'],
  [undefined, rate, 'none'],
] as const)('the same load on an echo: %s', async (client, workload, over) => {
  const { timer, floor } = await calibrate(workload, pass({ client }));
  expect(timer.late).toBeGreaterThanOrEqual(0);
  expect(timer.step).toBeGreaterThan(0);
  expect(timer.step).toBeLessThan(1);
  expect(floor).toMatchObject({ over });
  expect(floor!.p50).toBeLessThanOrEqual(floor!.p99);
  expect(floor!.n).toBeGreaterThan(0);
  // The part of one of two threads, for a quarter of a second.
  if (workload === rate) expect(Math.abs(floor!.n - 50)).toBeLessThanOrEqual(1);
});

test('settings that are sent in the same way share one, of the size that their queries have', async () => {
  const encoded = { client: 'raw-http', encode: () => Buffer.alloc(5000) };
  const first = calibrate(clients, pass(encoded));
  expect(calibrate(clients, pass(encoded))).toBe(first);
  expect(calibrate(clients, pass({ client: 'raw-http' }))).not.toBe(first);
  expect((await first).floor!.over).toBe('http');
});
