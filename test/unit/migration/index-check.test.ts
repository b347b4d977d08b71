import { describe, expect, test } from 'vitest';
import { indexDifferences } from '../../../migration/load/index-check.js';

const hnsw = { type: 'hnsw', m: 16, efConstruction: 64, quantization: 'none' };

describe('the index of a target beside the mapping’s', () => {
  test.each([
    ['the same words', hnsw, { type: 'hnsw', m: 16, efConstruction: 64 }],
    ['a beginning of a name', hnsw, { type: 'hnsw', m: 16, ef_construct: 64, full_scan_threshold: 10_000 }],
    ['parameters as JSON', hnsw, { index_type: 'HNSW', params: '{"M":"16","efConstruction":64}' }],
    ['a type in a longer name', { ...hnsw, nlist: 1 }, { type: 'IVF_HNSW_SQ', name: 'vector_index' }],
    ['lists', { type: 'ivf', nlist: 100 }, { type: 'IVF_FLAT', name: 'vector_index', unindexed: 0 }],
    ['none', { type: 'flat' }, { index_type: 'FLAT', params: '{}' }],
    ['what is not told', hnsw, {}],
  ])('agrees by %s', (_, asked, told) => {
    expect(indexDifferences(asked, told as Record<string, string>)).toEqual([]);
  });

  test.each([
    [hnsw, { type: 'flat' }, 'type: hnsw was asked for, the target has flat'],
    [{ type: 'flat' }, { type: 'hnsw', m: 16 }, 'type: flat was asked for, the target has hnsw'],
    [{ type: 'ivf' }, { type: 'IVF_HNSW_SQ' }, 'type: ivf was asked for, the target has IVF_HNSW_SQ'],
    [hnsw, { type: 'hnsw', m: 5, ef_construct: 64 }, 'm: 16 was asked for, the target has m 5'],
    [hnsw, { index_type: 'HNSW', params: '{"M":8}' }, 'm: 16 was asked for, the target has M 8'],
  ])('differs: %j, %j', (asked, told, difference) => {
    expect(indexDifferences(asked, told as Record<string, string>)).toEqual([difference]);
  });
});
