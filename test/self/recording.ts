import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LoadTimes } from '../../harness/measures/load-times.js';
import { Random } from '../../harness/measures/random.js';
import { timingOf } from '../../harness/measures/timing.js';
import { collectGarbage } from '../../harness/process/resources.js';
import { Recorder } from '../../harness/run/recorder.js';
import { keepTimes } from '../../harness/run/times.js';
import { readSamples, writeSamples } from '../../harness/store/samples.js';
import { readTimes, timesFiles } from '../../harness/store/times.js';

const MB = 2 ** 20;
const RATE = 5000;
const SECONDS = 3600;
const K = 10;
const QUERIES = 2000;

/** An hour at 5,000 queries/s, as fast as samples can be made: what recording and deriving it take of memory and time. */
export async function measureRecording(folder: string): Promise<void> {
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 50);
  const begin = process.memoryUsage.rss();
  const phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    // As the process of a build does between its phases.
    await collectGarbage();
    most = process.memoryUsage.rss();
    const start = performance.now();
    const result = await work();
    most = Math.max(most, process.memoryUsage.rss());
    const seconds = (performance.now() - start) / 1000;
    process.stdout.write(
      `recording: ${name.padEnd(34)} ${seconds.toFixed(1).padStart(7)} s, at most ${(most / MB).toFixed(0)} MiB resident\n`,
    );
    return result;
  };
  try {
    process.stdout.write(`recording: before ${(begin / MB).toFixed(0)} MiB resident\n`);
    const path = join(folder, 'hour.parquet');
    const recording = await phase(`${(RATE * SECONDS) / 1e6} million samples, k ${K}`, () => record(folder));
    await phase('times to Parquet', () => keepTimes(path, recording));
    await phase('answers to Parquet', async () => writeSamples(path, recording));
    const times = await phase('derive from all times', async () => {
      const found = new LoadTimes({
        type: 'constant-rate',
        options: { rate: RATE, seconds: SECONDS, inFlight: 64, timeout: 10 },
      });
      for await (const block of readTimes(timesFiles(path), { queries: QUERIES })) found.add(block);
      timingOf(found.passes());
      found.course();
      return found;
    });
    const kept = await phase('read the answers', () => readSamples(path, K));
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const p99 = timingOf(times.passes())['latency.p99']!.value;
    process.stdout.write(
      `recording: ${times.samples} samples, p99 ${p99.toFixed(3)} ms, ${kept.length} answers kept, ${(bytes / MB).toFixed(0)} MiB on disk, ${timesFiles(path).length} files\n`,
    );
  } finally {
    clearInterval(watch);
  }
}

async function record(folder: string) {
  const spool = { path: join(folder, 'hour.spool'), seed: 1 };
  const recorder = new Recorder({ k: K, count: 1_000_000, repetition: 0, spool });
  const random = new Random(7);
  const keys = Array.from({ length: K }, () => 0);
  const scores = Array.from({ length: K }, () => 0);
  for (let i = 0; i < RATE * SECONDS; i++) {
    const due = (i * 1000) / RATE;
    const latency = 2000 / (1 + random.below(2000));
    for (let j = 0; j < K; j++) keys[j] = random.below(1_000_000);
    for (let j = 0; j < K; j++) scores[j] = keys[j]! / 7;
    recorder.add(i % QUERIES, due, due + 0.01, due + latency, { keys, scores }, undefined);
    // A file takes its blocks one a turn, as it does between queries.
    if (i % 512 === 0) await nextTurn();
  }
  return recorder.recording();
}
