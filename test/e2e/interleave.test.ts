import { describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { start, vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { eventsOf, passCounts, trialInSearch } from './helpers/log.js';
import { buildProcess, hasProc } from './helpers/processes.js';
import { QUERIES, REPEAT, slowSuite } from './helpers/slow-suite.js';
import { until } from './helpers/until.js';
import { Workspace } from './helpers/workspace.js';

function smallSuite(interleave: boolean): Workspace {
  const work = new Workspace();
  work.write('points.npy', npy(randomVectors(600, 16)));
  work.write('points.queries.npy', npy(randomVectors(50, 16, 2)));
  work.write(
    'suite.yaml',
    `version: 1
name: side-by-side
dataset: { path: ./points.npy, metric: l2 }
repeat: 3
remeasure: { busy: 0 }
interleave: ${interleave}
engines:
  - use: hnswlib
    index: { type: hnsw, m: 8, efConstruction: 64 }
    search: { ef: [16, 32] }
  - use: usearch
    index: { type: hnsw, m: 8, efConstruction: 64 }
    search: { ef: [16, 32] }
parity: { reference: "engine:hnswlib,ef:16", candidate: "engine:usearch,ef:16", rebuild: false }
`,
  );
  return work;
}

describe('builds held side by side', () => {
  test('passes of two engines alternate, A B B A, and each pair of passes is a block of their ratio', async () => {
    const work = smallSuite(true);
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
    expect(code, stderr).toBe(0);
    const order = eventsOf(work, 'phase')
      .filter(({ phase }) => phase === 'search')
      .map(({ trial }) => trial!.replace(/-.*-ef/, ' '));
    const round = ['hnswlib 16', 'usearch 16', 'hnswlib 32', 'usearch 32'];
    expect(order).toEqual([...round, ...round.toReversed(), ...round]);
    const { parity } = work.json<Results>('results.json');
    const { measures } = parity![0]!.rows[0]!;
    for (const name of ['parity.throughput', 'parity.latency']) {
      expect(measures[name]!.n, name).toBe(3);
      expect(measures[name]!.low, name).toBeLessThanOrEqual(measures[name]!.value);
    }
    const page = work.read('report.html');
    for (const text of ['their passes alternated', 'Throughput']) expect(page).toContain(text);
    // Derived again from what is on disk, it is the same.
    const before = work.read('results.json');
    expect((await vecproof(['report'], work)).code).toBe(0);
    expect(work.read('results.json')).toBe(before);
  });

  test('one after the other, a pair of builds is one block', async () => {
    const work = smallSuite(false);
    expect((await vecproof(['run', 'suite.yaml', '--only', 'ef16'], work)).code).toBe(0);
    const { measures } = work.json<Results>('results.json').parity![0]!.rows[0]!;
    expect(measures['parity.throughput']).toMatchObject({ n: 1, low: null });
  });

  test.skipIf(!hasProc)('one that is killed is a recorded failure, and the other goes on', async () => {
    const work = slowSuite('interleave: true');
    const running = start(['run', 'suite.yaml', '--only', 'ef400'], work);
    await until('a measured pass', () => trialInSearch(work));
    process.kill(buildProcess(running.mark)!, 'SIGKILL');
    expect((await running.ended).code).toBe(3);
    const { trials } = work.json<Results>('results.json');
    const failed = trials.filter(({ state }) => state === 'failed');
    expect(failed.map(({ error }) => error!.split('\n')[0])).toEqual([
      'the process of the build crashed with signal SIGKILL',
    ]);
    for (const { id } of trials.filter(({ state }) => state === 'completed'))
      expect(await passCounts(work, id)).toEqual({ pairs: QUERIES * REPEAT, most: 1 });
    expect(work.halfWritten()).toEqual([]);
  });
});
