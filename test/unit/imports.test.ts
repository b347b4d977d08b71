import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { engineNames, loadEngine } from '../../engines/registry.js';

/**
 * Which folders a folder may import, beside types and `common/`: the design's table, from the bottom layer to the top.
 * The longest prefix that fits a file counts; `<own>` is the engine's own folder. No folder imports one that stands
 * below it in this list, by whatever detour.
 */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  common: [],
  datasets: [],
  // The filter language, its meaning and its column scan.
  filters: ['datasets'],
  // What an engine is: data and types.
  'engines/contract': ['datasets', 'filters'],
  // What adapters share.
  'engines/kit': ['engines/contract', 'datasets', 'filters'],
  'engines/launcher': ['engines/contract', 'engines/kit'],
  'engines/*': [
    '<own>',
    'engines/contract',
    'engines/kit',
    'engines/launcher',
    'datasets/dataset',
    'filters',
  ],
  // The registry, which names every engine by lazy imports.
  engines: ['engines', 'filters'],
  'harness/model': [],
  'harness/measures': ['harness/model', 'filters'],
  'harness/gate': ['harness/model', 'harness/measures'],
  'harness/truth': ['harness/model', 'harness/measures', 'datasets', 'filters'],
  'harness/store': ['harness/model', 'harness/measures', 'harness/truth/files'],
  // Suites hold gates: their grammar is checked with the rest, so that all faults are told at once.
  'harness/suite': [
    'harness/model',
    'harness/gate',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'datasets',
    'filters',
  ],
  'harness/process': ['harness/model', 'engines/contract', 'engines/launcher'],
  'harness/run': [
    'harness/model',
    'harness/measures',
    'harness/store',
    'harness/truth/files',
    'harness/process',
    'engines/registry',
    'engines/contract',
    'engines/launcher',
    'datasets',
    'filters',
  ],
  'harness/derive': [
    'harness/model',
    'harness/measures',
    'harness/gate',
    'harness/store',
    'harness/truth/files',
    'filters',
  ],
  'harness/app': ['harness', 'engines', 'datasets', 'filters'],
  reports: ['harness/model', 'harness/measures', 'harness/store', 'harness/derive'],
  cli: ['harness', 'engines', 'datasets', 'reports', 'filters'],
  // Entry points and tools, which put parts together.
  index: ['harness', 'engines', 'datasets', 'reports', 'filters'],
  scripts: ['datasets', 'harness', 'engines', 'reports', 'filters'],
};
const FOLDERS = ['common', 'filters', 'datasets', 'engines', 'harness', 'reports', 'cli', 'scripts'];

/** An import that exists at run time. `to` is a path from the root without extension, or a package. */
interface Import {
  from: string;
  to: string;
}

const files = [...FOLDERS.flatMap(sources), 'index.ts'];
const sourceOf = new Map(files.map((file) => [file, readFileSync(join(packageRoot, file), 'utf8')]));
const imports = files.flatMap(importsOf);

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node | undefined) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const { text } = node;
    const to = text.startsWith('.') ? join(dirname(file), text).replace(/\.js$/, '') : text;
    found.push({ from: file.replace(/\.ts$/, ''), to });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly !== true) add(node.moduleSpecifier);
    if (ts.isExportDeclaration(node) && !node.isTypeOnly) add(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, sourceOf.get(file)!, ts.ScriptTarget.Latest));
  return found;
}

const isOurs = (to: string) => FOLDERS.includes(to.split('/')[0]!) || to === 'index';
const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
const SHARED = ['contract', 'kit', 'launcher'];

/** The row of the table that a file is of. */
function layerOf(path: string): string | undefined {
  const [, engine] = /^engines\/([^/]+)\//.exec(path) ?? [];
  if (engine !== undefined && !SHARED.includes(engine)) return 'engines/*';
  return Object.keys(TABLE)
    .filter((folder) => isIn(path, folder))
    .sort((a, b) => b.length - a.length)[0];
}

function allowed({ from, to }: Import): boolean {
  if (isIn(to, 'common')) return true;
  const layer = layerOf(from);
  if (layer === undefined) return false;
  const [own] = /^engines\/[^/]+/.exec(from) ?? [];
  if (layer === 'engines/*') return TABLE[layer]!.some((each) => isIn(to, each === '<own>' ? own! : each));
  return layerOf(to) === layer || TABLE[layer]!.some((folder) => isIn(to, folder));
}

const ORDER = Object.keys(TABLE);

describe('folders', () => {
  test('every import is allowed by the table of the design', () => {
    expect(imports.length).toBeGreaterThan(200);
    const forbidden = imports.filter((each) => isOurs(each.to) && !allowed(each));
    expect(forbidden).toEqual([]);
  });

  test('the table forbids what it should', () => {
    const wrong: Import[] = [
      { from: 'engines/a/engine', to: 'engines/b/client' },
      { from: 'engines/a/engine', to: 'harness/store/schema' },
      { from: 'reports/csv', to: 'harness/run/run' },
      { from: 'harness/run/run', to: 'engines/usearch/engine' },
      { from: 'harness/measures/recall', to: 'datasets/open' },
      { from: 'datasets/open', to: 'engines/registry' },
      { from: 'common/errors', to: 'harness/store/schema' },
    ];
    expect(wrong.filter(allowed)).toEqual([]);
  });

  test('no arrow runs up', () => {
    const rank = (path: string) => ORDER.indexOf(layerOf(path) ?? '');
    const up = imports.filter(
      ({ from, to }) => isOurs(to) && !isIn(from, 'engines') && rank(to) > rank(from),
    );
    expect(up).toEqual([]);
  });

  test('use cases know no terminal and no report, not even their types', () => {
    const app = files.filter((file) => isIn(file, 'harness/app'));
    expect(app.length).toBeGreaterThan(20);
    const wrong = app.filter((file) => /from '(\.\.\/)+(cli|reports)\//.test(sourceOf.get(file)!));
    expect(wrong).toEqual([]);
  });

  test('measures are pure: they import neither Node nor a package', () => {
    const outside = imports.filter(({ from, to }) => isIn(from, 'harness/measures') && !isOurs(to));
    expect(outside).toEqual([]);
  });

  test('no module imports itself in a circle', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of imports) if (isOurs(to)) graph.set(from, [...(graph.get(from) ?? []), to]);
    const done = new Set<string>();
    const circle = (at: string, path: readonly string[]): string[] | undefined => {
      if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
      if (done.has(at)) return undefined;
      const found = (graph.get(at) ?? []).map((next) => circle(next, [...path, at])).find(Boolean);
      done.add(at);
      return found;
    };
    expect([...graph.keys()].map((at) => circle(at, [])).find(Boolean)).toBeUndefined();
  });

  test('no file is longer than 400 lines', () => {
    const long = [...sourceOf].filter(([, text]) => text.split('\n').length > 400).map(([file]) => file);
    expect(long).toEqual([]);
  });
});

describe('engines', () => {
  test('each has a folder with the same files: engine, options, and client where there is a package', async () => {
    for (const name of engineNames()) {
      const names = readdirSync(join(packageRoot, 'engines', name));
      expect(names, name).toEqual(expect.arrayContaining(['engine.ts', 'options.ts']));
      const { packages } = await loadEngine(name);
      expect(names.includes('client.ts'), name).toBe(packages.length > 0);
    }
    const folders = readdirSync(join(packageRoot, 'engines'), { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    // What an engine is, and what adapters share, is no engine.
    expect(names.filter((name) => !['contract', 'kit', 'launcher'].includes(name)).sort()).toEqual(
      engineNames().sort(),
    );
  });

  test('core code names none of them', () => {
    // The exact search that makes the truth is one of usearch's: `harness/truth` names it as a kernel, not an engine.
    const core = files.filter(
      (file) => /^(common|datasets|harness|reports)\//.test(file) && !isIn(file, 'harness/truth'),
    );
    expect(core.flatMap(engineTokens)).toEqual([]);
  });
});

/** Also engines that others have adapters for: code must not be written for one of them. `null` is a word of the language. */
const NAMES = [
  ...engineNames(),
  'qdrant',
  'milvus',
  'pgvector',
  'weaviate',
  'chroma',
  'elasticsearch',
  'opensearch',
  'faiss',
  'redis',
];
const NAMED = new RegExp(NAMES.filter((name) => name !== 'null').join('|'), 'i');

/** Words and texts of a file, without its comments, that hold the name of an engine. */
function engineTokens(file: string): string[] {
  const scanner = ts.createScanner(
    ts.ScriptTarget.Latest,
    true,
    ts.LanguageVariant.Standard,
    sourceOf.get(file)!,
  );
  const found: string[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (NAMED.test(scanner.getTokenText())) found.push(`${relative('.', file)}: ${scanner.getTokenText()}`);
  }
  return found;
}
