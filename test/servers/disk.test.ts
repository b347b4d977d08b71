import { beforeAll, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from '../e2e/helpers/cli.js';
import { npy, randomVectors } from '../e2e/helpers/data.js';
import { containersOf, describeWith } from './docker.js';
import { smallDiskInstallation } from './helpers/small-disk.js';
import { smallSuite } from './suite.js';

const points = npy(randomVectors(20_000, 128));

let root: string;
beforeAll(() => {
  root = smallDiskInstallation();
});

/** What each server needs before the first point, and a little more; what it says when that is used up. */
const CASES = [
  ['pgvector', '/var/lib/postgresql/data', '56m', /No space left on device/],
  ['chroma', '/data', '12m', /disk is full|No space left|Error in compaction/i],
  ['milvus', '/var/lib/milvus', '140m', /no space left on device|SIGBUS/i],
] as const;

for (const [engine, DISK_PATH, DISK_SIZE, says] of CASES) {
  describeWith([engine], `${engine}: the disk of its data is full`, () => {
    test('the build fails with the server’s last words, and the next one is measured on a fresh server', async () => {
      const work = smallSuite(
        `{ use: ${engine}, index: { m: [4, 5] }, search: { ef: 10 } }`,
        'deadline: { load: 60, index: 120 }',
      );
      work.write('points.npy', points);
      work.write('points.queries.npy', npy(randomVectors(20, 128, 2)));
      const place = { folder: work.folder, installation: root, env: { DISK_PATH, DISK_SIZE } };
      const { code, stderr } = await vecproof(['run', 'suite.yaml'], place);
      expect(code, stderr).toBe(3);
      const { trials } = work.json<Results>('results.json');
      expect(
        trials.map(({ state }) => state),
        stderr,
      ).toEqual(['failed', 'completed']);
      expect(trials[0]!.error).toMatch(says);
      expect(trials[0]!.error).toContain("last lines of the server's log");
      expect(trials[0]!.measures).toEqual({});
      expect(await containersOf(work.runs[0]!)).toEqual([]);
    }, 300_000);
  });
}
