import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CAUSES } from '../../harness/measures/parity-causes.js';
import type { ParityResult, Results } from '../../harness/model/results.js';
import { type Outcome, vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { temporaryFolder, Workspace } from './helpers/workspace.js';

const cache = temporaryFolder();
const points = npy(randomVectors(3000, 16));

const suite = (candidate = 'hnswlib hnsw', more = '') => `version: 1
name: compared
dataset: { path: ./points.npy, metric: cosine }
k: 10
repeat: 2
warmup: 0
engines:
  - use: usearch
    index: { type: hnsw, m: 8, efConstruction: 64 }
    search: { ef: 200 }
  - use: hnswlib
    index: { type: hnsw, m: 4, efConstruction: 20 }
    search: { ef: 10 }
  - use: sqlite-vec
  - use: usearch
    index: { type: hnsw, m: 8, efConstruction: 64, quantization: sq8 }
    search: { ef: 3000 }
parity:
  - { name: graph, reference: sqlite-vec flat, candidate: ${candidate}${more} }
  - { name: codes, reference: sqlite-vec flat, candidate: usearch hnsw-sq8, rebuild: false }
  - { name: rebuilt, reference: hnswlib hnsw, candidate: usearch hnsw }
gates:
  overlap@10{parity:codes}: mean >= 0.5
  parity.lost{parity:graph}: { check: total == 0, level: warn }
  parity.errors: mean >= 1
`;

let work: Workspace;
let outcome: Outcome;
let results: Results;
const folder = () => join(work.folder, '.runs', work.runs[0]!);
const of = (name: string) => results.parity!.find((each) => each.name === name)!;
const sum = (counts: Record<string, number>) =>
  CAUSES.filter((cause) => cause !== 'tie').reduce((total, cause) => total + counts[cause]!, 0);

function workspace(yaml: string, seed = 2): Workspace {
  const made = new Workspace(cache);
  made.write('points.npy', points);
  made.write('points.queries.npy', npy(randomVectors(300, 16, seed)));
  made.write('suite.yaml', yaml);
  return made;
}

beforeAll(async () => {
  work = workspace(suite());
  outcome = await vecproof(['run', 'suite.yaml'], work);
  results = JSON.parse(readFileSync(join(folder(), 'results.json'), 'utf8')) as Results;
});

describe('a run with parities', () => {
  test('compares, explains every lost hit, and judges', () => {
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    for (const { name, rows } of results.parity!) {
      const [row] = rows;
      expect(row, name).toMatchObject({ group: 'all', queries: 300, comparisons: 600 });
      expect(sum(row!.lost), name).toBe(row!.measures['parity.lost']!.value);
      expect(sum(row!.gained), name).toBe(row!.measures['parity.gained']!.value);
      expect(row!.lost['unknown'], name).toBe(0);
    }
  });

  test('a narrow search loses hits to approximate search, against an exact one exactly its lost recall', () => {
    const { rows, floor } = of('graph');
    const { lost, measures, ids } = rows[0]!;
    const all = measures['parity.lost']!.value;
    // So thin a graph leaves a few rows without any path to them.
    expect(lost['approximate.candidate']! + lost['missing']!).toBe(all);
    expect(lost['missing']).toBeLessThan(all / 100);
    expect(lost['approximate.candidate']).toBeGreaterThan(100);
    const trial = results.trials.find(({ engine }) => engine === 'hnswlib')!;
    expect(1 - all / ids).toBeCloseTo(trial.measures['recall.ties@10']!.value, 12);
    // A scan built again answers the same.
    expect(floor?.rows[0]?.measures['overlap@10']?.value).toBe(1);
  });

  test('eight-bit codes searched exhaustively lose hits to precision alone', () => {
    const { rows, floor } = of('codes');
    expect(floor).toBeNull();
    expect(rows[0]!.lost['precision']).toBe(rows[0]!.measures['parity.lost']!.value);
    expect(rows[0]!.lost['precision']).toBeGreaterThan(10);
  });

  test('the noise floor is that of another seed, and the rebuild is no contender', () => {
    const { floor, rows } = of('rebuilt');
    // The reference is the one that misses neighbours, and has farther rows in their place.
    expect(rows[0]!.lost['approximate.reference']).toBeGreaterThan(100);
    expect(rows[0]!.lost['approximate.candidate']).toBeLessThan(50);
    expect(rows[0]!.gained['approximate.reference']).toBeGreaterThan(100);
    expect(floor?.rows[0]?.measures['overlap@10']?.value).toBeLessThan(0.99);
    expect(results.trials.map(({ id }) => id).filter((id) => id.includes('rebuild'))).toEqual([]);
  });

  test('stands in report, CSV and on the terminal', () => {
    expect(readFileSync(join(folder(), 'report.html'), 'utf8')).toContain('id="parity"');
    expect(readFileSync(join(folder(), 'results.csv'), 'utf8')).toMatch(/,codes,/);
    expect(outcome.stdout).toMatch(
      /graph: hnswlib hnsw returns \d\d\.\d% of the first 10 hits of sqlite-vec flat/,
    );
    expect(outcome.stdout).toContain('3 gates');
  });
});

describe('vecproof parity', () => {
  const parity = (args: readonly string[], where = work) => vecproof(['parity', ...args], where);
  const sides = ['--reference', 'sqlite-vec flat', '--candidate', 'engine:hnswlib,ef:10'];

  test('compares two trials of a stored run as the suite did', async () => {
    const { code, stdout } = await parity(['latest', ...sides, '--json']);
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as ParityResult;
    expect(found.rows[0]!.measures).toEqual(of('graph').rows[0]!.measures);
    expect(found.rows[0]!.lost).toEqual(of('graph').rows[0]!.lost);
    const words = await parity(['latest', ...sides, '--k', '1']);
    expect(words.stdout).toMatch(/of the first 1 hits of sqlite-vec flat[\s\S]*overlap@1 /);
  });

  test.each([
    [
      'the reference itself',
      ['--reference', 'sqlite-vec', '--candidate', 'sqlite-vec flat'],
      /is the reference itself/,
    ],
    ['several trials', ['--reference', 'usearch', '--candidate', 'hnswlib'], /names 2 trials/],
    ['none', ['--reference', 'usearch hnws', '--candidate', 'hnswlib'], /Did you mean "usearch hnsw"\?/],
    ['too large a k', [...sides, '--k', '11'], /use at most 10/],
  ])('refuses %s with exit code 2', async (_name, args, message) => {
    const { code, stderr } = await parity(['latest', ...args]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('across two runs: the same data and queries, or exit code 2', async () => {
    const again = await vecproof(['run', 'suite.yaml', '--engine', 'hnswlib'], work);
    expect(again.code, again.stderr).toBe(1); // Gates on comparisons that are not part of this run have no data.
    const [first, second] = work.runs;
    const same = ['--reference', 'hnswlib hnsw', '--candidate', 'hnswlib hnsw'];
    const { code, stdout, stderr } = await parity([first!, second!, ...same]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/returns all of the first 10 hits of .* \(run /);
    const other = workspace(suite().replace(/parity:[\s\S]*$/, ''), 3);
    await vecproof(['run', 'suite.yaml', '--engine', 'hnswlib'], other);
    const refused = await parity([first!, join(other.folder, '.runs', other.runs[0]!), ...same]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/another set of queries/);
  });
});

describe('bad input', () => {
  test('an unknown series is told with its place before anything is measured', async () => {
    const bad = workspace(suite('hnswlib hnws', ', k: 20'));
    const { code, stderr } = await vecproof(['run', 'suite.yaml'], bad);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /suite\.yaml:\d+:\d+ parity\[0\]\.candidate names no trial of the plan\. Did you mean "hnswlib hnsw"\?/,
    );
    expect(stderr).toMatch(/parity\[0\]\.k must be at most the suite's k \(10\)/);
    expect(bad.runs).toEqual([]);
  });

  test('a damaged line of the history ends report with exit code 2 and its number', async () => {
    appendFileSync(join(work.folder, '.runs', 'history.jsonl'), '{"run": 7}\n');
    const { code, stderr } = await vecproof(['report', work.runs[0]!], work);
    expect(code).toBe(2);
    expect(stderr).toMatch(/history\.jsonl:\d+.*|this line of the history is damaged/);
    expect(existsSync(join(folder(), 'report.html'))).toBe(true);
  });
});
