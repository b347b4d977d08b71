import { describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { hasProc } from './helpers/processes.js';
import { temporaryFolder, Workspace } from './helpers/workspace.js';

const MIB = 2 ** 20;
/** Between two processes that do the same: when garbage is collected is chance, and one that records passes needs far more. */
const NOISE = 16 * MIB;
const [POINTS, DIMENSIONS, QUERIES] = [8000, 256, 1500];

const cache = temporaryFolder();
const points = npy(randomVectors(POINTS, DIMENSIONS));
const queries = npy(randomVectors(QUERIES, DIMENSIONS, 2));

/** Memory by engine, of indexes that are the same whatever is searched. */
async function memory(ef: string, asked: string): Promise<Record<string, (measure: string) => number>> {
  const work = new Workspace(cache);
  work.write('points.npy', points);
  work.write('points.queries.npy', queries);
  work.write(
    'suite.yaml',
    `version: 1
name: memory
dataset: { path: ./points.npy, metric: l2 }
repeat: 1
${asked}
engines:
  - use: 'null'
  - use: hnswlib
    index: { type: hnsw, m: 4, efConstruction: 16 }
    search: { ef: ${ef} }
`,
  );
  const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
  expect(code, stderr).toBe(0);
  const { trials } = work.json<Results>('results.json');
  return Object.fromEntries(
    trials.map(({ engine, measures }) => [engine, (name: string) => measures[name]!.value]),
  );
}

describe.skipIf(!hasProc)('memory', () => {
  test('is that of the index, however much is searched and recorded', async () => {
    const little = await memory('[100]', 'k: 10\nqueries: { limit: 100 }');
    const much = await memory('[100, 101, 102]', 'k: 100');
    for (const each of [little, much]) {
      expect(each['null']!('memory.peak'), 'an engine that does nothing').toBeLessThan(NOISE);
      expect(each['null']!('memory.index')).toBeLessThan(NOISE);
      const bytes = POINTS * DIMENSIONS * 4;
      expect(each['hnswlib']!('memory.index')).toBeGreaterThan(bytes);
      expect(each['hnswlib']!('memory.search')).toBeGreaterThan(bytes);
    }
    const apart = Math.abs(little['hnswlib']!('memory.peak') - much['hnswlib']!('memory.peak'));
    expect(apart).toBeLessThan(NOISE);
  });
});
