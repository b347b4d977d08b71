import { expect, test } from 'vitest';
import { parseStart } from '../../../harness/app/shard.js';
import type { PlannedTrial } from '../../../harness/model/plan.js';
import { ownPart, ownSeed, shareText, slotsOf, whyNotShared } from '../../../harness/model/shared-load.js';
import { dueTimes } from '../../../harness/run/executors/schedule.js';

const load = (type: string, options: Record<string, number>): PlannedTrial['workload'] => ({ type, options });
const trial = (id: string, seconds: number): PlannedTrial => ({
  id,
  search: {},
  workload: load('constant-rate', { rate: 100, inFlight: 64, warmUp: 1, seconds, timeout: 2 }),
});

test('the parts of all machines are the whole: clients as even as they can be, rates evenly', () => {
  for (const of of [1, 2, 3, 7]) {
    const parts = Array.from({ length: of }, (_, i) =>
      ownPart(load('constant-clients', { clients: 16 }), { index: i + 1, of }),
    );
    const clients = parts.map(({ options }) => Number(options['clients']));
    expect(clients.reduce((sum, each) => sum + each, 0)).toBe(16);
    expect(Math.max(...clients) - Math.min(...clients)).toBeLessThanOrEqual(1);
  }
  const ramp = load('ramping-rate', { from: 30, to: 90, inFlight: 10 });
  expect(ownPart(ramp, { index: 3, of: 3 }).options).toEqual({ from: 10, to: 30, inFlight: 3 });
});

test('what one machine alone can send is not shared', () => {
  expect(whyNotShared(load('serial', {}), 2)).toContain('one client');
  expect(whyNotShared(load('search-under-writes', { rate: 5 }), 2)).toContain('writes');
  expect(whyNotShared(load('constant-clients', { clients: 2 }), 3)).toContain('2 clients cannot be divided');
  expect(whyNotShared(load('constant-rate', { rate: 5, inFlight: 64 }), 3)).toBeUndefined();
});

test('arrivals of several machines together are those of a Poisson process of the whole rate', () => {
  const [rate, seconds, of] = [300, 100, 3];
  const all = Array.from({ length: of }, (_, i) => [
    ...dueTimes({ from: rate / of, to: rate / of, seconds }, 'poisson', ownSeed(42, { index: i + 1, of })),
  ]);
  // No machine repeats another one's.
  expect(new Set(all.flat()).size).toBe(all.flat().length);
  const merged = all.flat().sort((a, b) => a - b);
  const gaps = merged.slice(1).map((each, i) => (each - merged[i]!) / 1000);
  const mean = gaps.reduce((sum, each) => sum + each, 0) / gaps.length;
  const variance = gaps.reduce((sum, each) => sum + (each - mean) ** 2, 0) / gaps.length;
  expect(mean * rate).toBeCloseTo(1, 1);
  // Exponential gaps have a coefficient of variation of 1; those of evenly spaced arrivals have none.
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
});

test('passes follow the plan alone: all trials once, then in the opposite order, none while another one may go on', () => {
  const startAt = '2026-11-30T12:00:00.000Z';
  const slots = slotsOf([trial('a', 10), trial('b', 100)], { repeat: 2, startAt });
  const ordered = [...slots]
    .flatMap(([id, each]) => each.map((slot, pass) => ({ id, pass, ...slot })))
    .sort((x, y) => x.begin - y.begin);
  expect(ordered.map(({ id, pass }) => `${id}${pass}`)).toEqual(['a0', 'b0', 'b1', 'a1']);
  expect(ordered[0]!.begin).toBe(Date.parse(startAt));
  for (const [i, slot] of ordered.entries()) {
    const { seconds } = { seconds: slot.id === 'a' ? 13 : 103 };
    expect(slot.end - slot.begin).toBe(1000 * seconds);
    if (i > 0) expect(slot.begin - ordered[i - 1]!.end).toBeGreaterThanOrEqual(5000);
  }
});

test('a shard says what it does and until when', () => {
  const load = { startAt: '2026-11-30T12:00:00.000Z' };
  const text = (index: number) => shareText({ index, of: 3, load }, [trial('a', 10)], 1);
  expect(text(1)).toContain('makes the collection and sends its part');
  expect(text(2)).toBe(
    'shard 2 of 3 sends its part of each load from 2026-11-30T12:00:00.000Z on, until 2026-11-30T12:00:13.000Z at the latest',
  );
  expect(shareText({ index: 1, of: 3 }, [trial('a', 10)], 1)).toBeUndefined();
});

test('a start has its zone and is yet to come', () => {
  const now = new Date('2026-11-30T11:00:00Z');
  expect(parseStart('2026-11-30T13:00:00+01:00', now)).toBe('2026-11-30T12:00:00.000Z');
  for (const text of ['12:00', '2026-11-30 12:00', '2026-11-30T12:00:00', 'soon', '2026-13-45T12:00:00Z'])
    expect(() => parseStart(text, now), text).toThrow('must be a date and time with its zone');
  expect(() => parseStart('2026-11-30T10:59:59Z', now)).toThrow('that time has passed');
  expect(() => parseStart('2027-11-30T12:00:00Z', now)).toThrow('more than 7 days away');
});
