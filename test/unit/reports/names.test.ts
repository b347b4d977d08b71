import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortNames } from '../../../reports/names.js';

describe('short names', () => {
  it('are cut at the end, in the middle where the ends tell them apart, and not at all where they fit', () => {
    const names = [
      'production pgvector in spring',
      'production pgvector in autumn',
      'hnswlib hnsw-with-much-memory',
      'flat',
    ];
    expect([...shortNames(names, 20).values()]).toEqual([
      'production…in spring',
      'production…in autumn',
      'hnswlib hnsw-with-m…',
      'flat',
    ]);
  });

  it('never make two of different names, nor are they longer than asked for', () => {
    const name = fc.stringMatching(/^[ab ]{1,30}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 20 }),
        fc.integer({ min: 8, max: 20 }),
        (names, limit) => {
          const short = [...shortNames(names, limit).values()];
          expect(new Set(short).size).toBe(names.length);
          for (const each of short) expect(each.length).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });
});
