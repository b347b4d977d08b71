import { expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/point.js';
import { MemoryChangeLog } from '../../../migration/changes/memory-log.js';
import { differingPart, wayBack } from '../../../migration/plan/way-back.js';

const point = (change: Partial<Point> = {}): Point => ({
  id: 'a',
  vectors: { vector: Float32Array.of(0.5, -1, 0.25) },
  metadata: { title: 'new', year: 2026, big: 2n ** 60n, open: true, at: '2026-11-28T00:00:00Z' },
  text: 'new',
  ...change,
});

test('a row of an earlier state is seen by what it has', () => {
  expect(differingPart(point(), point())).toBeUndefined();
  expect(differingPart(point(), point({ text: 'old' }))).toBe('text');
  expect(differingPart(point(), point({ metadata: { title: 'old' } }))).toBe('value of "title"');
  expect(differingPart(point(), point({ metadata: { open: false } }))).toBe('value of "open"');
  expect(differingPart(point(), point({ vectors: { vector: Float32Array.of(0.5, -1, 0.2) } }))).toBe(
    'vector',
  );
});

test('what the source lacks, rounds or tells in another way is no difference', () => {
  expect(differingPart(point(), point({ text: undefined, metadata: {}, vectors: {} }))).toBeUndefined();
  // bfloat16 keeps eight bits.
  expect(
    differingPart(point(), point({ vectors: { vector: Float32Array.of(0.502, -1, 0.2485) } })),
  ).toBeUndefined();
  expect(differingPart(point(), point({ metadata: { big: 2 ** 60, at: ['2026-11-28'] } }))).toBeUndefined();
});

const written = (id: string, text: string) => ({
  ...{ kind: 'upsert' as const, collection: 'docs', id, at: 0, idempotencyKey: `${id} ${text}` },
  point: point({ id, text }),
});

test('a row that is written while it is looked at is no missing one', async () => {
  const log = new MemoryChangeLog();
  await log.append([written('a', 'new'), written('b', 'new')]);
  let asked = 0;
  // The application goes on: the source has the row of its next write before it is read.
  const get = async () => {
    if (asked++ === 0) await log.append([written('a', 'newer')]);
    return [point({ text: 'newer' }), point({ id: 'b' })];
  };
  expect(await wayBack({ log, source: { get } }, 'docs')).toEqual({
    alive: true,
    words: 'the source has all 2 rows that were written through the log',
    missing: 0,
  });
  // In the log, and a moment later in the source.
  await log.append([written('c', 'new')]);
  let late = 0;
  const slow = async () => [...(await get()), ...(late++ < 2 ? [] : [point({ id: 'c' })])];
  expect((await wayBack({ log, source: { get: slow } }, 'docs')).alive).toBe(true);
  const back = await wayBack({ log, source: { get } }, 'docs', 150);
  expect(back).toMatchObject({ alive: false, missing: 1 });
  expect(back.words).toContain('1 of 3 rows that were written through the log are not in the source');
});
