import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageInfo, packageRoot } from '../../common/paths.js';

/** A project that depends on vecproof as npm would install it: the packed files, beside the packages it needs. */
const project = mkdtempSync(join(tmpdir(), 'vecproof-consumer-'));
const installed = join(project, 'node_modules/vecproof');
afterAll(() => rmSync(project, { recursive: true, force: true }));

beforeAll(() => {
  const npm = ['pack', '--ignore-scripts', '--silent', '--pack-destination', project];
  execFileSync('npm', npm, { cwd: packageRoot });
  const { name, version } = packageInfo();
  mkdirSync(installed, { recursive: true });
  const tarball = join(project, `${name}-${version}.tgz`);
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  const modules = join(packageRoot, 'node_modules');
  for (const each of readdirSync(modules)) {
    if (each.startsWith('.') || each === name) continue;
    symlinkSync(join(modules, each), join(project, 'node_modules', each));
  }
  const manifest = { name: 'consumer', private: true, type: 'module', dependencies: { [name]: version } };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    outDir: 'out',
    // Ours are checked by being used; those of other packages are not ours to check.
    skipLibCheck: true,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
});

const files = () =>
  readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));

/** Blocks of the page that are marked as runnable, in order. */
function runnable(page: string): string[] {
  const text = readFileSync(join(packageRoot, page), 'utf8');
  return [...text.matchAll(/^```ts runnable\n(.*?)^```$/gms)].map((match) => match[1]!);
}

function compile(): string {
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], {
    cwd: project,
    encoding: 'utf8',
  });
  return status === 0 ? '' : stdout;
}

describe('what is packed is what is needed', () => {
  test('code, data, images, suites and pages, but no tests, no scripts of maintainers and no caches', () => {
    const packed = files();
    const folders = new Set(packed.map((path) => path.split('/')[0]!));
    for (const name of ['dist', 'datasets', 'docker', 'docs', 'examples', 'suites', 'reports']) {
      expect(folders, name).toContain(name);
    }
    for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md']) expect(packed).toContain(name);
    const strange = packed.filter((path) =>
      /^dist\/(test|scripts)\/|\.test\.|tsbuildinfo|\.map$|^test\/|^node_modules\//.test(path),
    );
    expect(strange).toEqual([]);
    const sources = packed.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
    expect(sources.filter((path) => !path.startsWith('examples/'))).toEqual([]);
  });

  test('every page that a message or another page cites', () => {
    const packed = files().filter((path) => /\.(js|md)$/.test(path) && !path.endsWith('CHANGELOG.md'));
    const cited = new Set<string>();
    for (const path of packed) {
      const text = readFileSync(join(installed, path), 'utf8');
      for (const [, page] of text.matchAll(/\bdocs\/([a-z-]+\.(?:md|png))\b/g))
        cited.add(join('docs', page!));
      if (!path.startsWith('docs/')) continue;
      for (const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) cited.add(join(dirname(path), link!));
    }
    expect(cited.size).toBeGreaterThan(8);
    expect([...cited].filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  test('what the package exports is there', () => {
    const { exports, bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
      bin: Record<string, string>;
    };
    const paths = Object.values(exports).flatMap((each) =>
      typeof each === 'string' ? [each] : Object.values(each),
    );
    for (const path of [...paths, ...Object.values(bin)])
      expect(existsSync(join(installed, path)), path).toBe(true);
  });
});

describe('a project that depends on vecproof', () => {
  const examples = runnable('docs/library.md');

  test('the page has examples', () => {
    expect(examples.length).toBeGreaterThan(6);
    // One that does not import the library would prove nothing, but for the first, which makes the data.
    for (const example of examples.slice(1)) expect(example).toContain("from 'vecproof'");
  });

  test('compiles the examples of docs/library.md and its own adapter, strictly', () => {
    for (const [i, example] of examples.entries())
      writeFileSync(join(project, `example-${i}.ts`), `${example}\nexport {};\n`);
    writeFileSync(
      join(project, 'types.ts'),
      `import { type Capabilities, type DatasetsRunResult, defineSuite, type EngineDefinition, openRun, type RunResult, writeReports } from 'vecproof';
export const nameOf = (engine: EngineDefinition, _capabilities?: Capabilities): string => engine.name;
export const valueOf = (result: RunResult): number | undefined =>
  // @ts-expect-error a run that broke off has no results
  result.results.trials[0]?.measures['recall@10']?.value;
export const datasetsOf = (result: DatasetsRunResult): string[] => result.run.datasets().map(({ name }) => name);
// @ts-expect-error there is no such report
writeReports(openRun('latest'), ['pdf']);
// @ts-expect-error a suite needs engines
defineSuite({ version: 1, name: 'x', dataset: 'y' });
// @ts-expect-error k is a number
defineSuite({ version: 1, name: 'x', dataset: 'y', k: 'ten', engines: [{ use: 'usearch' }] });
`,
    );
    expect(compile()).toBe('');
  });

  test('runs them', () => {
    const env = { ...process.env };
    delete env['VECPROOF_HOME'];
    const printed = examples.map((_, i) => {
      const script = join(project, 'out', `example-${i}.js`);
      const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
        cwd: project,
        env,
        encoding: 'utf8',
      });
      expect({ i, status, stderr }).toEqual({ i, status: 0, stderr: '' });
      return stdout;
    });
    expect(printed[1]).toMatch(/^usearch-hnsw-m16-efConstruction128-ef64 completed 1 \d/m);
    expect(printed[1]).toContain('passed');
    expect(printed[1]).toContain('Did you mean "usearch"');
    expect(printed[2]).toBe('interrupted\ncompleted\n');
    const several = printed[3]!;
    expect(several).toContain("[ 'docs', 'docs-l2' ]");
    expect(several).toMatch(/^docs: \d.*\ndocs-l2: \d/m);
    expect(several).toMatch(/docs pass recall@10: .*\ndocs-l2 pass recall@10: /);
    expect(several).toMatch(/^docs cosine 40\ndocs-l2 l2 40$/m);
    expect(printed[5]).toMatch(/pass recall@10: mean >= 0\.5/);
    const run = join(project, '.runs', readdirSync(join(project, '.runs')).sort()[0]!);
    for (const name of ['report.html', 'results.csv', 'results.json', 'junit.xml'])
      expect(printed[6], name).toContain(join(run, name));
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('Which one to choose');
    expect(readFileSync(join(run, 'junit.xml'), 'utf8')).toContain('tests="2" failures="0"');
    // Nothing but what the examples ask for is written.
    const left = readdirSync(project).filter((name) => !/^(example-\d+|types)\.ts$/.test(name));
    expect(left.sort()).toEqual(
      [
        '.cache',
        '.runs',
        'docs.jsonl',
        'node_modules',
        'out',
        'package.json',
        'queries.jsonl',
        'tsconfig.json',
        `vecproof-${packageInfo().version}.tgz`,
      ].sort(),
    );
  });

  test('has the command line', () => {
    const command = join(installed, 'dist/cli/main.js');
    const { status, stdout } = spawnSync(process.execPath, [command, 'list', 'suites'], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toContain('suites/quickstart.yaml');
  });
});
