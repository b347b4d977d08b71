import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
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

/**
 * An hour at 5,000 queries/s, as fast as samples can be made: what recording and deriving it take of memory and time. Each
 * in a process of its own, as in a run.
 */
export async function measureRecording(folder: string): Promise<void> {
  for (const part of Object.keys(PARTS)) {
    const options = ['--expose-gc', fileURLToPath(import.meta.url), part, folder];
    execFileSync(process.execPath, options, { stdio: 'inherit' });
  }
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  process.stdout.write(
    `recording: ${(bytes / MB).toFixed(0)} MiB on disk in ${readdirSync(folder).length} files\n`,
  );
}

type Phase = <T>(name: string, work: () => Promise<T>) => Promise<T>;

const PARTS: Record<string, (folder: string, phase: Phase) => Promise<void>> = {
  record: async (folder, phase) => {
    const path = pathIn(folder);
    const recording = await phase(`${(RATE * SECONDS) / 1e6} million samples, k ${K}`, () => record(folder));
    await phase('times to Parquet', () => keepTimes(path, recording));
    await phase('answers to Parquet', async () => writeSamples(path, recording));
  },
  derive: async (folder, phase) => {
    const path = pathIn(folder);
    const kept = await phase('read the answers', () => readSamples(path, K));
    const times = await phase('derive from all times', async () => {
      const options = { rate: RATE, seconds: SECONDS, inFlight: 64, timeout: 10 };
      const found = new LoadTimes({ type: 'constant-rate', options });
      for await (const block of readTimes(timesFiles(path), { queries: QUERIES })) found.add(block);
      found.course();
      return found;
    });
    const p99 = timingOf(times.passes())['latency.p99']!.value;
    process.stdout.write(
      `recording: ${times.samples} samples, p99 ${p99.toFixed(3)} ms, ${kept.length} answers kept\n`,
    );
  },
};

const pathIn = (folder: string): string => join(folder, 'hour.parquet');

async function main(part: string, folder: string): Promise<void> {
  let most = 0;
  const note = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const watch = setInterval(note, 50);
  note();
  process.stdout.write(`recording: ${part} begins with ${(most / MB).toFixed(0)} MiB resident\n`);
  await PARTS[part]!(folder, async (name, work) => {
    // As the process of a build does between its phases.
    await collectGarbage();
    most = 0;
    const start = performance.now();
    const result = await work();
    note();
    const seconds = (performance.now() - start) / 1000;
    process.stdout.write(
      `recording: ${name.padEnd(34)} ${seconds.toFixed(1).padStart(7)} s, at most ${(most / MB).toFixed(0)} MiB resident\n`,
    );
    return result;
  });
  clearInterval(watch);
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
    // Far faster than any load: the file gets its turns, which it has between queries.
    if (i % 2048 === 0) await pause(1);
  }
  return recorder.recording();
}

const [, script, part, folder] = process.argv;
if (script === fileURLToPath(import.meta.url)) await main(part!, folder!);
