import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../common/errors.js';
import { compiledModule, packageRoot } from '../../../common/paths.js';
import { installCommand, packageVersion, requireClient } from '../../../engines/kit/packages.js';
import { engineAvailability, engineNames, loadEngine } from '../../../engines/registry.js';

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

  test('a missing package is a failure with the command that mends it', () => {
    expect(() => requireClient('no-such-package-here')).toThrow(
      /package no-such-package-here is not installed\n {2}next: npm install --no-save no-such-package-here/,
    );
  });

  test('install commands name the tested versions', async () => {
    const { optionalDependencies } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'));
    for (const name of engineNames()) {
      const { packages } = await loadEngine(name);
      for (const each of packages)
        expect(installCommand([each])).toContain(`${each}@${optionalDependencies[each]}`);
    }
  });
});

/** A copy of the compiled project whose clients are not there, or there but broken. */
describe('engines whose packages did not install', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vecproof-registry-'));
    await cp(join(packageRoot, 'dist'), join(folder, 'dist'), { recursive: true });
    await cp(join(packageRoot, 'package.json'), join(folder, 'package.json'));
    await mkdir(join(folder, 'node_modules', 'hnswlib-node'), { recursive: true });
    for (const name of ['zod', 'fastest-levenshtein']) {
      await symlink(join(packageRoot, 'node_modules', name), join(folder, 'node_modules', name));
    }
    const broken = join(folder, 'node_modules', 'hnswlib-node');
    await writeFile(
      join(broken, 'package.json'),
      '{"name":"hnswlib-node","version":"3.0.0","main":"index.js"}',
    );
    await writeFile(
      join(broken, 'index.js'),
      'throw new Error("Could not locate the bindings file.\\nTried: …");',
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('are reported as missing with reason and remedy, and the rest works', async () => {
    const registry = pathToFileURL(join(folder, 'dist', 'engines', 'registry.js')).href;
    const script = `
      const { engineNames, engineAvailability } = await import(${JSON.stringify(registry)});
      const found = {};
      for (const name of engineNames()) found[name] = await engineAvailability(name);
      console.log(JSON.stringify(found));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    const expected: Record<string, unknown> = {};
    for (const name of engineNames()) {
      const { packages, install } = await loadEngine(name);
      const [first] = packages;
      const reason =
        name === 'hnswlib'
          ? 'package hnswlib-node is installed but does not load: Could not locate the bindings file.'
          : `package ${first} is not installed`;
      expected[name] =
        first === undefined
          ? { state: 'available', versions: {} }
          : { state: 'missing', package: first, reason, install };
    }
    expect(JSON.parse(stdout)).toEqual(expected);
    expect(
      Object.values(expected).filter((each) => (each as { state: string }).state === 'missing').length,
    ).toBeGreaterThan(3);
  });
});
