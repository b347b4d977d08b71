import { describe, expect, it } from 'vitest';
import { deriveTrial } from '../../../harness/measures/trial.js';
import { definitionOf, MEASURES } from '../../../harness/model/measures/catalogue.js';
import { emptySamples } from '../../../harness/store/samples.js';

describe('definitions', () => {
  it('exist for every measure that a trial can have', () => {
    const queries = 1200;
    const samples = emptySamples(queries, 2);
    for (let i = 0; i < queries; i++) {
      samples.query[i] = i % 4;
      samples.sent[i] = i;
      samples.answered[i] = i + 0.5;
      samples.returned[i] = 2;
      samples.rows.set([0, 1], i * 2);
      samples.distances.set([0.1, 0.2], i * 2);
    }
    const truth = {
      count: 4,
      depth: 2,
      rows: new Int32Array([0, 1, 0, 1, 0, 1, 0, 1]),
      distances: new Float64Array([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2]),
    };
    const cost = {
      loadSeconds: 1,
      indexSeconds: 1,
      points: 9,
      indexBytes: 9,
      memoryBaselineBytes: 1,
      memoryPeakBytes: { load: 9 },
    };
    const options = {
      ks: [1, 2],
      metric: 'cosine',
      cost,
      wallSeconds: 2,
      engineSeconds: 1,
    } as const;
    const names = Object.keys(deriveTrial(samples, truth, options).measures);
    expect(names).toContain('latency.p99.9');
    expect(names.filter((name) => definitionOf(name) === undefined)).toEqual([]);
  });

  it('are found for any depth, with the depth in the title', () => {
    expect(definitionOf('recall.ties@100')).toMatchObject({ name: 'recall.ties@100', title: 'Recall@100' });
    expect(definitionOf('recall.ties@100')!.head).toEqual(['Recall@100', 'tie-aware']);
    expect(definitionOf('nonsense@10')).toBeUndefined();
    expect(definitionOf('recall@k')).toBeUndefined();
    expect(definitionOf('recall@0')).toBeUndefined();
    expect(definitionOf('throughput@10')).toBeUndefined();
    expect(definitionOf('nonsense')).toBeUndefined();
  });

  it('are found by one name each', () => {
    const names = MEASURES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('say from how many samples on a percentile is given, as it is computed', () => {
    const absent = (name: string) => definitionOf(name)!.absent;
    expect(absent('latency.p99.9')).toBe('needs at least 1\u202f000 answered queries');
    expect(absent('latency.p50')).toBe('needs at least 2 answered queries');
    expect(absent('latency.mean')).toBe('no query was answered');
  });

  it('say what the figure is and why it may be missing', () => {
    for (const { name, definition, absent } of MEASURES) {
      expect(definition.length, name).toBeGreaterThan(30);
      expect(absent.length, name).toBeGreaterThan(10);
    }
  });
});
