import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const suite = (name: string, ef: string, datasets: string) => `version: 1
name: ${name}
datasets: [${datasets}]
repeat: 2
warmup: 0
engines:
  - { use: usearch, index: { type: hnsw, m: 8 }, search: { ef: ${ef} } }
`;
const FIRST = '{ path: ./first.npy, metric: l2 }';
const OTHER = '{ path: ./other.npy, metric: l2 }';

describe('compare', () => {
  test('puts what two runs share side by side, in a page with both reports', async () => {
    const work = new Workspace();
    for (const [name, seed] of [
      ['first', 1],
      ['other', 3],
    ] as const) {
      work.write(`${name}.npy`, npy(randomVectors(400, 24, seed)));
      work.write(`${name}.queries.npy`, npy(randomVectors(100, 24, seed + 1)));
    }
    work.write('a.yaml', suite('a', '[10, 64]', FIRST));
    work.write('b.yaml', suite('b', '[64, 100]', `${FIRST}, ${OTHER}`));
    const { folder } = work;
    for (const file of ['a.yaml', 'b.yaml'])
      expect((await vecproof(['run', file], { folder })).code, file).toBe(0);
    const [a, b] = work.runs as [string, string];

    const compared = await vecproof(['compare', a, b, '--json', '--file', 'page.html'], { folder });
    expect(compared.code, compared.stderr).toBe(0);
    const { runs, tables } = JSON.parse(compared.stdout);
    expect(runs.map(({ run, dataset }: { run: number; dataset: string }) => `${run} ${dataset}`)).toEqual([
      '1 first',
      '2 first',
      '2 other',
    ]);
    expect(tables, 'only one dataset is in both').toHaveLength(1);
    const [{ rows, single }] = tables;
    expect(rows).toHaveLength(1);
    expect(rows[0].setting).toContain('ef=64');
    expect(single, 'ef 10 and 100').toBe(2);
    const [mine, theirs] = rows[0].figures;
    const recall = 'recall.ties@10';
    expect(mine[recall].change).toBeUndefined();
    // The same engine on the same points: one and the same graph.
    expect(theirs[recall].change).toEqual({ value: 0, state: 'close' });
    expect(theirs.throughput.change.value).toBeCloseTo(
      theirs.throughput.measure.value / mine.throughput.measure.value,
      10,
    );
    const page = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(page).toContain('2 runs compared');
    expect(page.match(/<iframe /g)).toHaveLength(3);

    const twice = await vecproof(['compare', a, b, '--file', 'page.html'], { folder });
    expect(twice.code, 'a page is not written over').toBe(2);
    expect(twice.stderr).toContain('there is a file of that name');
    const same = await vecproof(['compare', a, a], { folder });
    expect(same.code).toBe(2);
    expect(same.stderr).toContain('two or more different runs');
    const plain = await vecproof(['compare', a, b], { folder });
    expect(plain.stdout).toMatch(/1 setting in more than one run/);
    expect(readdirSync(join(folder, '.runs')).filter((name) => /^compare-.*\.html$/.test(name))).toHaveLength(
      1,
    );
    expect(work.runs, 'a page among the runs is no run').toEqual([a, b]);
  });
});
