import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Collection } from '../../../engines/contract/collection.js';
import type { Samples } from '../../../harness/model/samples.js';
import type { BuildContext } from '../../../harness/run/context.js';
import { ForeignLoad } from '../../../harness/run/foreign-load.js';
import { remeasureBusy } from '../../../harness/run/remeasure.js';
import type { Trial } from '../../../harness/run/trial.js';
import { runFolder, samplesFile } from '../../../harness/store/run-folder.js';
import { joinSamples, passesOfSamples, readSamples, writeSamples } from '../../../harness/store/samples.js';
import { type Observed, samplesOf } from '../measures/samples.js';

let folder: string;
let sent: Record<string, unknown>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-remeasure-'));
  mkdirSync(join(folder, 'samples'));
  sent = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A pass of two queries, each of which took so many milliseconds. */
const pass = (repetition: number, took: number): Samples =>
  samplesOf(
    1,
    [0, 1].map((query): Observed => {
      const sentAt = repetition * 1000 + query * took;
      return { query, repetition, sent: sentAt, answered: sentAt + took, rows: [0], distances: [0] };
    }),
  );

function context(busy: number): BuildContext {
  const job = { runFolder: folder, k: 1, metric: 'l2', queryCount: 2, remeasure: { busy } };
  return {
    job,
    cost: {},
    vectors: { file: '', count: 1, dimensions: 1, read: () => {}, close: () => {} },
    metadata: undefined,
    signal: new AbortController().signal,
    send: async (message: Record<string, unknown>) => {
      sent.push(message);
    },
  } as unknown as BuildContext;
}

/** A trial that has ended, of three passes of 1 s beside which others used so many cores. */
function ended(id: string, cores: readonly number[]): Trial {
  const foreign = new ForeignLoad();
  cores.forEach((each, i) => {
    foreign.add(each, 1, i);
  });
  writeSamples(samplesFile(runFolder(folder), id), joinSamples(cores.map((_, i) => pass(i, 10))));
  const workload = { type: 'serial', options: {} };
  return {
    id,
    search: {},
    workload,
    foreign,
    failed: false,
    spans: [],
    passes: cores.length,
  } as unknown as Trial;
}

/** Measures passes of 5 ms a query beside others that use what is next in the list. */
function measuring(cores: number[]) {
  const asked: string[] = [];
  const measure = async (
    _: unknown,
    __: unknown,
    trial: Trial,
    number: number,
    ___: unknown,
    load?: ForeignLoad,
  ) => {
    asked.push(`${trial.id} ${number}`);
    load!.add(cores.shift() ?? 9, 1, number);
    return pass(number, 5);
  };
  return { asked, measure };
}

const again = (busy: number, trials: readonly Trial[], measure: Parameters<typeof remeasureBusy>[4]) =>
  remeasureBusy(context(busy), {} as Collection, trials, [Float32Array.of(0), Float32Array.of(0)], measure);

const timesOf = async (id: string): Promise<number[]> => {
  const samples = await readSamples(samplesFile(runFolder(folder), id), 1);
  return [...passesOfSamples(samples).values()].map(({ sent: s, answered }) => answered[0]! - s[0]!);
};

const replaced = () => readdirSync(join(folder, 'samples', 'replaced')).sort();
const told = () => sent.filter(({ type }) => type === 'passAgain');

describe('passes that other load disturbed', () => {
  test('are measured again, and quiet ones take their places; what they replace stays on disk', async () => {
    const [a, b] = [ended('a', [0, 0.9, 0]), ended('b', [0, 0, 0.1])];
    const { asked, measure } = measuring([0.1]);
    await again(3, [a, b], measure);
    expect(asked).toEqual(['a 1']);
    expect(await timesOf('a')).toEqual([10, 5, 10]);
    expect(await timesOf('b')).toEqual([10, 10, 10]);
    expect(replaced()).toEqual(['a.pass1.1.parquet']);
    const raw = await readSamples(join(folder, 'samples', 'replaced', 'a.pass1.1.parquet'), 1);
    expect(raw.answered[0]! - raw.sent[0]!).toBe(10);
    // 2 queries of 10 ms in two passes, of 5 ms in one.
    expect(told()).toEqual([
      {
        type: 'passAgain',
        trial: 'a',
        pass: 1,
        outcome: 'replaced',
        wallSeconds: 0.05,
        engineSeconds: 0.05,
        foreignCores: 0.1,
      },
    ]);
  });

  test('stay where the further ones are disturbed, too, and those are kept for whoever asks', async () => {
    const { measure } = measuring([0.8, 0.7]);
    await again(2, [ended('a', [0.9])], measure);
    expect(await timesOf('a')).toEqual([10]);
    expect(replaced()).toEqual(['a.pass0.1.parquet', 'a.pass0.2.parquet']);
    expect(told().map(({ outcome, foreignCores }) => [outcome, foreignCores])).toEqual([
      ['disturbed', 0.9],
      ['disturbed', 0.9],
    ]);
  });

  test('get at most so many further ones for each trial', async () => {
    const { asked, measure } = measuring([0, 0, 0, 0]);
    await again(2, [ended('a', [1, 1, 1]), ended('b', [1, 0, 0])], measure);
    expect(asked).toEqual(['a 0', 'b 0', 'a 1']);
    const none = measuring([]);
    await again(0, [ended('c', [1])], none.measure);
    expect(none.asked).toEqual([]);
  });

  test('are given up where three in a row were in vain: the machine stays busy', async () => {
    const { asked, measure } = measuring([]);
    const trials = ['a', 'b', 'c', 'd', 'e'].map((id) => ended(id, [1]));
    await again(3, trials, measure);
    expect(asked).toEqual(['a 0', 'b 0', 'c 0']);
  });

  test('do not take the trial with them where they fail', async () => {
    await again(3, [ended('a', [1])], async () => {
      throw new Error('no more memory');
    });
    expect(await timesOf('a')).toEqual([10]);
    expect(sent.at(-1)).toMatchObject({
      type: 'warning',
      message: expect.stringContaining('no more memory'),
    });
  });
});
