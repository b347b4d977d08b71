import { describe, expect, test } from 'vitest';
import { type Flags, MemoryFlags } from '../../../migration/cutover/flags.js';
import { type RampOptions, TrafficRamp } from '../../../migration/cutover/traffic-ramp.js';
import { TestClock } from './support.js';

const KEYS = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);

function opened(more: Partial<RampOptions> = {}) {
  return TrafficRamp.open({ flags: new MemoryFlags(), isReversePathAlive: async () => true, ...more });
}
const served = (ramp: TrafficRamp) => KEYS.filter((key) => ramp.serves(key) === 'target');

describe('a traffic ramp', () => {
  test('serves the share of its step, and keeps each key on its side', async () => {
    const ramp = await opened();
    expect(served(ramp)).toEqual([]);
    let before: string[] = [];
    for (const share of [0.01, 0.05, 0.25, 0.5, 1]) {
      expect(await ramp.advance()).toEqual({ state: 'advanced', share });
      const now = served(ramp);
      expect(now.length / KEYS.length).toBeCloseTo(share, 1);
      expect(now.length).toBeGreaterThan(0);
      const there = new Set(now);
      expect(before.filter((key) => !there.has(key))).toEqual([]);
      before = now;
    }
    expect(before).toHaveLength(KEYS.length);
    expect(await ramp.advance()).toEqual({ state: 'complete' });
  });

  test('begins only while the reverse path is alive', async () => {
    let isAlive = false;
    const ramp = await opened({ isReversePathAlive: async () => isAlive });
    expect(await ramp.advance()).toMatchObject({
      state: 'refused',
      share: 0,
      reasons: [expect.stringContaining('the reverse path is not alive')],
    });
    expect(served(ramp)).toEqual([]);
    isAlive = true;
    expect(await ramp.advance()).toMatchObject({ state: 'advanced' });
  });

  test('asks both gates; one that cannot be asked is closed', async () => {
    const asked: [string, number][] = [];
    const ramp = await opened({
      enter: async (share) => {
        asked.push(['enter', share]);
        return share === 1 ? ['too early'] : [];
      },
      leave: async (share) => {
        asked.push(['leave', share]);
        if (share === 0.25) throw new Error('no figures');
        return [];
      },
      steps: [0.25, 1],
    });
    expect(await ramp.advance()).toEqual({ state: 'advanced', share: 0.25 });
    expect(await ramp.advance()).toEqual({
      state: 'refused',
      share: 0.25,
      reasons: ['a gate cannot be asked: no figures', 'too early'],
    });
    expect(asked).toEqual([
      ['enter', 0.25],
      ['leave', 0.25],
      ['enter', 1],
    ]);
  });

  test('goes back at once, in all instances, and stays there until it is begun again', async () => {
    const flags = new MemoryFlags();
    const [one, other] = [await opened({ flags }), await opened({ flags })];
    await one.advance();
    await other.refresh();
    expect(other.share).toBe(0.01);
    const durable = one.rollback('too many empty answers');
    // Before anything is stored.
    expect(one.share).toBe(0);
    await durable;
    expect(await other.advance()).toEqual({
      state: 'refused',
      share: 0,
      reasons: ['it was rolled back: too many empty answers'],
    });
    await one.begin();
    expect(await other.advance()).toEqual({ state: 'advanced', share: 0.01 });
  });

  test('leaves everything to the source where the switch cannot be read for long', async () => {
    const clock = new TestClock();
    const ramp = await opened({ clock, steps: [1] });
    await ramp.advance();
    clock.pass(10_000);
    expect(ramp.serves('anybody')).toBe('target');
    clock.pass(1);
    expect(ramp.serves('anybody')).toBe('source');
    await ramp.refresh();
    expect(ramp.serves('anybody')).toBe('target');
  });

  test.each([
    ['with a swap', (flags: MemoryFlags): Flags => flags],
    [
      'without one',
      (flags: MemoryFlags): Flags => ({ get: (n) => flags.get(n), set: (n, v) => flags.set(n, v) }),
    ],
  ])('does not go over a rollback that came while its gates were asked: switches %s', async (_, as) => {
    const flags = new MemoryFlags();
    const other = await opened({ flags });
    await other.advance();
    let follows = async () => {};
    const ramp = await opened({
      flags: as(flags),
      leave: async () => {
        await other.rollback('empty answers');
        await follows();
        return [];
      },
    });
    // It has seen the rollback before its gates have answered, too.
    follows = () => ramp.refresh();
    expect(await ramp.advance()).toEqual({
      state: 'refused',
      share: 0,
      reasons: ['the switch was changed meanwhile: it was rolled back: empty answers'],
    });
    await other.refresh();
    expect([ramp.share, other.share, other.rolledBack]).toEqual([0, 0, 'empty answers']);
  });

  test('a rollback that cannot be stored holds here, and is stored as soon as that is possible', async () => {
    const flags = new MemoryFlags();
    const other = await opened({ flags, steps: [1] });
    await other.advance();
    let isDown = false;
    const ramp = await opened({
      flags: {
        get: (name) => flags.get(name),
        set: (name, value) => (isDown ? Promise.reject(new Error('down')) : flags.set(name, value)),
      },
    });
    expect(ramp.share).toBe(1);
    isDown = true;
    await expect(ramp.rollback('empty answers')).rejects.toThrow('down');
    await expect(ramp.refresh()).rejects.toThrow('down');
    expect([ramp.share, ramp.rolledBack]).toEqual([0, 'empty answers']);
    isDown = false;
    await ramp.refresh();
    await other.refresh();
    expect([ramp.share, other.share, other.rolledBack]).toEqual([0, 0, 'empty answers']);
  });

  test.each(['', 'on', 'null', '[]', '{}', '{"share":5}', '{"share":-1}', '{"share":"1"}', '{"share":null}'])(
    'takes a switch that says %j for none, and leaves all to the source in the end',
    async (text) => {
      const [flags, clock] = [new MemoryFlags(), new TestClock()];
      const ramp = await opened({ flags, clock, steps: [0.5, 1] });
      await ramp.advance();
      await flags.set('ramp', text);
      await expect(ramp.refresh()).rejects.toThrow('switch ramp: is no share of traffic');
      await expect(ramp.advance()).rejects.toThrow('is no share of traffic');
      expect(ramp.share).toBe(0.5);
      clock.pass(10_001);
      expect(served(ramp)).toEqual([]);
      await expect(opened({ flags })).rejects.toThrow('is no share of traffic');
    },
  );

  test('takes a gate that throws at once for closed', async () => {
    const enter = () => {
      throw new Error('no figures');
    };
    expect(await (await opened({ enter })).advance()).toMatchObject({
      state: 'refused',
      reasons: ['a gate cannot be asked: no figures'],
    });
  });

  test('refuses steps that do not ascend to 1', async () => {
    await expect(opened({ steps: [0.5, 0.1, 1] })).rejects.toThrow('steps are shares that ascend to 1');
    await expect(opened({ steps: [0.5] })).rejects.toThrow('steps are shares that ascend to 1');
  });
});
