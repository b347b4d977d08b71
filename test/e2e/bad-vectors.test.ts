import { describe, expect, test } from 'vitest';
import { type BadData, npyFiles, POINTS, QUERIES, refused, suiteOn } from './helpers/bad-data.js';
import { vecproof } from './helpers/cli.js';
import { jsonl, npy, randomVectors, type Vectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

/** The points with one vector exchanged. */
const spoilt = (row: number, vector: number[]): Vectors => POINTS.with(row, vector);

describe.concurrent('vectors', () => {
  const points = '{ path: ./points.npy, metric: l2 }';
  const bad: [string, BadData, RegExp][] = [
    [
      'NaN',
      { dataset: points, files: npyFiles(spoilt(17, [1, Number.NaN, 0, 0])) },
      /points\.npy row 17: component 1 .*not a finite number.* \(got "NaN"\)/,
    ],
    [
      'infinite',
      { dataset: points, files: npyFiles(spoilt(49, [0, 0, 0, Number.POSITIVE_INFINITY])) },
      /points\.npy row 49: component 3 .*"Infinity"/,
    ],
    [
      'a query that is NaN',
      { dataset: points, files: npyFiles(POINTS, QUERIES.with(3, [Number.NaN, 0, 0, 0])) },
      /points\.queries\.npy row 3: component 0/,
    ],
    [
      'zero under cosine',
      { dataset: '{ path: ./points.npy, metric: cosine }', files: npyFiles(spoilt(20, [0, 0, 0, 0])) },
      /points\.npy row 20: the vector is zero/,
    ],
    [
      'a query that is zero under cosine',
      {
        dataset: '{ path: ./points.npy, metric: cosine }',
        files: npyFiles(POINTS, QUERIES.with(2, [0, 0, 0, 0])),
      },
      /points\.queries\.npy row 2: the vector is zero/,
    ],
    [
      'queries of another dimension',
      { dataset: points, files: npyFiles(POINTS, randomVectors(5, 3)) },
      /queries.* have 3 dimensions, the points 4/,
    ],
    [
      'mixed dimensions',
      {
        dataset: './docs.jsonl',
        files: { 'docs.jsonl': jsonl(spoilt(30, [1, 2, 3])), 'docs.queries.jsonl': jsonl(QUERIES) },
      },
      /docs\.jsonl:31: the vector has 3 dimensions/,
    ],
    [
      'repeated ids',
      {
        dataset: './docs.jsonl',
        files: { 'docs.jsonl': jsonl(POINTS, (row) => `p${row % 40}`), 'docs.queries.jsonl': jsonl(QUERIES) },
      },
      /docs\.jsonl:41: the id is already used by .*docs\.jsonl:1 \(got "p0"\)/,
    ],
    [
      'k larger than the dataset',
      { dataset: points, files: npyFiles(POINTS), k: 51 },
      /suite\.yaml: k is larger than the dataset, which has 50 points \(got 51\)/,
    ],
    [
      'more queries than there are',
      { dataset: points, files: npyFiles(POINTS), queries: '{ limit: 6 }' },
      /queries\.limit: .* has 5 queries \(got 6\)/,
    ],
    [
      'no such query set',
      { dataset: points, files: npyFiles(POINTS), queries: '{ set: tests }' },
      /no query set "tests"\n {2}next: .*queries/,
    ],
    ['no queries', { dataset: points, files: { 'points.npy': npy(POINTS) } }, /points\.npy/],
  ];
  test.each(bad)('%s', async (_name, given, message) => {
    expect(await refused(given)).toMatch(message);
  });

  test('a vector of zeros is fine where the metric gives it a distance', async () => {
    const work = new Workspace();
    for (const [name, content] of Object.entries(npyFiles(spoilt(20, [0, 0, 0, 0]))))
      work.write(name, content);
    work.write('suite.yaml', suiteOn({ dataset: points }));
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], work);
    expect(code, stderr).toBe(0);
  });
});
