import { appendFileSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../harness/model/manifest.js';
import type { Verdicts } from '../../harness/model/verdict.js';
import { type Outcome, vecproof } from './helpers/cli.js';
import { npy, randomVectors } from './helpers/data.js';
import { temporaryFolder, Workspace } from './helpers/workspace.js';

const cache = join(temporaryFolder());
const points = npy(randomVectors(3000, 16));
const queries = npy(randomVectors(400, 16, 2));

const suite = (gates: string, ef = '[20, 200]') => `version: 1
name: gated
dataset: { path: ./points.npy, metric: l2 }
k: 10
repeat: 1
warmup: 0
engines:
  - use: hnswlib
    index: { type: hnsw, m: 4, efConstruction: 20 }
    search: { ef: ${ef} }
gates:
${gates}
`;

function workspace(yaml: string): Workspace {
  const work = new Workspace(cache);
  work.write('points.npy', points);
  work.write('points.queries.npy', queries);
  work.write('suite.yaml', yaml);
  return work;
}

const GATES = `  inconclusive: warn
  errors: total == 0
  recall.ties@10{ef:200}: mean >= 0.5
  recall.ties@10{ef:20}: { check: mean >= 99.99%, level: warn }
  recall@10: [drop(baseline) < 0.2pt, change(baseline) > -2%]
  latency.p95: change(baseline) < 20%`;

/** A first run, which becomes the baseline, and a second one that is compared with it. */
let work: Workspace;
let first: Outcome;
let second: Outcome;
const runs = () => work.runs.map((id) => join(work.folder, '.runs', id));
const verdictsIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8')) as Verdicts;
const states = ({ verdicts }: Verdicts) => verdicts.map(({ state }) => state);

beforeAll(async () => {
  work = workspace(suite(GATES));
  first = await vecproof(['run', 'suite.yaml'], work);
  await vecproof(['baseline', 'set', 'latest'], work);
  second = await vecproof(['run', 'suite.yaml'], work);
});

describe('gates of a run', () => {
  test('without a baseline those that need one cannot be judged: exit code 2, and the report is there', () => {
    expect(first.code, first.stderr).toBe(2);
    expect(states(verdictsIn(runs()[0]!))).toEqual(['pass', 'pass', 'fail', 'error', 'error', 'error']);
    expect(existsSync(join(runs()[0]!, 'report.html'))).toBe(true);
  });

  test('the same build again passes: what did not change differs by exactly 0', () => {
    expect(second.code, second.stdout + second.stderr).toBe(0);
    const verdicts = verdictsIn(runs()[1]!);
    expect(states(verdicts).slice(0, 5)).toEqual(['pass', 'pass', 'fail', 'pass', 'pass']);
    expect(verdicts.baseline).toEqual({ name: 'main', runs: [work.runs[0]], pairing: 'paired' });
    // 400 queries of which none changed leave room for a loss of 3/400 in others.
    const unseen = 1 - 0.05 ** (1 / 400);
    expect(verdicts.verdicts[3]).toMatchObject({
      n: 400,
      interval: { low: expect.closeTo(-unseen, 9), high: 0 },
      findings: expect.arrayContaining([expect.objectContaining({ found: 0 })]),
    });
  });

  test('stand on the terminal and, under the answer, in the report', () => {
    expect(second.stdout).toMatch(/6 gates: .*The run passes/);
    const { document } = parseHTML(readFileSync(join(runs()[1]!, 'report.html'), 'utf8'));
    const sections = [...document.querySelectorAll('main > section')].map(({ id }) => id);
    expect(sections.slice(0, 2)).toEqual(['answer', 'gates']);
    expect(document.querySelectorAll('#gates tbody tr')).toHaveLength(6);
    for (const link of document.querySelectorAll('#gates a')) {
      expect(document.getElementById(link.getAttribute('href')!.slice(1))).not.toBeNull();
    }
  });

  test('are judged again from files, with other gates: exit code 1 and JUnit, annotations, summary', async () => {
    const strict = work.write('strict.yaml', suite('  recall.ties@10{ef:20}: mean >= 0.9999'));
    const summary = join(work.folder, 'summary.md');
    const { code, stdout } = await vecproof(
      ['gate', work.runs[1]!, '--suite', strict, '--format', 'junit,github'],
      { ...work, folder: work.folder, env: { GITHUB_STEP_SUMMARY: summary } },
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /gate FAIL recall.ties@10\{ef:20\}: mean >= 0.9999\n {2}expected: >= 0.9999 {3}found: 0\./,
    );
    expect(stdout).toMatch(/^::error title=gate fail%3A recall.ties@10\{ef%3A20\}/m);
    expect(readFileSync(summary, 'utf8')).toContain('| ❌ fail | `recall.ties@10{ef:20}: mean >= 0.9999` |');
    const xml = readFileSync(join(runs()[1]!, 'junit.xml'), 'utf8');
    const { document } = parseHTML(xml);
    expect(document.querySelector('testsuite')!.getAttribute('failures')).toBe('1');
    expect(document.querySelectorAll('testcase > failure')).toHaveLength(1);
  });

  test('each run is one line of the history', async () => {
    const { stdout } = await vecproof(['list', 'history', '--json'], work);
    const lines = JSON.parse(stdout) as { run: string; gates: string }[];
    expect(lines.map(({ run }) => run)).toEqual(work.runs);
    expect(lines[1]!.gates).toBe('failed');
  });

  test('a worse index against the baseline fails, and power says what it takes to see it', async () => {
    const worse = workspace(
      suite('  recall@10: drop(baseline) < 0.2pt', '20').replace('m: 4,', 'm: 4, quantization: none,'),
    );
    const id = work.runs[0]!;
    // The same setting, as an index that lost most of its edges would answer: measured with another seed and size.
    await vecproof(['run', 'suite.yaml'], worse);
    const samples = (folder: string, name: string) => join(folder, 'samples', name);
    const mine = join(worse.folder, '.runs', worse.runs[0]!);
    const [low, high] = ['ef20', 'ef200'].map((ef) => `hnswlib-hnsw-m4-efConstruction20-${ef}.parquet`);
    const better = join(worse.folder, '.runs', 'better');
    cpSync(mine, better, { recursive: true });
    cpSync(samples(join(work.folder, '.runs', id), high!), samples(better, low!));
    const { code, stdout } = await vecproof(['gate', worse.runs[0]!, '--baseline', 'better'], worse);
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/a loss is shown/);
    const power = async (drop: string) => {
      const args = ['power', worse.runs[0]!, '--baseline', 'better', '--drop', drop, '--json'];
      const { trials } = JSON.parse((await vecproof(args, worse)).stdout) as {
        trials: { kind: string; needed: number | null; queries: number; smallest: number }[];
      };
      return trials;
    };
    // With one build on each side, what rebuilds are assumed to change hides half a point from any number of queries.
    const [small] = await power('0.5pt');
    expect(small).toMatchObject({ kind: 'paired', queries: 400, needed: null });
    expect(small!.smallest).toBeGreaterThan(0.005);
    const [large] = await power('10pt');
    expect(large!.needed).toBeGreaterThan(2);
    expect(large!.needed).toBeLessThan(400);
  });
});

describe('a lock', () => {
  test('is silent while the gates are the same, and every report tells that they were changed', async () => {
    const locked = workspace(suite('  recall.ties@10: mean >= 0.5', '20'));
    expect((await vecproof(['lock', 'suite.yaml'], locked)).stdout).toMatch(
      /locked 1 gates .*suite\.lock\.json/,
    );
    locked.write('suite.yaml', suite('  recall.ties@10: mean >= 0.1', '20'));
    const { code, stdout } = await vecproof(['run', 'suite.yaml'], locked);
    expect(code).toBe(0);
    const verdicts = locked.json<Verdicts>('verdicts.json');
    expect(verdicts.lock.state).toBe('differs');
    expect(verdicts.lock.changed.join()).toMatch(/locked: recall.ties@10: mean >= 0.5.*now: .*>= 0.1/);
    expect(locked.read('report.html')).toContain('The gates differ from those that were locked');
    expect(locked.read('results.json')).toContain('the gates differ from those that were locked');
    expect(stdout).toMatch(/1 gate/);
  });
});

describe('bad input', () => {
  const refused = async (args: string[], place = work) => {
    const { code, stdout, stderr } = await vecproof(args, place);
    expect(code, stderr).toBe(2);
    expect(stderr).not.toContain('unexpected:');
    expect(stdout).toBe('');
    return stderr;
  };
  /** A copy of the first run with something changed in its manifest. */
  const forged = (name: string, change: (manifest: Manifest) => void) => {
    const folder = join(temporaryFolder(), name);
    cpSync(runs()[0]!, folder, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    change(manifest);
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    return folder;
  };

  test.each<[string, (manifest: Manifest) => void, RegExp]>([
    [
      'another dataset',
      (m) => (m.dataset.hash = 'f'.repeat(64)),
      /another dataset .*ffffffffffff.*\n.*next: /,
    ],
    ['another k', (m) => (m.ks = [5, 10]), /another k \(got "5, 10; this run has 10"\)/],
    ['another metric', (m) => (m.dataset.metric = 'dot'), /another metric/],
    ['a newer schema', (m) => Object.assign(m, { schema: 99 }), /written by a newer vecproof/],
  ])('a baseline of %s', async (name, change, message) => {
    expect(await refused(['gate', work.runs[1]!, '--baseline', forged(name, change)])).toMatch(message);
  });

  test('a baseline with other queries is compared without pairs, which is said', async () => {
    const other = forged('other-queries', (m) => (m.queries.hash = 'other'));
    const { stdout, code } = await vecproof(['gate', work.runs[1]!, '--baseline', other], work);
    expect(stdout).toContain('compared without pairs');
    expect(code).toBe(0);
  });

  test('a baseline that does not exist, before anything is measured', async () => {
    expect(await refused(['gate', 'latest', '--baseline', 'nope'])).toMatch(
      /no baseline and no run[\s\S]*baselines: main/,
    );
    expect(await refused(['run', 'suite.yaml', '--baseline', 'nope'])).toMatch(/no baseline and no run/);
    expect(work.runs).toHaveLength(2);
  });

  test('a baseline whose run is gone, a run as its own baseline, a damaged file of baselines', async () => {
    expect(await refused(['gate', work.runs[1]!, '--baseline', work.runs[1]!])).toMatch(
      /cannot be its own baseline/,
    );
    const file = join(work.folder, '.runs', 'baselines.json');
    const before = readFileSync(file, 'utf8');
    const hidden = `${runs()[0]!}-hidden`;
    const folder = runs()[0]!;
    renameSync(folder, hidden);
    expect(await refused(['gate', 'latest'])).toMatch(/run of the baseline "main" is gone/);
    renameSync(hidden, folder);
    writeFileSync(file, '{"schema":1');
    expect(await refused(['gate', 'latest'])).toMatch(/baselines\.json: this file of the run cannot be read/);
    writeFileSync(file, before);
  });

  test('a corrupted history', async () => {
    const file = join(work.folder, '.runs', 'history.jsonl');
    const before = readFileSync(file, 'utf8');
    appendFileSync(file, '{"run": 7}\n');
    expect(await refused(['list', 'history'])).toMatch(
      /history\.jsonl:\d+: this line of the history is damaged/,
    );
    writeFileSync(file, before);
  });

  test('gates that are wrong, contradict each other, or match nothing: all told before the run, with their place', async () => {
    const bad = workspace(
      suite(`  recal@10: mean >= 0.9
  recall@10: [mean >= 0.9, mean < 0.8, "mean => 1"]
  latency: p(98) < 5ms
  errors: { check: total == 0, level: eror }`),
    );
    const stderr = await refused(['run', 'suite.yaml'], bad);
    const places = [
      /suite\.yaml:12:3 gates\.recal@10 is an unknown measure "recal@10"\. Did you mean "recall@10"\?/,
      /suite\.yaml:13:28 gates\.recall@10\[1\] contradicts "recall@10: mean >= 0\.9"/,
      /suite\.yaml:13:45 gates\.recall@10\[2\] needs one of >=/,
      /suite\.yaml:14:12 gates\.latency knows the quantiles 50, 90/,
      /suite\.yaml:15:39 gates\.errors\.level must be "off" or "warn" or "error" \(got "eror"\)/,
    ];
    const lines = stderr.split('\n');
    for (const [i, place] of places.entries()) expect(lines[i]).toMatch(place);
    const none = workspace(suite('  recall@10{ef:21}: mean >= 0.9\n  recall@10{eff:20}: mean >= 0.9'));
    const text = await refused(['run', 'suite.yaml'], none);
    expect(text).toMatch(/suite\.yaml:12:3 gates\.recall@10\{ef:21\} matches no trial/);
    expect(text).toMatch(/selects by "eff", which no trial has\. Did you mean "ef"\?/);
  });

  test('reports for a run that was not judged', async () => {
    const folder = forged('not-judged', () => undefined);
    rmSync(join(folder, 'verdicts.json'));
    expect(await refused(['report', folder, '--format', 'junit'])).toMatch(
      /was not judged[\s\S]*vecproof gate/,
    );
  });

  test('a baseline for gates that need none, and a run without gates', async () => {
    const plain = work.write('plain.yaml', suite('  errors: total == 0'));
    expect(await refused(['gate', 'latest', '--suite', plain, '--baseline', 'main'])).toMatch(
      /no gate compares/,
    );
    const without = work.write('without.yaml', suite('').replace('gates:', ''));
    expect(await refused(['gate', 'latest', '--suite', without])).toMatch(/has no gates/);
  });
});
