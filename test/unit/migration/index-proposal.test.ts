import { describe, expect, test } from 'vitest';
import { engineNames, loadEngine } from '../../../engines/registry.js';
import { type IndexNeeds, proposeIndex } from '../../../migration/mapping/index-proposal.js';

const NEEDS: IndexNeeds = {
  points: 1_000_000,
  dimensions: 384,
  k: 10,
  selectivities: [],
  updatesPerDay: 0,
  memoryBytes: undefined,
  latencyMs: undefined,
};
const { capabilities: qdrant } = await loadEngine('qdrant');

describe('the index that is proposed', () => {
  test('every engine takes it, of whatever size the collection is', async () => {
    for (const name of engineNames()) {
      const { capabilities, parseOptions } = await loadEngine(name);
      for (const points of [10, 5000, 10_000_000])
        for (const memoryBytes of [undefined, 2 ** 30]) {
          const { index, search, reason } = proposeIndex({ ...NEEDS, points, memoryBytes }, capabilities);
          expect(parseOptions({ index, search }), `${name} ${JSON.stringify(index)}`).toMatchObject({
            state: 'ok',
          });
          expect(reason.length).toBeGreaterThan(0);
        }
    }
  });

  test('is a scan where one is fast enough', () => {
    // 100,000 x 384 x 4 bytes at 2 GB/s: 77 ms.
    const small = { ...NEEDS, points: 100_000 };
    expect(proposeIndex({ ...small, latencyMs: 80 }, qdrant).index).toEqual({ type: 'flat' });
    expect(proposeIndex({ ...small, latencyMs: 70 }, qdrant).index).toMatchObject({ type: 'hnsw', m: 16 });
  });

  test('has more links in many dimensions, and is wider for a deeper k', () => {
    const { index, search } = proposeIndex({ ...NEEDS, dimensions: 1536, k: 100 }, qdrant);
    expect(index).toMatchObject({ m: 32, efConstruction: 256 });
    expect(search).toEqual({ ef: 200 });
  });

  test('keeps codes where the vectors do not fit the memory, or says that nothing fits', () => {
    // (4 x 384 + 8 x 16) x 1.1 bytes a point: 1,745 MiB.
    const within = proposeIndex({ ...NEEDS, memoryBytes: 2 ** 31 }, qdrant);
    expect(within.index).not.toHaveProperty('quantization');
    const codes = proposeIndex({ ...NEEDS, memoryBytes: 600 * 2 ** 20 }, qdrant);
    expect(codes.index).toMatchObject({ quantization: 'sq8' });
    const none = proposeIndex({ ...NEEDS, memoryBytes: 2 ** 20 }, qdrant);
    expect(none.reason.join()).toContain('no quantization of this engine makes it fit');
  });

  test('names restrictive filters and many writes', () => {
    const { reason } = proposeIndex({ ...NEEDS, selectivities: [0.5, 0.001], updatesPerDay: 0.2 }, qdrant);
    expect(reason.join()).toContain('1 of 2 filters let at most 1% of the points through (the least 1000)');
    expect(reason.join()).toContain('20% of the points change in a day');
  });
});
