import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { engineAvailability } from '../../engines/availability.js';
import { Random } from '../../harness/measures/random.js';
import type { Results, TrialRow } from '../../harness/model/results.js';
import { vecproof } from './helpers/cli.js';
import { randomVectors } from './helpers/data.js';
import { Workspace } from './helpers/workspace.js';

const COUNT = 300;
const owners = ['ann', 'bob', null, 'cid', 'ann'];
const row = (i: number) => ({
  id: `doc-${i}`,
  owner: owners[i % 5]!,
  size: i % 7 === 0 ? null : i,
  tags: i % 4 === 0 ? [] : [`t${i % 3}`],
});

/** A folder as people bring it: points with metadata, queries, judgements of the first twenty. */
function dataset(work: Workspace): void {
  const points = randomVectors(COUNT, 8, 3).map((vector, i) => ({ ...row(i), vector }));
  const queries = randomVectors(30, 8, 4).map((vector, i) => ({ id: `q${i}`, vector }));
  const lines = (records: object[]) => records.map((each) => `${JSON.stringify(each)}\n`).join('');
  work.write('data/points.jsonl', lines(points));
  work.write('data/queries.jsonl', lines(queries));
  const random = new Random(9);
  const judged = Array.from({ length: 20 }, (_, q) => {
    const documents = new Set(Array.from({ length: 60 }, () => random.below(COUNT)));
    return [...documents].map((d) => `q${q}\t0\tdoc-${d}\t${random.below(4)}\n`).join('');
  });
  work.write('data/qrels.tsv', judged.join(''));
  work.write(
    'data/dataset.yaml',
    'name: shop\nformat: jsonl\nmetric: cosine\npoints: { file: points.jsonl }\nquerySets:\n  - { name: q, file: queries.jsonl, qrels: qrels.tsv }\n',
  );
}

const suite = (queries: string, engines: string) =>
  `version: 1\nname: filtered\ndataset: data/\nqueries: ${queries}\nk: [1, 10]\ndepth: largest\nrepeat: 2\nwarmup: 2\nengines:\n${engines}`;
const SQLITE = '  - { use: sqlite-vec, index: { type: flat } }\n';
const USEARCH = '  - { use: usearch, index: { m: 8 }, search: { ef: [16, 64] } }\n';

const GATES = `gates:
  leaks{engine:sqlite-vec}: total == 0
  filter.violations{engine:sqlite-vec}: total == 0
  recall.ties@10{engine:sqlite-vec,group:tenant}: mean >= 0.99
  recall.ties@10{engine:sqlite-vec}: drop(baseline) < 1pt
`;

/** Without a run to compare with, that gate is an error; the three others pass. */
function expectOnlyTheBaselineMissing(code: number | null, stdout: string): void {
  expect(stdout).toContain('4 gates: 1 could not be judged');
  expect(stdout).not.toMatch(/^ +fail /m);
  expect(code).toBe(2);
}

const missing: string[] = [];
for (const name of ['sqlite-vec', 'usearch']) {
  if ((await engineAvailability(name)).state !== 'available') missing.push(name);
}
const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')} not installed)`;

describe.skipIf(missing.length > 0)(`a run with filters${skipped}`, () => {
  let work: Workspace;
  let results: Results;
  const find = (engine: string, group: string): TrialRow =>
    results.trials.find((each) => each.engine === engine && each.group === group)!;

  beforeAll(async () => {
    work = new Workspace();
    dataset(work);
    const args = ['queries', 'data/', '--out', 'queries.jsonl', '--per-group', '5', '--tenant', 'owner'];
    const made = await vecproof(args, work);
    expect(made.code, made.stderr).toBe(0);
    // A question without a filter besides: the only group that usearch can answer.
    const file = join(work.folder, 'queries.jsonl');
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"query": "q1", "group": "plain"}\n`);
    work.write('suite.yaml', suite('{ file: queries.jsonl }', SQLITE + USEARCH + GATES));
    const { code, stdout } = await vecproof(['run', 'suite.yaml'], work);
    expectOnlyTheBaselineMissing(code, stdout);
    results = work.json<Results>('results.json');
  });

  test('finds every row that passes and no other, in every group', () => {
    for (const group of ['all', 'restrictive', 'tenant', 'recency', 'null-sensitive', 'array', 'plain']) {
      const { measures } = find('sqlite-vec', group);
      expect(measures['recall.ties@10']!.value, group).toBe(1);
      if (group === 'plain') continue;
      expect(measures['filter.violations']!.value, group).toBe(0);
      expect(measures['filter.violations']!.n, group).toBeGreaterThan(0);
      expect(measures['filter.underfill']!.value, group).toBe(0);
    }
    expect(find('sqlite-vec', 'negative').measures['filter.wrongFilled']).toMatchObject({ value: 0, n: 10 });
    expect(find('sqlite-vec', 'tenant').measures['leaks']).toMatchObject({ value: 0 });
    expect(find('sqlite-vec', 'negative').measures['recall.ties@10']).toBeUndefined();
    expect(find('sqlite-vec', 'plain').measures['filter.violations']).toBeUndefined();
  });

  test('skips the groups of an engine without filters, with the reason, and measures the others', () => {
    expect(find('usearch', 'tenant')).toMatchObject({
      state: 'skipped',
      reason: 'usearch: has no filters',
      measures: {},
    });
    expect(find('usearch', 'plain').state).toBe('completed');
    expect(find('usearch', 'all').flags).toContain('partial-queries');
    expect(find('usearch', 'all').measures['filter.violations']).toBeUndefined();
  });

  test('shows charts by selectivity, groups and the counts in the report', () => {
    const html = work.read('report.html');
    for (const id of ['recall', 'p95', 'underfill']) expect(html).toContain(`id="chart-selectivity-${id}"`);
    expect(html).toMatch(/0 violations in [\d\u202f]+ rows checked against their filter/);
    expect(html).toContain('usearch: has no filters');
  });

  test('is judged by counts, by group, and against a baseline', async () => {
    cpSync(work.run(), join(work.folder, 'before'), { recursive: true });
    const judged = await vecproof(['gate', 'latest', '--baseline', 'before', '--json'], work);
    expect(judged.code, judged.stderr).toBe(0);
    const { verdicts } = JSON.parse(judged.stdout) as {
      verdicts: { state: string; findings: { group: string; found: number | null }[] }[];
    };
    // Five and twenty vectors ask these queries: perfect as they are, they are no evidence for such bounds.
    const states = verdicts.map(({ state }) => state);
    expect(states, judged.stdout).toEqual(['pass', 'pass', 'inconclusive', 'inconclusive']);
    expect(verdicts[2]!.findings).toMatchObject([{ group: 'tenant', found: 1, n: 5 }]);
  });

  test('continues where it was interrupted, to the same figures', async () => {
    // As a kill leaves it: the last build's trials never ended, and the derived files do not exist.
    const log = work.read('events.jsonl').trimEnd().split('\n');
    const last = results.trials.at(-1)!.build;
    const cut = log.findIndex((line) => {
      const event = JSON.parse(line) as { type: string; build?: string };
      return event.type === 'buildBegin' && event.build === last;
    });
    expect(cut).toBeGreaterThan(0);
    writeFileSync(work.run('events.jsonl'), `${log.slice(0, cut).join('\n')}\n`);
    for (const name of readdirSync(work.run('samples')).filter((each) => each.startsWith('usearch')))
      rmSync(work.run('samples', name));
    for (const name of ['results.json', 'results.csv', 'report.html']) rmSync(work.run(name));
    const { code, stdout } = await vecproof(['run', '--resume', 'latest'], work);
    expectOnlyTheBaselineMissing(code, stdout);
    const answers = (of: Results) =>
      of.trials.map(({ id, group, state, reason, measures }) => {
        const timeless = Object.entries(measures).filter(([name]) => /^(recall|filter|leaks)/.test(name));
        return { id, group, state, reason, measures: Object.fromEntries(timeless) };
      });
    expect(answers(work.json<Results>('results.json'))).toEqual(answers(results));
  });
});

describe.skipIf(missing.length > 0)(`a run with judgements${skipped}`, () => {
  test('has the figures that "score" finds in its TREC export', async () => {
    const work = new Workspace();
    dataset(work);
    work.write('suite.yaml', suite('{ set: q }', SQLITE));
    const ran = await vecproof(['run', 'suite.yaml'], work);
    expect(ran.code, ran.stderr).toBe(0);
    const exported = await vecproof(['report', 'latest', '--format', 'trec'], work);
    expect(exported.code, exported.stderr).toBe(0);
    const trial = work.json<Results>('results.json').trials.find(({ group }) => group === 'all')!;
    const names = ['ndcg@10', 'ndcg.exp@10', 'mrr', 'map', 'precision@10', 'success@10', 'ndcg@1'];
    const run = work.run('trec', `${trial.id}.run`);
    const args = [
      'score',
      '--qrels',
      'data/qrels.tsv',
      '--run',
      run,
      '--measures',
      names.join(','),
      '--json',
    ];
    const scored = await vecproof(args, work);
    expect(scored.code, scored.stderr).toBe(0);
    const { measures, queries } = JSON.parse(scored.stdout) as {
      measures: Record<string, number>;
      queries: Record<string, Record<string, number>>;
    };
    // The judged queries alone; each of them has a document of grade 1 or more.
    expect(Object.keys(queries)).toHaveLength(20);
    for (const name of names) {
      expect(trial.measures[name]!.n, name).toBe(20);
      expect(trial.measures[name]!.value, name).toBeCloseTo(measures[name]!, 12);
      expect(measures[name], name).toBeGreaterThan(0);
    }
  });
});
