import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ParameterSet } from '../../common/parameters.js';
import { compiledModule } from '../../common/paths.js';
import type { PreparedSearch } from '../../engines/contract/search.js';
import { HttpPool } from '../../engines/kit/http-pool.js';
import { compactVectorJson } from '../../engines/kit/json-vector.js';
import { loadMeasures } from '../../harness/measures/load.js';
import { LoadTimes } from '../../harness/measures/load-times.js';
import { timingMeasures } from '../../harness/measures/timing.js';
import { constantClients } from '../../harness/run/executors/constant-clients.js';
import { constantRate } from '../../harness/run/executors/constant-rate.js';
import type { Executor, Pass } from '../../harness/run/executors/executor.js';
import { clustered } from './clustered.js';
import { median, print } from './print.js';
import { inTurns } from './rounds.js';

const DIMENSIONS = 768;
const QUERIES = 200;
const RATE = 5000;
const CLIENTS = 8;
const SECONDS = 2;
const PEER = 'autocannon@8.0.0';

/** The load generator against a server that answers at once: what is left is its own. */
export async function measureEcho(folder: string): Promise<void> {
  const child = fork(compiledModule('test/self/echo-server.js'));
  try {
    const [port] = (await once(child, 'message')) as [number];
    const address = `http://127.0.0.1:${port}`;
    await openLoop(address);
    await closedLoops(address, folder);
  } finally {
    child.kill();
  }
}

async function openLoop(address: string): Promise<void> {
  const rounds: Record<string, number>[] = [];
  const workload = {
    type: 'constant-rate',
    options: { rate: RATE, seconds: SECONDS, warmUp: 1, inFlight: 64 },
  };
  for (let round = 0; round < 5; round++) {
    const spun = { ms: 0 };
    const cpu = process.cpuUsage();
    const samples = await runOnEcho(constantRate, address, workload.options, (ms) => {
      spun.ms += ms;
    });
    const { user, system } = process.cpuUsage(cpu);
    const timing = timingMeasures(samples);
    const times = new LoadTimes(workload);
    times.add(samples);
    const { measures } = loadMeasures(times, workload, timing, undefined);
    rounds.push({
      // A machine that does not keep up has no place free: every query waits, and none is late.
      lag: measures['load.sendLag.p99']?.value ?? Number.POSITIVE_INFINITY,
      achieved: timing['throughput']!.value / measures['load.offered']!.value,
      p99: timing['latency.p99']!.value,
      cores: (user + system - spun.ms * 1000) / 1e6 / (SECONDS + 1),
    });
  }
  const of = (name: string) => median(rounds.map((round) => round[name]!));
  const range = rounds.map(({ lag }) => lag!.toFixed(2)).join(', ');
  print(
    `open loop, ${RATE}/s on an echo: send lag p99`,
    `${of('lag').toFixed(2)} ms`,
    `target: under 1 ms; rounds: ${range}`,
  );
  print('  achieved of the offered rate', `${(100 * of('achieved')).toFixed(2)}%`, 'target: within 1%');
  print('  latency p99; client', `${of('p99').toFixed(2)} ms; ${of('cores').toFixed(2)} cores`);
}

/** Beside `autocannon`, which is installed outside the project. */
async function closedLoops(address: string, folder: string): Promise<void> {
  const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', PEER];
  execFileSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'] });
  const body = join(folder, 'body.json');
  writeFileSync(body, bodies()[0]!);
  const ours = async () => {
    const samples = await runOnEcho(constantClients, address, {
      clients: CLIENTS,
      seconds: SECONDS,
      warmUp: 0,
    });
    return timingMeasures(samples)['throughput']!.value;
  };
  const theirCpu: number[] = [];
  const theirs = async () => {
    const { perSecond, micros } = await peer(folder, address, body);
    theirCpu.push(micros);
    return perSecond;
  };
  const { rates, cpu, ratio } = await inTurns({ ours, theirs }, SECONDS);
  print(
    `closed loop, ${CLIENTS} clients on an echo: ours / ${PEER}`,
    `${Math.round(rates.ours)} / ${Math.round(rates.theirs)} per s`,
    `ratio ${ratio.toFixed(2)}; target: at least 0.8`,
  );
  print('  CPU of the client for a query', `${cpu.ours.toFixed(0)} / ${median(theirCpu).toFixed(0)} µs`);
}

/** In a process of its own, which tells what it used. */
async function peer(folder: string, address: string, body: string) {
  const child = fork(compiledModule('test/self/load-peer.js'), [folder, address, body], {
    env: { ...process.env, CLIENTS: String(CLIENTS), SECONDS: String(SECONDS) },
  });
  const [found] = (await once(child, 'message')) as [{ perSecond: number; micros: number }];
  child.disconnect();
  await once(child, 'exit');
  return found;
}

function bodies(): Buffer[] {
  const vectors = clustered(QUERIES, DIMENSIONS);
  return Array.from({ length: QUERIES }, (_, i) => {
    const vector = vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
    return Buffer.from(`{"query_embeddings":[${compactVectorJson(vector)}],"n_results":10}`);
  });
}

/** One pass of a load on an echo server. */
export async function runOnEcho(
  executor: Executor,
  address: string,
  given: ParameterSet,
  onSpun?: (ms: number) => void,
) {
  const parsed = executor.parse(given);
  if (parsed.state !== 'ok') throw new Error('it refuses its own options');
  const pool = await HttpPool.open(address, { 'content-type': 'application/json' });
  const encoded = bodies();
  const hitsOf = (text: string) => {
    const { ids, distances } = JSON.parse(text) as { ids: string[][]; distances: number[][] };
    return { keys: ids[0]!.map(Number), scores: distances[0]! };
  };
  const send = async (body: Buffer, signal?: AbortSignal) =>
    hitsOf((await pool.post('/', body, signal)).body.toString());
  const search: PreparedSearch = {
    query: (vector, _filter, signal) => send(encoded[vector[0]!]!, signal),
    encode: (vector) => encoded[vector[0]!]!,
    queryEncoded: (body, _filter, signal) => send(body as Buffer, signal),
    close: async () => {},
  };
  const pass: Pass = {
    search,
    queries: encoded.map((_, i) => Float32Array.of(i)),
    order: Int32Array.from({ length: QUERIES }, (_, i) => i),
    k: 10,
    count: 200_000,
    repetition: 0,
    seed: 1,
    concurrent: true,
    several: false,
    open: async () => ({ search, filters: undefined }),
    origin: performance.now(),
    signal: new AbortController().signal,
    ...(onSpun && { onSpun }),
  };
  const samples = await executor.run(pass, parsed.options);
  await pool.close();
  return samples;
}
