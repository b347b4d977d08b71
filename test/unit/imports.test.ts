import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';
import { engineNames, loadEngine } from '../../engines/registry.js';

/**
 * Which folders a folder may import, beside types: the design's table. The longest prefix that fits a file counts;
 * `<own>` is the engine's own folder. `common/` may be imported by all.
 */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  common: [],
  // The filter language and its meaning.
  filters: ['filters', 'datasets/dataset'],
  datasets: ['datasets', 'filters'],
  // What adapters share, and the registry, which names every engine by lazy imports.
  engines: ['engines', 'filters'],
  'engines/*': [
    '<own>',
    'engines/engine',
    'engines/options',
    'engines/load',
    'engines/packages',
    'engines/poll',
    'engines/server',
    'engines/records',
    'filters',
  ],
  'harness/suite': [
    'harness/suite',
    'engines/registry',
    'engines/options',
    'datasets/dataset',
    'datasets/catalog',
    'harness/gate',
    'filters',
  ],
  'harness/gate': ['harness/gate', 'harness/measures'],
  'harness/run': [
    'harness/run',
    'harness/measures',
    'harness/store',
    'engines/registry',
    'engines/launch',
    'engines/server',
    'datasets/prepare',
    'harness/truth/files',
    'filters',
  ],
  'harness/truth': ['harness/truth', 'harness/measures', 'datasets', 'filters'],
  'harness/measures': ['harness/measures', 'filters'],
  'harness/store': ['harness/store', 'harness/measures', 'harness/gate', 'harness/truth/files'],
  'harness/cli': ['harness', 'engines', 'datasets', 'reports', 'filters'],
  reports: ['reports', 'harness/measures', 'harness/store'],
  // Entry points and tools, which put parts together.
  index: ['harness', 'engines', 'datasets', 'reports', 'filters'],
  scripts: ['scripts', 'datasets', 'harness', 'engines', 'reports', 'filters'],
};
const FOLDERS = ['common', 'filters', 'datasets', 'engines', 'harness', 'reports', 'scripts'];

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
const engineFolder = (path: string) => /^engines\/[^/]+(?=\/)/.exec(path)?.[0];

function allowed({ from, to }: Import): boolean {
  if (isIn(to, 'common')) return true;
  const own = engineFolder(from);
  if (own !== undefined) return TABLE['engines/*']!.some((each) => isIn(to, each === '<own>' ? own : each));
  const rule = Object.keys(TABLE)
    .filter((folder) => isIn(from, folder))
    .sort((a, b) => b.length - a.length)[0];
  return rule !== undefined && TABLE[rule]!.some((folder) => isIn(to, folder));
}

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
    // What all servers share, and all records, is no engine.
    expect(names.filter((name) => !['server', 'records'].includes(name)).sort()).toEqual(
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
