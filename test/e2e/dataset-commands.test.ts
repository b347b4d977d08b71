import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vecproof } from './helpers/cli.js';
import { Workspace } from './helpers/workspace.js';

const vector = (i: number) => [Math.sin(i), Math.cos(i * 1.7), Math.sin(i * 0.3), 1];
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `d${from + i}`,
    vector: vector(from + i),
    n: from + i,
  }));

/** Two files of 20 points, five queries, and their exact neighbours by l2 as ivecs. */
function workspace(): Workspace {
  const work = new Workspace();
  work.write('a.jsonl', lines(rows(0, 20)));
  work.write('b.jsonl', lines(rows(20, 40)));
  const queries = Array.from({ length: 5 }, (_, i) => ({ id: `q${i}`, vector: vector(i * 3 + 0.2) }));
  work.write('q.jsonl', lines(queries));
  const near = queries.flatMap(({ vector: q }) => {
    const far = rows(0, 40).map(
      (row, i) => [i, row.vector.reduce((sum, value, j) => sum + (value - q[j]!) ** 2, 0)] as const,
    );
    return [
      3,
      ...far
        .sort((x, y) => x[1] - y[1])
        .slice(0, 3)
        .map(([i]) => i),
    ];
  });
  writeFileSync(join(work.folder, 'near.ivecs'), new Uint8Array(Int32Array.from(near).buffer));
  work.write('qrels.tsv', 'query-id\tcorpus-id\tscore\nq0\td1\t1\n');
  return work;
}

const suite = (dataset: string) => `version: 1
name: own
dataset: ${dataset}
k: [3]
engines: [{ use: hnswlib, search: { ef: 40 } }]
repeat: 1
`;

describe.concurrent('dataset import', () => {
  test('gives files a name that suites know, notices other content, and forgets it', async () => {
    const work = workspace();
    const given = [
      '--metric',
      'l2',
      '--queries',
      'q.jsonl',
      '--neighbors',
      'near.ivecs',
      '--qrels',
      'qrels.tsv',
    ];
    const made = await vecproof(
      ['dataset', 'import', 'a.jsonl', 'b.jsonl', '--name', 'mine', ...given],
      work,
    );
    expect(made.stderr).toBe('');
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^a: 40 points of 4 dimensions, l2 \(declared\)/);
    expect(made.stdout).toContain('the file’s own neighbours: 100.0% are exact ones by l2');
    expect(made.stdout).toContain('wrote .datasets/mine.json: use it as mine');

    const listed = await vecproof(['dataset', 'list', '--json'], work);
    expect(JSON.parse(listed.stdout)).toContainEqual(
      expect.objectContaining({
        dataset: 'mine',
        points: 40,
        dimensions: 4,
        metric: 'l2',
        queries: 'queries (5)',
        here: 'imported',
      }),
    );
    work.write('suite.yaml', suite('mine'));
    const ran = await vecproof(['run', 'suite.yaml', '--json'], work);
    expect(ran.code).toBe(0);
    const results = JSON.parse(ran.stdout) as {
      dataset: { name: string; count: number; metric: string };
      trials: { measures: Record<string, { value: number }> }[];
    };
    expect(results.dataset).toMatchObject({ name: 'mine', count: 40, metric: 'l2' });
    expect(results.trials[0]!.measures['recall@3']!.value).toBe(1);

    const again = await vecproof(
      ['dataset', 'import', 'a.jsonl', '--name', 'mine', '--queries', 'q.jsonl'],
      work,
    );
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('is the name of a dataset that was imported before');
    const taken = await vecproof(['dataset', 'import', 'a.jsonl', '--name', 'synthetic-10k-32'], work);
    expect(taken.code).toBe(2);
    expect(taken.stderr).toContain('is the name of a dataset of the catalog');

    work.write('b.jsonl', lines(rows(20, 41)));
    const changed = await vecproof(['truth', 'mine', '--k', '3', '--out', 't.parquet'], work);
    expect(changed.code).toBe(2);
    expect(changed.stderr).toMatch(/b\.jsonl: is not what it was when "mine" was imported/);

    const removed = await vecproof(['dataset', 'remove', 'mine'], work);
    expect(removed.code).toBe(0);
    expect(existsSync(join(work.folder, '.datasets', 'mine.json'))).toBe(false);
    expect(existsSync(join(work.folder, 'a.jsonl'))).toBe(true);
    const unknown = await vecproof(['dataset', 'remove', 'mine'], work);
    expect(unknown.code).toBe(2);
  });

  test('what a run would refuse is not imported', async () => {
    const work = workspace();
    work.write('zero.jsonl', lines([...rows(0, 5), { id: 'z', vector: [0, 0, 0, 0], n: 1 }]));
    const refused = await vecproof(
      ['dataset', 'import', 'zero.jsonl', '--name', 'zero', '--queries', 'q.jsonl', '--metric', 'cosine'],
      work,
    );
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('fault: 1 of 6 points are zero');
    expect(refused.stdout).toContain('"zero" was not imported');
    expect(existsSync(join(work.folder, '.datasets'))).toBe(false);
    const skipped = await vecproof(
      [
        'dataset',
        'import',
        'zero.jsonl',
        '--name',
        'zero',
        '--queries',
        'q.jsonl',
        '--metric',
        'cosine',
        '--skip-invalid',
        'zero',
      ],
      work,
    );
    expect(skipped.code).toBe(0);
  });

  test.each(['../up', 'Big', 'x.npy', '', 'a b', '__proto__'])('%j is no name', async (name) => {
    const { code, stderr } = await vecproof(['dataset', 'import', 'a.jsonl', '--name', name], workspace());
    expect(code).toBe(2);
    expect(stderr).toContain('is no name for a dataset');
  });
});

describe.concurrent('several files, and neighbours of one’s own', () => {
  test('in a suite', async () => {
    const work = workspace();
    work.write(
      'suite.yaml',
      suite('{ path: [./a.jsonl, ./b.jsonl], metric: l2, queries: ./q.jsonl, neighbors: ./near.ivecs }'),
    );
    const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml', '--json'], work);
    expect(stderr).not.toMatch(/neighbours/);
    expect(code).toBe(0);
    const results = JSON.parse(stdout) as { dataset: { count: number; providedAgreement?: number } };
    expect(results.dataset.count).toBe(40);
    expect(JSON.stringify(results)).toContain('"providedAgreement":1');
  });

  test('that are not there', async () => {
    const { code, stderr } = await vecproof(
      ['dataset', 'check', 'a.jsonl', '--queries', 'q.jsonl', '--neighbors', 'far.ivecs'],
      workspace(),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/far\.ivecs: the file of neighbours is not there/);
  });
});

describe.concurrent('dataset convert and check', () => {
  test('losses stop it, and accepting them goes on', async () => {
    const work = workspace();
    const refused = await vecproof(['dataset', 'convert', 'a.jsonl', 'out.fvecs'], work);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /nothing was written\n {2}ids: .*\n {2}fields: .*n \(integer\)\n {2}next: accept it with --accept-loss ids,fields/,
    );
    expect(existsSync(join(work.folder, 'out.fvecs'))).toBe(false);
    const written = await vecproof(
      ['dataset', 'convert', 'a.jsonl', 'out.fvecs', '--accept-loss', 'ids,fields'],
      work,
    );
    expect(written.code).toBe(0);
    expect(written.stdout).toContain('wrote out.fvecs: 20 points');
    expect(readFileSync(join(work.folder, 'out.fvecs')).length).toBe(20 * 20);
  });

  test('check prints JSON', async () => {
    const { code, stdout } = await vecproof(
      ['dataset', 'check', 'a.jsonl', '--queries', 'q.jsonl', '--json'],
      workspace(),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      points: { count: 20, zero: 0 },
      repeatedIds: 0,
      queries: [{ name: 'queries' }],
    });
  });
});
