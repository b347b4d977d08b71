import { describe, expect, it } from 'vitest';
import { syntheticSource } from '../../../datasets/synthetic.js';
import { collect, openFresh } from './support.js';

const parameters = { seed: 5, clusters: 3, intrinsicDimensions: 4, dimensions: 16 };

describe('generated data', () => {
  it('is the same for every batch size and longer sets start with shorter ones', async () => {
    const read = (count: number, batchSize: number) =>
      collect(syntheticSource('s', parameters, count, 0).read({ batchSize, metadata: ['cluster'] }));
    const whole = await read(50, 50);
    for (const batchSize of [1, 7, 49, 1000]) expect(await read(50, batchSize)).toEqual(whole);
    expect((await read(80, 33)).vectors.slice(0, 50 * 16)).toEqual(whole.vectors);
  });

  it('does not change: the first components of version 1, computed independently in Python', async () => {
    const { vectors } = await collect(syntheticSource('s', parameters, 1, 0).read({ batchSize: 1 }));
    expect(vectors.slice(0, 3)).toEqual([1.2438737154006958, -1.9536480903625488, 0.7662626504898071]);
  });

  it('differs by seed and by stream', async () => {
    const first = async (seed: number, stream: number) =>
      (await collect(syntheticSource('s', { ...parameters, seed }, 1, stream).read({ batchSize: 1 })))
        .vectors;
    const all = [await first(5, 0), await first(6, 0), await first(5, 1), await first(5 + 2 ** 32, 0)];
    expect(new Set(all.map((vector) => vector.join())).size).toBe(4);
  });

  it('has clusters: points lie nearer to their own centre than to others', async () => {
    const { vectors, metadata } = await collect(
      syntheticSource('s', parameters, 300, 0).read({ batchSize: 300, metadata: ['cluster'] }),
    );
    const row = (i: number) => vectors.slice(i * 16, (i + 1) * 16);
    const centres = [0, 1, 2].map((cluster) => {
      const members = metadata['cluster']!.flatMap((each, i) => (each === cluster ? [row(i)] : []));
      expect(members.length).toBeGreaterThan(60);
      return members[0]!.map((_, d) => members.reduce((sum, v) => sum + v[d]!, 0) / members.length);
    });
    const nearest = (v: number[]) => {
      const far = centres.map((c) => Math.hypot(...c.map((x, d) => x - v[d]!)));
      return far.indexOf(Math.min(...far));
    };
    const right = metadata['cluster']!.filter((cluster, i) => nearest(row(i)) === cluster).length;
    expect(right).toBeGreaterThan(285);
  });

  it('opens by name with queries of its own', async () => {
    const dataset = await openFresh('synthetic-10k-32');
    expect(dataset.info).toMatchObject({ count: 10_000, dimensions: 32, files: [] });
    const queries = await dataset.queries('queries');
    expect([queries.count, queries.fields['cluster']!.length]).toEqual([500, 500]);
    const again = await openFresh('synthetic-10k-32');
    expect(again.info.hash).toBe(dataset.info.hash);
    expect((await openFresh('synthetic-1m-128')).info.hash).not.toBe(dataset.info.hash);
  });
});
