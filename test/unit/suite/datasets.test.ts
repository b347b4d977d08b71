import { describe, expect, it } from 'vitest';
import { engineDefinitions } from '../../../harness/app/plan-run.js';
import { EXECUTORS } from '../../../harness/run/executors/registry.js';
import { SuiteError } from '../../../harness/suite/faults.js';
import { parseSuite } from '../../../harness/suite/parse.js';

const definitions = await engineDefinitions();

const suite = (datasets: string, gates = '') => `version: 1
name: several
${datasets}
engines:
  - use: usearch
    index: { type: hnsw, m: 8 }
    search: { ef: [16, 64] }
${gates}`;

const parse = (text: string) => parseSuite(text, 'suite.yaml', {}, definitions, EXECUTORS);

function faults(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof SuiteError) return error.message;
    throw error;
  }
  throw new Error('expected faults');
}

describe('datasets of a suite', () => {
  it('have the names of their files, their catalog entry, or their own', () => {
    const text = suite(
      'datasets: [smoke, ./deep/points.v2.parquet, ./folder/, { path: ./x.jsonl.gz, name: own, metric: dot }]',
    );
    expect(parse(text).datasets).toEqual([
      { path: 'smoke', name: 'smoke' },
      { path: './deep/points.v2.parquet', name: 'points.v2' },
      { path: './folder/', name: 'folder' },
      { path: './x.jsonl.gz', name: 'own', metric: 'dot' },
    ]);
  });

  it('may be one, which has the name that it has itself', () => {
    expect(parse(suite('dataset: ./points.npy')).datasets).toEqual([{ path: './points.npy' }]);
  });

  it.each([
    ['', '1:1 dataset is required'],
    ['dataset: a\ndatasets: [b]', '4:1 datasets cannot stand beside dataset'],
    ['datasets: []', '3:11 datasets must not be empty'],
    ['datasets: [a, 7]', '3:15 datasets[1] must be a name from the catalog, a path, or'],
    ['datasets: [a, b, a]', '3:18 datasets[2] is listed twice'],
    ['datasets: [./x/a.npy, ./y/a.npy]', '3:23 datasets[1] has the name of datasets[0]'],
    ['datasets:\n  - { path: a, metrik: l2 }', 'is not a known key. Did you mean "metric"?'],
    ['datasets:\n  - { path: a, name: "a/b" }', 'datasets[0].name must consist of letters'],
  ])('%s is refused at its place', (text, message) => {
    expect(faults(suite(text))).toContain(message);
  });

  it('are what gates may select', () => {
    const listed = 'datasets: [first, second]';
    const gates = 'gates:\n  "recall@10{dataset:second}": mean >= 0.9\n';
    expect(parse(suite(listed, gates)).gates.gates).toHaveLength(1);
    const wrong = gates.replace('second', 'secnd');
    expect(faults(suite(listed, wrong))).toContain(
      'selects the dataset "secnd", which the suite does not list. Did you mean "second"?',
    );
  });
});
