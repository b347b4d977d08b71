import { describe, expect, test } from 'vitest';
import { compareHits, type Hit } from '../../../migration/cutover/compare-hits.js';
import { type ShadowOptions, ShadowReader } from '../../../migration/cutover/shadow-reader.js';
import { TestClock, turns } from './support.js';

const hits = (...ids: string[]): Hit[] => ids.map((id) => ({ id }));
type Options = ShadowOptions<string, Hit[]>;

function reader(more: Partial<Options> = {}) {
  return new ShadowReader<string, Hit[]>({
    control: async () => hits('a', 'b'),
    candidate: async () => hits('a', 'c'),
    compare: (control, other) => compareHits(control, other, 2),
    sample: 1,
    noise: 0,
    ...more,
  });
}

describe('shadow reads', () => {
  test('answer with the control and compare the candidate afterwards', async () => {
    const asked: string[] = [];
    const shadow = reader({
      control: async () => {
        asked.push('control');
        return hits('a', 'b');
      },
      candidate: async () => {
        asked.push('candidate');
        return hits('a', 'c');
      },
    });
    expect(await shadow.read('q')).toEqual(hits('a', 'b'));
    expect(asked).toEqual(['control']);
    await shadow.idle();
    expect(asked).toEqual(['control', 'candidate']);
    const { candidate, noise, worst } = shadow.summary();
    expect(candidate).toEqual({ n: 1, mean: 0.5 });
    expect(noise).toEqual({ n: 0, mean: undefined });
    expect(worst[0]).toMatchObject({ query: 'q', details: { missing: ['b'], extra: ['c'] } });
  });

  test('measure the noise floor with the control against itself', async () => {
    let asked = 0;
    const shadow = reader({ control: async () => hits('a', asked++ === 0 ? 'b' : 'x'), noise: 1 });
    await shadow.read('q');
    await shadow.idle();
    expect(shadow.summary().noise).toEqual({ n: 1, mean: 0.5 });
  });

  test('let an error of the control through, and none of the candidate', async () => {
    const broken = reader({ control: () => Promise.reject(new Error('down')) });
    await expect(broken.read('q')).rejects.toThrow('down');
    expect(broken.summary().sampled).toBe(0);
    const shadow = reader({
      candidate: () => {
        throw new Error('not there');
      },
    });
    expect(await shadow.read('q')).toEqual(hits('a', 'b'));
    await shadow.idle();
    expect(shadow.summary()).toMatchObject({
      left: { failed: 1 },
      lastError: 'not there',
      candidate: { n: 0 },
    });
  });

  test('are not failed by what the application hands in: its chance, its figures, its comparison', async () => {
    const broken = () => {
      throw new Error('no figures');
    };
    const silent = { record: () => {}, gauge: () => {} };
    const shadows = [
      reader({ random: broken }),
      reader({ telemetry: { ...silent, count: broken }, queue: 1, isComparable: async () => false }),
      reader({ compare: broken }),
      reader({ onCompared: broken }),
    ];
    for (const shadow of shadows) {
      for (let i = 0; i < 3; i++) expect(await shadow.read('q')).toEqual(hits('a', 'b'));
      await shadow.idle();
      expect(shadow.summary()).toMatchObject({ answered: 3, lastError: 'no figures' });
    }
  });

  test.each([Number.NaN, 2, -1, undefined, '1', null])('judge no agreement of %j', async (agreement) => {
    const shadow = reader({ compare: () => ({ agreement: agreement as number }) });
    await shadow.read('q');
    await shadow.idle();
    expect(shadow.summary()).toMatchObject({
      candidate: { n: 0, mean: undefined },
      left: { 'not-compared': 1 },
    });
  });

  test('never wait for a candidate that hangs: its time ends, then the queue, and all is counted', async () => {
    const clock = new TestClock();
    const shadow = reader({ candidate: () => new Promise(() => undefined), clock, queue: 3, timeoutMs: 100 });
    for (let i = 0; i < 5; i++) {
      expect(await shadow.read(`q${i}`)).toEqual(hits('a', 'b'));
      await turns();
    }
    // One is being asked, three wait.
    expect(shadow.summary().left).toMatchObject({ dropped: 1, 'timed-out': 0 });
    for (let i = 0; i < 4; i++) {
      clock.pass(100);
      await turns();
    }
    expect(shadow.summary().left).toMatchObject({ dropped: 1, 'timed-out': 4 });
    // Calls that are given up and still run are not piled up without end.
    for (let i = 0; i < 20; i++) {
      await shadow.read('again');
      await turns();
      clock.pass(100);
      await turns();
    }
    const { left, sampled, candidate } = shadow.summary();
    expect(left['timed-out']).toBe(10);
    expect(left.dropped + left['timed-out'] + candidate.n).toBe(sampled);
  });

  test('judge only what the candidate could know', async () => {
    const shadow = reader({ isComparable: async (query) => query !== 'early' });
    await shadow.read('early');
    await shadow.read('late');
    await shadow.idle();
    expect(shadow.summary()).toMatchObject({ left: { 'not-comparable': 1 }, candidate: { n: 1 } });
  });

  test('draw a share, and stop', async () => {
    const draws = [0.2, 0.04, 0.9];
    const shadow = reader({ sample: 0.05, noise: undefined, random: () => draws.shift() ?? 1 });
    for (let i = 0; i < 3; i++) await shadow.read('q');
    expect(shadow.summary()).toMatchObject({ answered: 3, sampled: 1 });
    shadow.stop();
    await shadow.read('q');
    await turns();
    expect(shadow.summary()).toMatchObject({ answered: 4, sampled: 1, left: { dropped: 1 } });
  });

  test('keep the worst pairs', async () => {
    const answers = [hits('a', 'b'), hits('x', 'y'), hits('a', 'x')];
    const shadow = reader({ candidate: async (query) => answers[Number(query)]!, keep: 1, queue: 10 });
    for (const query of ['0', '1', '2']) await shadow.read(query);
    await shadow.idle();
    expect(shadow.summary().worst.map(({ query }) => query)).toEqual(['1']);
  });

  test('refuse shares and limits that are none', () => {
    expect(() => reader({ sample: 2 })).toThrow('sample is a share from 0 to 1 (got 2)');
    expect(() => reader({ queue: 0 })).toThrow('queue is at least 1 (got 0)');
  });
});

describe('two lists of hits', () => {
  const scored = (...pairs: [string, number][]) => pairs.map(([id, score]) => ({ id, score }));

  test('agree by the share of the longer one', () => {
    expect(compareHits([], [], 10).agreement).toBe(1);
    expect(compareHits([], hits('a'), 10).agreement).toBe(0);
    expect(compareHits(hits('a', 'b'), hits('b'), 10).agreement).toBe(0.5);
    expect(compareHits(hits('a', 'b', 'c'), hits('b', 'a', 'x'), 2).agreement).toBe(1);
  });

  test('may exchange hits that tie with the last one', () => {
    const control = scored(['a', 1], ['b', 2], ['c', 2]);
    expect(compareHits(control, scored(['a', 1], ['b', 2], ['d', 2]), 3).agreement).toBe(1);
    expect(compareHits(control, scored(['a', 1], ['d', 1.5], ['c', 2]), 3).agreement).toBeCloseTo(2 / 3);
    expect(compareHits(control, scored(['d', 1], ['b', 2], ['c', 2]), 3).agreement).toBeCloseTo(2 / 3);
  });
});
