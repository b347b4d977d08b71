import { describe, expect, test } from 'vitest';
import { Identifiers } from '../../../harness/model/ids.js';

describe('an id', () => {
  test('names each parameter, and the workload that is not serial', () => {
    const ids = new Identifiers();
    expect(ids.next('usearch hnsw', { m: 16, rescore: true })).toBe('usearch-hnsw-m16-rescoretrue');
    const workload = { type: 'constant-rate', options: { rate: 200 } };
    expect(ids.next('x', { ef: 8 }, { workload })).toBe('x-ef8-constant-rate-rate200');
  });

  test('names all parameters where the first ones tell nothing apart', () => {
    const ids = new Identifiers();
    const next = (type: string) => ids.next('mine', { m: 8 }, { all: { type, m: 8 } });
    expect(next('hnsw')).toBe('mine-m8');
    expect(next('ivf')).toBe('mine-typeivf-m8');
  });

  test('that differs from another in what no file name holds ends in a hash, whatever came between', () => {
    const labels = ['größe', 'grüße', 'gräße'];
    const given = (order: readonly number[]) => {
      const ids = new Identifiers();
      const found = new Map(order.map((i) => [labels[i]!, ids.next(labels[i]!, {})]));
      return found.get('gräße');
    };
    expect(given([0, 1, 2])).toMatch(/^gr-e-[0-9a-f]{8}$/);
    expect(given([0, 2, 1])).toBe(given([0, 1, 2]));
  });

  test('is unique, letter case aside, even where what differs is hidden', () => {
    const ids = new Identifiers();
    const found = ['A', 'a', 'a', 'a'].map((label) => ids.next(label, {}).toLowerCase());
    expect(new Set(found).size).toBe(4);
    expect(found.every((id) => /^[a-z0-9.-]+$/.test(id))).toBe(true);
  });

  test('is short enough for a file name, and still its own', () => {
    const ids = new Identifiers();
    const long = (n: number) => ids.next('x', { [`k${'y'.repeat(200)}`]: n });
    const [first, second] = [long(1), long(2)];
    expect([first.length, second.length]).toEqual([119, 119]);
    expect(first).not.toBe(second);
  });
});
