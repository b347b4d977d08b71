import { Bench } from 'tinybench';
import { rowBatch, rowSpec } from '../../engines/kit/rows.js';
import { loadEngine } from '../../engines/registry.js';
import { serial } from '../../harness/run/executors/serial.js';
import { print } from './print.js';

const QUERIES = 10_000;
const K = 10;

/** Cost of the harness per query: a pass over the null engine, in-process, against a bare loop over the same calls. */
export async function measureFloor(folder: string): Promise<void> {
  const signal = new AbortController().signal;
  const definition = await loadEngine('null');
  const engine = await definition.connect({ folder, threads: 1, seed: 1 }, signal);
  const spec = rowSpec({ name: 'self', dimensions: 4, metric: 'cosine', capacity: 1000, index: {} });
  const collection = await engine.create(spec);
  await collection.load(rowBatch(0, 1000, new Float32Array(4000)), signal);
  await collection.ready(signal);
  const search = await collection.prepare({}, K);
  const queries = Array.from({ length: QUERIES }, () => new Float32Array(4));
  const order = Int32Array.from({ length: QUERIES }, (_, i) => i);
  const pass = { search, queries, order, k: K, count: 1000, repetition: 0, origin: 0, signal };
  const bench = new Bench({ time: 2000, warmupTime: 500 });
  bench.add('pass', async () => {
    await serial.run(pass, {});
  });
  bench.add('bare', () => {
    for (let i = 0; i < QUERIES; i++) void search.query(queries[order[i]!]!);
  });
  await bench.run();
  const [measured, bare] = bench.tasks.map((task) => {
    const { result } = task;
    if (result.state !== 'completed') throw new Error(`${task.name}: ${result.state}`);
    return (result.latency.mean * 1000) / QUERIES;
  });
  print(
    'harness per query (null engine, in-process)',
    `${(measured! - bare!).toFixed(2)} µs`,
    'target: under 5 µs',
  );
  print('  of that pass and bare loop', `${measured!.toFixed(2)} µs and ${bare!.toFixed(3)} µs`);
  await search.close();
  await collection.drop();
  await engine.close();
}
