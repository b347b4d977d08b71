import { expect, test } from 'vitest';
import { engineAvailability } from '../../engines/availability.js';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const EXACT = 'lancedb';
const found = await engineAvailability(EXACT);
const without = found.state === 'missing' ? ` (skipped: ${found.reason})` : '';

test.skipIf(without !== '')(`ties do not count as losses of exact search${without}`, async () => {
  // Every vector four times: the ten nearest are two whole groups and any two of the third.
  const distinct = randomVectors(60, 8);
  const points = Array.from({ length: 240 }, (_, row) => distinct[row % 60]!);
  const work = new Workspace();
  work.write('points.npy', npy(points));
  work.write('points.queries.npy', npy(randomVectors(40, 8, 2)));
  work.write(
    'suite.yaml',
    `version: 1
name: ties
dataset: { path: ./points.npy, metric: l2 }
k: [8, 10]
depth: largest
repeat: 1
engines: [{ use: ${EXACT}, index: { type: flat } }]
`,
  );
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml', '--json'], work);
  expect(code, stderr).toBe(0);
  const { truth, trials } = JSON.parse(stdout) as Results;
  expect(truth.ties).toEqual({ '8': 0, '10': 1 });
  const measures = trials[0]!.measures;
  expect(measures['recall.ties@10']).toMatchObject({ value: 1, high: 1 });
  expect(measures['recall@8'], 'no tie is cut at rank 8').toMatchObject({ value: 1 });
  expect(measures['recall@10']!.value).toBeLessThanOrEqual(1);
  expect(measures['recall@10']!.value, 'eight of ten are certain').toBeGreaterThanOrEqual(0.8);
  expect(measures['distance.error']!.value).toBeCloseTo(0, 6);
});
