import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Results } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { jsonl, randomVectors, type Vectors, writeHdf5 } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

/** Situations from public threads: what users' own files and published sets look like. */
const POINTS = randomVectors(40, 8, 3);
const QUERIES = randomVectors(6, 8, 4);

const suite = (dataset: string, more = '') => `version: 1
name: case
dataset: ${dataset}
k: 10
repeat: 1
warmup: 0
${more}engines: [{ use: lancedb, index: { type: flat } }]
`;

async function run(work: Workspace, text: string, ...options: string[]) {
  work.write('suite.yaml', text);
  const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml', '--json', ...options], work);
  expect(code, stderr).toBe(0);
  return { stderr, results: JSON.parse(stdout) as Results };
}

function order(query: number[], distance: (a: number[], b: number[]) => number, points = POINTS): number[] {
  const far = points.map((point) => distance(query, point));
  return points.map((_, row) => row).sort((a, b) => far[a]! - far[b]!);
}
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const cosine = (a: number[], b: number[]) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const euclidean = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
const figure = (results: Results, name: string) => results.trials[0]!.measures[name]?.value;

describe.concurrent('identity', () => {
  // Ids in another order than the rows: with row numbers as ids, every judgement would be of another document.
  const id = (row: number) => (row * 7 + 3) % 40;
  const qrels = QUERIES.map((query, q) => `q${q} 0 ${id(order(query, cosine)[0]!)} 1\n`).join('');
  const files = (work: Workspace, name: string) => {
    const records = POINTS.map((embedding, row) => JSON.stringify({ [name]: id(row), embedding }));
    work.write('docs.jsonl', `${records.join('\n')}\n`);
    work.write(
      'q.jsonl',
      jsonl(QUERIES, (row) => `q${row}`),
    );
    work.write('qrels.txt', qrels);
  };
  const options = 'metric: cosine, queries: ./q.jsonl, qrels: ./qrels.txt';

  test('is taken from a known name, said and recorded', async () => {
    const work = new Workspace();
    files(work, 'pid');
    const { results, stderr } = await run(work, suite(`{ path: ./docs.jsonl, ${options} }`));
    expect(figure(results, 'ndcg@10')).toBe(1);
    expect(results.dataset.columns).toMatchObject({
      id: 'column "pid" (integer)',
      queryId: 'column "id" (text)',
    });
    expect(stderr).toContain('id: column "pid" (integer)');
  });

  test('is warned of where a name is not known, and chosen in the suite or on the command line', async () => {
    const work = new Workspace();
    files(work, 'article_id');
    const wrong = await run(work, suite(`{ path: ./docs.jsonl, ${options} }`));
    expect(wrong.stderr).toMatch(/warning: the ids of the points are their row numbers, though "article_id"/);
    expect(wrong.results.warnings.join()).toContain('article_id');
    const chosen = await run(work, suite(`{ path: ./docs.jsonl, id: article_id, ${options} }`));
    expect(figure(chosen.results, 'ndcg@10')).toBe(1);
    const line = await run(work, suite(`{ path: ./docs.jsonl, ${options} }`), '--id', 'article_id');
    expect(figure(line.results, 'ndcg@10')).toBe(1);
  });
});

describe.concurrent('judgements', () => {
  const prepare = (qrels: string, queries: Vectors = QUERIES, id = (row: number) => `q${row}`) => {
    const work = new Workspace();
    work.write(
      'docs.jsonl',
      jsonl(POINTS, (row) => `d${row}`),
    );
    work.write('q.jsonl', jsonl(queries, id));
    work.write('qrels.tsv', qrels);
    return work;
  };
  const DATASET = '{ path: ./docs.jsonl, metric: cosine, queries: ./q.jsonl, qrels: ./qrels.tsv }';

  test('on a document that the dataset lacks count in the ideal, are told, and can be left out', async () => {
    const found = QUERIES.map((query, q) => `q${q}\td${order(query, cosine)[0]}\t1\n`).join('');
    const work = prepare(`query-id\tcorpus-id\tscore\n${found}q3\td4711\t1\n`);
    const { results, stderr } = await run(work, suite(DATASET));
    // One of six queries has an ideal of 1 + 1/log2(3) and finds the first document alone.
    expect(figure(results, 'ndcg@10')).toBeCloseTo((5 + 1 / (1 + 1 / Math.log2(3))) / 6, 10);
    expect(stderr).toMatch(
      /1 of \d judged documents are not in the dataset \(the first: "d4711", .*qrels\.tsv:8\)/,
    );
    const dropped = await run(work, suite(DATASET, 'relevance: { missing: drop }\n'));
    expect(figure(dropped.results, 'ndcg@10')).toBe(1);
  });

  test("of queries that are documents: BEIR leaves the query's own document out", async () => {
    const queries = POINTS.slice(0, 6);
    const qrels = queries.map((query, q) => `d${q} 0 d${order(query, cosine)[1]} 1\n`).join('');
    const work = prepare(qrels, queries, (row) => `d${row}`);
    const plain = await run(work, suite(DATASET));
    expect(figure(plain.results, 'mrr')).toBe(0.5);
    expect(plain.stderr).toMatch(/6 of 6 judged queries have the id of a point/);
    const { results } = await run(work, suite(DATASET, 'relevance: { excludeSelf: true }\n'));
    expect([figure(results, 'mrr'), figure(results, 'ndcg@10')]).toEqual([1, 1]);
    // The only hit at depth 1 is the query itself: one more is asked for, and recall is that of the first.
    const shallow = await run(
      work,
      suite(DATASET, 'relevance: { excludeSelf: true }\n').replace('k: 10', 'k: 1'),
    );
    expect(
      ['mrr', 'ndcg@1', 'recall@1', 'returned.short'].map((name) => figure(shallow.results, name)),
    ).toEqual([1, 1, 1, 0]);
    expect(shallow.results.trials[0]).toMatchObject({ k: 1, asked: 2 });
  });
});

describe.concurrent('published files', () => {
  test('whose neighbours are of another metric, or off by one, are told with the cause', async () => {
    const work = new Workspace();
    const by = (distance: typeof cosine) => QUERIES.map((query) => order(query, distance).slice(0, 10));
    const write = (name: string, neighbors: number[][]) =>
      writeHdf5(work.folder, name, { train: POINTS, test: QUERIES, neighbors, distance: 'angular' });
    await write('metric.hdf5', by(euclidean));
    const metric = await run(work, suite('./metric.hdf5'));
    expect(metric.stderr).toMatch(
      /only [\d.]+% of the dataset's own neighbours agree .*they are those by l2/,
    );
    expect(metric.results.truth.providedNote).toContain('l2');
    await write(
      'one.hdf5',
      by(cosine).map((list) => list.map((row) => row + 1)),
    );
    const one = await run(work, suite('./one.hdf5'));
    expect(one.stderr).toMatch(/count (the points )?from 1/);
    await write('right.hdf5', by(cosine));
    expect((await run(work, suite('./right.hdf5'))).results.truth).toMatchObject({ providedAgreement: 1 });
  });

  test('with zero vectors are refused with their number, or measured without them', async () => {
    const work = new Workspace();
    const train = POINTS.map((point, row) => ([3, 17, 30].includes(row) ? point.map(() => 0) : point));
    await writeHdf5(work.folder, 'ny.hdf5', { train, test: QUERIES, distance: 'angular' });
    work.write('suite.yaml', suite('./ny.hdf5'));
    const refused = await vecproof(['run', 'suite.yaml'], work);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/train row 3: the vector is zero.*; 3 of 40 points are zero/);
    const { results } = await run(work, suite('{ path: ./ny.hdf5, skipInvalid: zero }'));
    expect(results.dataset).toMatchObject({ count: 37, leftOut: [{ kind: 'zero', points: 3, queries: 0 }] });
    expect(figure(results, 'recall@10')).toBe(1);
  });
});

describe.concurrent('filters that no point passes', () => {
  const files = (work: Workspace) => {
    const records = POINTS.map((vector, row) =>
      JSON.stringify({ id: `d${row}`, vector, kind: row % 2 ? 'Book' : 'Pen' }),
    );
    work.write('docs.jsonl', `${records.join('\n')}\n`);
    work.write(
      'docs.queries.jsonl',
      jsonl(QUERIES, (row) => `q${row}`),
    );
  };

  test('are named before anything is measured; a recall that is undefined is said to be that', async () => {
    const work = new Workspace();
    files(work);
    const lines = QUERIES.map((_, q) =>
      JSON.stringify({ id: `g${q}`, query: `q${q}`, group: 'lower', filter: { kind: 'book' } }),
    );
    work.write('none.jsonl', `${lines.join('\n')}\n`);
    work.write(
      'suite.yaml',
      suite('{ path: ./docs.jsonl, metric: cosine }', 'queries: { file: ./none.jsonl }\n'),
    );
    const { code, stdout, stderr } = await vecproof(['run', 'suite.yaml'], work);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(
      'no point passes the filter of 6 of 6 queries (group lower), so that there is no recall at all',
    );
    expect(stdout.replaceAll('\n', ' ')).toContain(
      'Recall is undefined: no point of docs passes the filter of any query.',
    );
    expect(stdout).toMatch(/lancedb flat +no point passes the filter of any query/);
    expect(stdout).not.toMatch(/Nothing was measured|refuses some groups/);
    const report = readFileSync(work.run('report.html'), 'utf8');
    expect(report).toContain('undefined: no point passes the filters');
    expect(report).not.toMatch(
      /no query (with known neighbours )?was answered|nothing was measured|no setting keeps </,
    );
  });

  test('of some queries: those have no recall, the others do', async () => {
    const work = new Workspace();
    files(work);
    const lines = QUERIES.map((_, q) =>
      JSON.stringify({
        id: `g${q}`,
        query: `q${q}`,
        group: q % 2 ? 'lower' : 'as it is',
        filter: { kind: q % 2 ? 'book' : 'Book' },
      }),
    );
    work.write('some.jsonl', `${lines.join('\n')}\n`);
    const { stderr, results } = await run(
      work,
      suite('{ path: ./docs.jsonl, metric: cosine }', 'queries: { file: ./some.jsonl }\n'),
    );
    expect(stderr).toContain('no point passes the filter of 3 of 6 queries (group lower):');
    const recall = (group: string) =>
      results.trials.find((row) => row.group === group)!.measures['recall@10'];
    expect(recall('as it is')).toMatchObject({ value: 1, n: 3 });
    expect(recall('all')).toMatchObject({ value: 1, n: 3 });
    expect(recall('lower')).toBeUndefined();
  });
});
