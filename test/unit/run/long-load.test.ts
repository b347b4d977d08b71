import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LoadTimes } from '../../../harness/measures/load-times.js';
import { timingOf } from '../../../harness/measures/timing.js';
import { loadErrorText } from '../../../harness/model/load-errors.js';
import type { Times } from '../../../harness/model/samples.js';
import { joinRecordings } from '../../../harness/run/join-recordings.js';
import { partOfSpool, Recorder, type Recording, type SpoolPlace } from '../../../harness/run/recorder.js';
import { readSpools } from '../../../harness/run/spool.js';
import { joinTimes, keepTimes, moveTimes, replaceTimes } from '../../../harness/run/times.js';
import { joinSamples, readSamples, writeSamples } from '../../../harness/store/samples.js';
import { readTimes, timesFiles } from '../../../harness/store/times.js';

const folder = mkdtempSync(join(tmpdir(), 'vecproof-long-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const place = (most: number, room: number): SpoolPlace => ({
  path: join(folder, `spool${++files}`),
  seed: 3,
  most,
  room,
});
const about = { k: 2, count: 1000, repetition: 0 };

/** Sample i asks query i mod 50 at i ms, and is answered after 1 ms with row i mod 1000; every tenth fails. */
function record(recorder: Recorder, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const failed = i % 10 === 9;
    const hits = failed ? undefined : { keys: [i % 1000], scores: [i] };
    const why = failed ? loadErrorText('timeout', `no answer within ${i % 20} s`) : undefined;
    recorder.add(i % 50, i, i, i + 1, hits, why);
  }
}

async function recorded(samples: number, spool: SpoolPlace, repetition = 0): Promise<Recording> {
  const recorder = new Recorder({ ...about, repetition, spool });
  record(recorder, 0, samples);
  expect(recorder.length).toBe(samples);
  return recorder.recording();
}

async function all(blocks: AsyncIterable<Times>): Promise<Times[]> {
  const found: Times[] = [];
  for await (const block of blocks) found.push(block);
  return found;
}

describe('a pass that is too long for memory', () => {
  test('keeps the times of all samples in order, and says why some failed', async () => {
    const { all: times } = await recorded(2500, place(100, 50));
    const blocks = await all(readSpools(times!.spools));
    const due = blocks.flatMap((block) => Array.from(block.due));
    expect(due).toEqual(Array.from({ length: 2500 }, (_, i) => i));
    const errors = blocks.flatMap(({ error }) => error);
    expect(errors.filter((text) => text !== null)).toHaveLength(250);
    expect(errors[9]).toBe('timeout: no answer within 9 s');
    expect(errors[19]).toBe('timeout: no answer within 19 s');
    expect(blocks.flatMap(({ returned }) => Array.from(returned)).slice(8, 10)).toEqual([1, -1]);
  });

  test('keeps a random part of the answers: each sample has the same chance, whenever it was taken', async () => {
    const halves = [0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const samples = await recorded(4000, { ...place(100, 200), seed });
      expect(samples.length).toBeLessThanOrEqual(200);
      expect(samples.length).toBeGreaterThan(50);
      expect(samples.length / 4000).toBeCloseTo(samples.all!.kept, 1);
      for (let i = 0; i < samples.length; i++) {
        const sample = samples.due[i]!;
        halves[sample < 2000 ? 0 : 1]!++;
        expect(samples.rows[2 * i]).toBe(sample % 10 === 9 ? -1 : sample % 1000);
      }
    }
    // About 5,000 in all: four standard errors of an even split.
    const total = halves[0]! + halves[1]!;
    expect(Math.abs(halves[0]! / total - 0.5)).toBeLessThan(2 / Math.sqrt(total));
    const again = await recorded(4000, { ...place(100, 200), seed: 1 });
    expect(Array.from(again.due)).toEqual(
      Array.from((await recorded(4000, { ...place(100, 200), seed: 1 })).due),
    );
  });

  test('of more texts of errors than are kept says their kind', async () => {
    const recorder = new Recorder({ ...about, spool: place(10, 5) });
    for (let i = 0; i < 1100; i++)
      recorder.add(0, i, i, i, undefined, loadErrorText('timeout', `no answer ${i}`));
    const { all: times } = await recorder.recording();
    const errors = (await all(readSpools(times!.spools))).flatMap(({ error }) => error);
    expect(errors[999]).toBe('timeout: no answer 999');
    expect(errors[1000]).toBe('timeout: one more text than are kept');
    expect(times!.spools[0]!.errors.length).toBeLessThanOrEqual(1001);
  });

  test('whose file cannot be written fails', async () => {
    const spool = { ...place(10, 5), path: join(folder, 'no', 'such', 'folder') };
    await expect(recorded(100, spool)).rejects.toThrow('ENOENT');
  });

  test('of several recorders is one, and of all the same part is kept', async () => {
    const whole = place(100, 100);
    const parts = await Promise.all(
      [3000, 50].map(async (samples, index) => {
        const recorder = new Recorder({ ...about, spool: partOfSpool(whole, { index, of: 2 }) });
        record(recorder, 0, samples);
        return recorder.recording();
      }),
    );
    expect(parts.map((part) => part.all === undefined)).toEqual([false, true]);
    const joined = await joinRecordings(parts, whole);
    expect(joined.all!.spools.map(({ samples }) => samples)).toEqual([3000, 50]);
    expect(joined.length).toBeLessThan(parts[0]!.length + 20);
    // In the order in which they ended, block by block.
    const ends = (await all(readSpools(joined.all!.spools))).map(({ answered }) => answered[0]!);
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
  });
});

describe('times beside a file of samples', () => {
  const path = (name: string) => join(folder, `${name}.parquet`);
  const dues = async (name: string) => {
    const found: string[] = [];
    for (const block of await all(readTimes(timesFiles(path(name)))))
      for (let i = 0; i < block.length; i += 500) found.push(`${block.repetition[i]}:${block.due[i]}`);
    return found;
  };

  test('are those of all passes once one is long; a pass that is measured again takes their place', async () => {
    const long = await recorded(1000, place(100, 50));
    const short = await recorded(600, place(10_000, 50), 1);
    expect(short.all).toBeUndefined();
    for (const [name, samples] of Object.entries({ long, short })) {
      await keepTimes(path(name), samples);
      writeSamples(path(name), samples);
    }
    expect(timesFiles(path('short'))).toEqual([]);
    const parts = await Promise.all(
      ['long', 'short'].map(async (name) => ({
        path: path(name),
        samples: await readSamples(path(name), 2),
      })),
    );
    await joinTimes(parts, path('trial'));
    writeSamples(path('trial'), joinSamples(parts.map(({ samples }) => samples)));
    expect(await dues('trial')).toEqual(['0:0', '0:500', '1:0', '1:500']);
    expect(timesFiles(path('long'))).toEqual([]);

    const again = await recorded(200, place(10, 5));
    await replaceTimes(path('trial'), 0, again, path('replaced'));
    expect(await dues('trial')).toEqual(['1:0', '1:500', '0:0']);
    expect(await dues('replaced')).toEqual(['0:0', '0:500']);
    moveTimes(path('trial'), path('elsewhere'));
    expect(await dues('elsewhere')).toEqual(['1:0', '1:500', '0:0']);
    expect(readdirSync(folder).filter((name) => name.includes('.next.'))).toEqual([]);
    expect(again.all!.spools.some((spool) => existsSync(spool.path))).toBe(false);
  });

  test('give the figures of all samples, not of those that were kept', async () => {
    const samples = await recorded(5000, place(100, 50));
    await keepTimes(path('figures'), samples);
    const times = new LoadTimes({ type: 'constant-rate', options: { rate: 1000, inFlight: 8, seconds: 5 } });
    for await (const block of readTimes(timesFiles(path('figures')))) times.add(block);
    expect([times.samples, times.answered, times.errors.get('timeout')]).toEqual([5000, 4500, 500]);
    expect(timingOf(times.passes())['throughput']!.value).toBeCloseTo(4500 / 5, 6);
    expect(samples.length).toBeLessThan(100);
  });

  test('that are damaged are told with their file', async () => {
    const samples = await recorded(300, place(100, 50));
    await keepTimes(path('few'), samples);
    const read = all(readTimes(timesFiles(path('few')), { queries: 10 }));
    await expect(read).rejects.toThrow(/few\.times\.0001\.parquet.*a query that there is not/s);
  });
});
