import { expect, test } from 'vitest';
import type { Point } from '../../../engines/contract/points.js';
import { keyText, type NewChange, type RowChange } from '../../../migration/changes/change.js';
import type { ChangeLog } from '../../../migration/changes/log.js';

export const point = (id: Point['id'], value = 1): Point => ({
  id,
  vectors: { vector: Float32Array.of(value, -0, Number.NaN) },
  metadata: { value },
});
let count = 0;
export const upsert = (id: Point['id'], value?: number, more: Partial<NewChange> = {}): NewChange =>
  ({
    kind: 'upsert',
    collection: 'docs',
    id,
    point: point(id, value),
    idempotencyKey: `k${++count}`,
    at: 1_700_000_000_000,
    ...more,
  }) as NewChange;

/** What every log holds; each name is one of a new one. */
export function holdsLogContract(open: (name: string) => Promise<ChangeLog>): void {
  test('gives back what was appended, in order, each mutation once', async () => {
    const log = await open('log_order');
    const changes = [
      upsert(7n, 1, { tenant: 'a\0b\\', embeddingVersion: 'e1' }),
      upsert('7', 2),
      { kind: 'delete', collection: 'docs', id: '7', idempotencyKey: 'gone', at: 5 } as const,
    ];
    const appended = await log.append(changes);
    const { position } = await log.mark('docs', 'capture');
    const again = await log.append([changes[1]!]);
    expect(again).toEqual([{ ...appended[1], repeated: true }]);

    const read = await log.read(null, 10);
    expect(read.map(({ kind }) => kind)).toEqual(['upsert', 'upsert', 'delete', 'marker']);
    expect(read[0]).toEqual({
      ...changes[0],
      position: appended[0]!.position,
      version: appended[0]!.version,
    });
    expect(read[3]).toMatchObject({ kind: 'marker', name: 'capture', collection: 'docs', position });
    const rows = read.slice(0, 3) as RowChange[];
    expect(new Set(rows.map(keyText)).size).toBe(2);
    expect(rows[1]!.version < rows[2]!.version).toBe(true);
    for (let i = 1; i < read.length; i++) expect(read[i]!.position > read[i - 1]!.position).toBe(true);
    expect(await log.read(rows[1]!.position, 1)).toEqual([read[2]]);
    expect(await log.read(position, 10)).toEqual([]);
    expect((await log.watermark()) >= position).toBe(true);
  });

  test('keeps cursors, which never go back', async () => {
    const log = await open('log_cursors');
    await log.append([upsert('a'), upsert('b')]);
    const [first, second] = await log.read(null, 10);
    expect(await log.cursor('target')).toBeNull();
    expect(await log.backlog('target')).toEqual({ changes: 2, oldestAt: first!.at });
    await log.acknowledge('target', second!.position);
    await log.acknowledge('target', first!.position);
    expect(await log.cursor('target')).toBe(second!.position);
    expect(await log.cursor('other')).toBeNull();
    expect(await log.backlog('target')).toEqual({ changes: 0, oldestAt: null });
  });

  test('begin a consumer once, above what it holds', async () => {
    const log = await open('log_floors');
    await log.append([upsert('a'), upsert('b')]);
    const [first, second] = await log.read(null, 10);
    expect(await log.floor('target')).toBe(0n);
    await log.begin('target', { after: first!.position, floor: second!.version });
    await log.begin('target', { after: second!.position, floor: 99n });
    expect([await log.cursor('target'), await log.floor('target')]).toEqual([
      first!.position,
      second!.version,
    ]);
    await log.acknowledge('target', second!.position);
    await log.begin('target', { after: first!.position, floor: 0n });
    expect([await log.cursor('target'), await log.floor('target')]).toEqual([
      second!.position,
      second!.version,
    ]);
  });

  test('takes a key once, and no other mutation with it', async () => {
    const log = await open('log_keys');
    const first = upsert('a', 1, { tenant: 't', idempotencyKey: 'one' });
    const [appended] = await log.append([first]);
    const again = { ...first, at: first.at + 1, point: structuredClone((first as { point: Point }).point) };
    expect(await log.append([again])).toEqual([{ ...appended, repeated: true }]);
    const others: Partial<NewChange>[] = [
      { id: 'b' },
      { tenant: 'u' },
      { embeddingVersion: 'e2' },
      { point: point('a', 2) },
    ];
    for (const other of others) {
      const mutation = { ...first, ...other } as NewChange;
      await expect(log.append([mutation])).rejects.toThrow('is that of another mutation');
    }
    const gone: NewChange = {
      kind: 'delete',
      collection: 'docs',
      tenant: 't',
      id: 'a',
      idempotencyKey: 'one',
      at: 0,
    };
    await expect(log.append([gone])).rejects.toThrow(
      'another mutation (upsert of "a"); this delete of "a" was not taken',
    );
    expect(await log.read(null, 10)).toHaveLength(1);
  });
}
