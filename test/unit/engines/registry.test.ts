import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../common/errors.js';
import { installationOf, installCommand, rebuildCommand } from '../../../common/installation.js';
import { compiledModule, packageRoot } from '../../../common/paths.js';
import { engineAvailability } from '../../../engines/availability.js';
import { packageVersion, requireClient } from '../../../engines/kit/packages.js';
import { remedyFor } from '../../../engines/kit/remedy.js';
import { engineNames, loadEngine } from '../../../engines/registry.js';

const run = promisify(execFile);

describe('registry', () => {
  test('knows the engines by name', async () => {
    const embedded = ['usearch', 'hnswlib', 'lancedb', 'sqlite-vec', 'null'];
    expect(engineNames()).toEqual(expect.arrayContaining([...embedded, 'pgvector', 'qdrant']));
    for (const name of engineNames()) expect((await loadEngine(name)).name).toBe(name);
  });

  test('an unknown name is bad input, with the nearest name and the list', async () => {
    const error = await loadEngine('usarch').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toBe(
      `unknown engine "usarch". Did you mean "usearch"?\n  next: use one of ${engineNames().join(', ')}`,
    );
    await expect(loadEngine('toString')).rejects.toThrow('unknown engine "toString"');
    await expect(loadEngine('')).rejects.toThrow('unknown engine ""');
  });

  test('loading every definition loads no client', async () => {
    const script = `
      const { engineNames, loadEngine } = await import(${JSON.stringify(pathToFileURL(compiledModule('engines/registry.js')).href)});
      for (const name of engineNames()) await loadEngine(name);
      const { createRequire } = await import('node:module');
      const cache = Object.keys(createRequire(import.meta.url).cache);
      console.log(cache.filter((path) => /node_modules.(usearch|hnswlib-node|@lancedb|apache-arrow|better-sqlite3|sqlite-vec|@qdrant|pg|testcontainers)/.test(path)).length);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('0');
  });

  test('the null engine needs nothing and is always there', async () => {
    expect(await engineAvailability('null')).toEqual({ state: 'available', versions: {} });
  });
});

describe('packages', () => {
  test('a version is found although the exports map hides package.json', () => {
    expect(packageVersion('zod')).toMatch(/^\d+\.\d+\.\d+/);
    expect(packageVersion('no-such-package-here')).toBeUndefined();
  });

  test('a missing package is a failure with the command that installs it', () => {
    expect(() => requireClient('no-such-package-here')).toThrow(
      /package no-such-package-here is not installed\n {2}next: npm install no-such-package-here/,
    );
  });
});

describe('commands for what is missing', () => {
  const pinned = { name: 'vecproof', version: '9.9.9', optionalDependencies: { 'hnswlib-node': '3.0.0' } };
  let home: string;

  /** A copy of vecproof, as far as commands look at it. */
  async function copy(place: string): Promise<string> {
    const root = join(home, place);
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'package.json'), JSON.stringify(pinned));
    return root;
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vecproof-installation-'));
    await mkdir(join(home, 'project'));
    await writeFile(join(home, 'project', 'package.json'), '{}');
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('in a checkout, npm install brings what the lock file holds, and does nothing if that is named', async () => {
    const root = await copy('checkout');
    expect(installationOf(root)).toBe('checkout');
    expect(installCommand(['hnswlib-node'], root)).toBe('npm install');
    expect(installCommand(['other'], root)).toBe('npm install other');
    expect(rebuildCommand(['hnswlib-node'], root)).toBe('npm rebuild hnswlib-node');
  });

  test('in a project, the package is named in its tested version, and kept by the next npm install', async () => {
    const root = await copy('project/node_modules/vecproof');
    expect(installationOf(root)).toBe('dependency');
    expect(installCommand(['hnswlib-node', 'other'], root)).toBe('npm install hnswlib-node@3.0.0 other');
  });

  test('among global packages, vecproof itself is installed again', async () => {
    const root = await copy('lib/node_modules/vecproof');
    expect(installationOf(root)).toBe('global');
    expect(installCommand(['hnswlib-node'], root)).toBe('npm install --global vecproof@9.9.9');
    expect(rebuildCommand(['hnswlib-node'], root)).toBe('npm rebuild --global hnswlib-node');
  });
});

/** A copy of the compiled project whose clients are not there, or there but broken. */
describe('engines whose packages did not install', () => {
  let root: string;
  const packages = () => join(root, 'node_modules');

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'vecproof-registry-'));
    const compiled = join(packageRoot, 'dist');
    const filter = (path: string) => !/\.(d\.ts|map)$/.test(path);
    await cp(compiled, join(root, 'dist'), { recursive: true, filter });
    await cp(join(packageRoot, 'package.json'), join(root, 'package.json'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** Installs what the core needs, and these in place of engines' packages. */
  async function install(broken: Readonly<Record<string, { version: string; code: string }>>): Promise<void> {
    await rm(packages(), { recursive: true, force: true });
    await mkdir(packages());
    for (const name of ['zod', 'fastest-levenshtein'])
      await symlink(join(packageRoot, 'node_modules', name), join(packages(), name));
    for (const [name, { version, code }] of Object.entries(broken)) {
      await mkdir(join(packages(), name));
      const manifest = JSON.stringify({ name, version, main: 'index.js' });
      await writeFile(join(packages(), name, 'package.json'), manifest);
      await writeFile(join(packages(), name, 'index.js'), code);
    }
  }

  const hnswlib = (code: string) => install({ 'hnswlib-node': { version: '3.0.0', code } });

  test('are reported as missing with reason and remedy, and the rest works', async () => {
    await hnswlib('throw new Error("Could not locate the bindings file.\\nTried: …");');
    const found = await availability(root, engineNames());
    for (const name of engineNames()) {
      const { packages, node } = await loadEngine(name);
      const [first] = packages;
      if (first === undefined) expect(found[name], name).toEqual({ state: 'available', versions: {} });
      else expect(found[name], name).toMatchObject({ state: 'missing', package: first });
      if (first !== undefined && node === undefined && name !== 'hnswlib')
        expect(found[name]!.reason, name).toMatch(`package ${first} is not installed`);
    }
    expect(found['hnswlib']).toMatchObject({
      reason: 'package hnswlib-node is installed without its native part: its install script did not run',
      next: expect.stringContaining('npm rebuild hnswlib-node'),
    });
    expect(found['usearch']).toMatchObject({ next: 'npm install' });
  });

  test.each([
    [
      'made for another Node',
      "throw new Error('was compiled against a different Node.js version using\\nNODE_MODULE_VERSION 1. This version requires');",
      `was compiled for another version of Node (its ABI is 1, this one's ${process.versions.modules})`,
      'npm rebuild hnswlib-node',
    ],
    ['that ends the process', 'process.abort();', 'loading it ended the process with SIGABRT', 'npm rebuild'],
    ['that leaves', 'process.exit(7);', 'loading it ended the process with exit code 7', 'npm rebuild'],
    [
      'made for a newer system',
      "throw new Error('/lib/libm.so.6: version `GLIBC_2.99 not found');",
      'GLIBC_2.99 not found',
      'newer Linux distribution',
    ],
  ])('a native part %s is found, and the engines after it are tried', async (_, code, reason, next) => {
    await hnswlib(code);
    const found = await availability(root, ['hnswlib', 'usearch', 'null']);
    expect(found['hnswlib']).toMatchObject({ state: 'missing', package: 'hnswlib-node' });
    expect(found['hnswlib']!.reason).toContain(reason);
    expect(found['hnswlib']!.next).toContain(next);
    expect(found['usearch']!.reason).toBe('package usearch is not installed');
    expect(found['null']).toEqual({ state: 'available', versions: {} });
  });

  test('a native part that is opened at the first use is opened', async () => {
    const code =
      "module.exports = class { constructor() { throw new Error('Could not locate the bindings file. Tried:'); } };";
    await install({
      'better-sqlite3': { version: '1.0.0', code },
      'sqlite-vec': { version: '1.0.0', code: 'module.exports = { load() {} };' },
    });
    const found = await availability(root, ['sqlite-vec']);
    expect(found['sqlite-vec']).toMatchObject({
      state: 'missing',
      package: 'better-sqlite3',
      reason: 'package better-sqlite3 is installed without its native part: its install script did not run',
      next: expect.stringContaining('npm rebuild better-sqlite3'),
    });
  });

  test('what is compiled here names the tools that are missing, and a client that needs a newer Node says so', async () => {
    await install({});
    const bare = await availability(root, ['hnswlib'], { PATH: join(root, 'none'), CXX: '' });
    expect(bare['hnswlib']!.reason).toBe(
      'package hnswlib-node is not installed: it is compiled when it is installed, and a C++ compiler and make and Python 3 are missing here',
    );
    expect(bare['hnswlib']!.next).toMatch(/, then: npm install$/);
    const old = remedyFor(
      { package: 'client', installed: false, said: '' },
      { compiled: [], node: '999.1.0' },
    );
    expect(old.reason).toContain('it needs Node 999.1.0 or newer');
    expect(old.next).toMatch(/^install Node 999\.1\.0 or newer, then: npm install client$/);
  });
});

type Found = Record<string, { state: string; reason?: string; next?: string; package?: string }>;

/** What an installation finds of engines. */
async function availability(
  root: string,
  names: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Found> {
  const module = pathToFileURL(join(root, 'dist', 'engines', 'availability.js')).href;
  const script = `
    const { engineAvailabilities } = await import(${JSON.stringify(module)});
    console.log(JSON.stringify(Object.fromEntries(await engineAvailabilities(${JSON.stringify(names)}))));`;
  const options = { env: { ...process.env, ...env } };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], options);
  return JSON.parse(stdout) as Found;
}
