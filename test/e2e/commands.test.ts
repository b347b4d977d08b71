import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageInfo, packageRoot } from '../../common/paths.js';
import { vecproof } from './helpers/cli.js';
import { Workspace } from './helpers/workspace.js';

/** Says on stderr which modules are loaded. */
const HOOK = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`
export async function load(url, context, next) {
  if (url.startsWith('file:')) process._rawDebug(url);
  return next(url, context);
}\`));
`;

/** As the help lists them. */
const GROUPS: Record<string, string[]> = {
  Measure: ['run', 'truth', 'queries', 'conformance'],
  Judge: ['gate', 'baseline', 'lock', 'power', 'parity', 'score', 'compare'],
  Report: ['report', 'merge', 'open'],
  Data: ['dataset'],
  'Look up': ['list', 'doctor'],
};
const COMMANDS = Object.values(GROUPS).flat();

describe.concurrent('help', () => {
  test('of the program names every command in its group, and the exit codes', async () => {
    const { code, stdout } = await vecproof(['--help'], new Workspace());
    expect(code).toBe(0);
    for (const [group, commands] of Object.entries(GROUPS)) {
      const lines = stdout.split(`\n${group}:\n`)[1]!.split('\n\n')[0]!.split('\n');
      const listed = lines.map((line) => line.trim().split(' ')[0]!).filter((name) => name !== 'help');
      expect(listed, group).toEqual(commands);
    }
    expect(stdout).toMatch(/4 a decision is awaited, 5 others still work on a shared load, 130 interrupted/);
  });

  test.each(COMMANDS)('of %s goes to stdout and writes nothing', async (command) => {
    const work = new Workspace();
    const { code, stdout, stderr } = await vecproof([command, '--help'], work);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: vecproof ${command}`);
    expect(work.files()).toEqual([]);
  });

  test('without a command is bad input, and shows what there is', async () => {
    const { code, stderr } = await vecproof([], new Workspace());
    expect(code).toBe(2);
    expect(stderr).toContain('Measure:');
  });

  test('the version is the package’s', async () => {
    const { code, stdout } = await vecproof(['--version'], new Workspace());
    expect(code).toBe(0);
    expect(stdout.trim()).toBe(packageInfo().version);
  });
});

test('what commands do is loaded when they are called, not for the help', () => {
  const loaded = (args: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', `${HOOK}${args}`], {
      encoding: 'utf8',
      cwd: packageRoot,
    });
  const { stdout, stderr } = loaded("process.argv.push('x', '--help'); await import('./dist/cli/main.js')");
  expect(stderr).toContain('dist/cli/commands/run.js');
  expect(stdout).toContain('Usage: vecproof');
  const modules = stderr.split('\n').filter((line) => line.includes('/dist/'));
  const heavy = modules.filter((path) =>
    /\/dist\/(engines|reports|cli\/actions|harness\/(app\/run|suite|store))/.test(path),
  );
  expect(heavy).toEqual([]);
});

describe.concurrent('list', () => {
  test('engines, with their state, index types and versions', async () => {
    const { code, stdout } = await vecproof(['list', 'engines'], new Workspace());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^usearch +available +usearch \d+\.\d+\.\d+ +.*hnsw/m);
    expect(stdout).toMatch(/^lancedb +.*ivf/m);
    expect(stdout).toMatch(/^null +available/m);
  });

  test('datasets, as JSON', async () => {
    const { code, stdout } = await vecproof(['list', 'datasets', '--json'], new Workspace());
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { dataset: string; points: number; dimensions: number }[];
    const bundled = rows.find(({ dataset }) => dataset === 'debian-packages-20k');
    expect(bundled).toMatchObject({ points: 20_000, dimensions: 384, metric: 'cosine' });
  });

  test('suites, and runs where there are none', async () => {
    const suites = await vecproof(['list', 'suites'], new Workspace());
    expect(suites.stdout).toMatch(/^suites\/quickstart\.yaml +\S/m);
    const runs = await vecproof(['list', 'runs'], new Workspace());
    expect(runs).toMatchObject({ code: 0, stdout: 'no runs yet\n' });
  });

  test('anything else is bad input', async () => {
    const { code, stderr } = await vecproof(['list', 'engine'], new Workspace());
    expect(code).toBe(2);
    expect(stderr).toMatch(/list: .*\(got "engine"\)\n {2}next: use engines, datasets, suites, runs/);
  });
});

describe('doctor', () => {
  test('says what is there, and leaves no trace', async () => {
    const work = new Workspace();
    const { code, stdout } = await vecproof(['doctor'], work);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ok +machine: vecproof \d.*Node v/m);
    expect(stdout).toMatch(/^ok +engine usearch: /m);
    expect(stdout).toMatch(/^ok +dataset debian-packages-20k: 20000 points .*hashes verified/m);
    expect(work.files()).toEqual([]);
  });

  test('finds a place that cannot be written to: exit code 3 and a remedy', async () => {
    const work = new Workspace();
    work.write('.runs', 'a file');
    const { code, stdout } = await vecproof(['doctor', '--json'], work);
    expect(code).toBe(3);
    const findings = JSON.parse(stdout) as { what: string; state: string; fix?: string }[];
    expect(findings.find(({ what }) => what === 'folder of runs')).toMatchObject({ state: 'problem' });
    expect(findings.find(({ what }) => what === 'folder of runs')?.fix).toContain('--out');
  });
});

describe('doctor --clean', () => {
  test('removes unfinished files of processes that are gone from the cache, and no others', async () => {
    const work = new Workspace();
    const { pid } = spawnSync(process.execPath, ['--version']);
    const gone = [
      `.cache/vectors/abc/vectors.f32.${pid}.0a1b2c3d.tmp`,
      `.cache/truth/.tmp-${pid}-0a1b2c3d-x.parquet`,
    ];
    const kept = [`.cache/truth/.tmp-${process.pid}-0a1b2c3d-x.parquet`, '.cache/truth/x.parquet'];
    for (const path of [...gone, ...kept]) work.write(path, 'x');
    const found = await vecproof(['doctor'], work);
    expect(found.stdout).toMatch(/^note +cache: holds 2 unfinished files\n +fix: vecproof doctor --clean/m);
    const cleaned = await vecproof(['doctor', '--clean'], work);
    expect(cleaned.stdout).toMatch(/^ok +cache: 2 unfinished files were removed/m);
    for (const path of gone) expect(cleaned.stdout).toContain(`removed: ${path}\n`);
    expect(work.files('.cache')).toEqual(kept.sort());
  });
});

describe('open', () => {
  /** A command of the platform's name for it that writes down what it is asked to open. */
  function opener(work: Workspace, exit = 0) {
    work.write('bin/xdg-open', `#!/bin/sh\nprintf '%s' "$1" > "$OPENED"\nexit ${exit}\n`);
    chmodSync(join(work.folder, 'bin/xdg-open'), 0o755);
    const env = {
      PATH: `${join(work.folder, 'bin')}:${process.env['PATH']}`,
      OPENED: join(work.folder, 'opened'),
    };
    return { folder: work.folder, env };
  }
  function reports(...ids: string[]) {
    const work = new Workspace();
    for (const id of ids) {
      work.write(`.runs/${id}/manifest.json`, '{}');
      work.write(`.runs/${id}/report.html`, '<p>');
    }
    return work;
  }

  test('opens the newest report that there is, and prints its path', async () => {
    const work = reports('a old', "b $(rm -rf x) 'new'");
    work.write('.runs/c-without-report/manifest.json', '{}');
    const { code, stdout, stderr } = await vecproof(['open'], opener(work));
    expect(code, stderr).toBe(0);
    const path = join(work.folder, '.runs', "b $(rm -rf x) 'new'", 'report.html');
    expect(stdout).toBe(`${path}\n`);
    expect(readFileSync(join(work.folder, 'opened'), 'utf8')).toBe(path);
  });

  test('with --print opens nothing, and takes a run', async () => {
    const work = reports('a', 'b');
    const { code, stdout } = await vecproof(['open', 'a', '--print'], opener(work));
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(work.folder, '.runs/a/report.html')}\n` });
    expect(existsSync(join(work.folder, 'opened'))).toBe(false);
  });

  test('says what to do where there is nothing to open, or nothing to open it with', async () => {
    const none = await vecproof(['open'], new Workspace());
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain('no run has a report yet');
    const broken = await vecproof(['open'], opener(reports('a'), 4));
    expect(broken.code).toBe(3);
    expect(broken.stdout).toContain('report.html');
    expect(broken.stderr).toMatch(/xdg-open: .*exit code 4\n {2}next: open the path/);
  });
});

describe('score', () => {
  const QRELS = 'q1 0 a 2\nq1 0 b 1\nq1 0 c 0\nq2 0 d 1\n';
  const RUN = 'q1 Q0 b 1 0.9 x\nq1 Q0 a 2 0.8 x\nq1 Q0 z 3 0.7 x\nq2 Q0 e 1 0.5 x\nq2 Q0 d 2 0.4 x\n';

  function files(qrels: string, run: string) {
    const work = new Workspace();
    writeFileSync(join(work.folder, 'qrels.txt'), qrels);
    writeFileSync(join(work.folder, 'run.txt'), run);
    return work;
  }
  const score = (work: Workspace, ...more: string[]) =>
    vecproof(['score', '--qrels', 'qrels.txt', '--run', 'run.txt', ...more], work);

  test('gives the measures of a TREC run, as trec_eval does', async () => {
    const { code, stdout } = await score(files(QRELS, RUN), '--measures', 'ndcg@10,mrr,map', '--json');
    expect(code).toBe(0);
    const { measures } = JSON.parse(stdout) as { measures: Record<string, number> };
    const ndcg1 = (1 + 2 / Math.log2(3)) / (2 + 1 / Math.log2(3));
    expect(measures['ndcg@10']).toBeCloseTo((ndcg1 + 1 / Math.log2(3)) / 2, 12);
    expect(measures['mrr']).toBeCloseTo((1 + 1 / 2) / 2, 12);
    expect(measures['map']).toBeCloseTo((1 + 1 / 2) / 2, 12);
  });

  test('prints a table for people', async () => {
    const { stdout } = await score(files(QRELS, RUN));
    expect(stdout).toMatch(/^measure +mean +queries$/m);
    expect(stdout).toMatch(/^mrr +0\.7500 +2$/m);
  });

  test.each([
    ['a line of judgements that is short', 'q1 0 a\n', RUN, /qrels\.txt:1\b/],
    ['a score that is no number', QRELS, 'q1 Q0 a 1 high x\n', /run\.txt:1\b[\s\S]*high/],
  ])('%s is bad input with its line', async (_name, qrels, run, message) => {
    const { code, stderr, stdout } = await score(files(qrels, run));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('an unknown measure, and a file that is not there', async () => {
    const work = files(QRELS, RUN);
    const unknown = await score(work, '--measures', 'ndgc@10');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/ndgc@10/);
    const gone = await vecproof(['score', '--qrels', 'none.txt', '--run', 'run.txt'], work);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toMatch(/none\.txt: cannot be read: ENOENT/);
  });
});
