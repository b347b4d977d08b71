import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { modulesFrom } from '../../common/modules.js';
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
  // What compiled libraries consist of.
  'engines/native': [],
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
  engines: ['engines', 'datasets/dataset', 'filters'],
  'harness/model': [],
  'harness/measures': ['harness/model', 'filters'],
  'harness/gate': ['harness/model', 'harness/measures'],
  'harness/truth': ['harness/model', 'harness/measures', 'datasets', 'filters'],
  // Parquet is read in one place, where nothing of a file is believed.
  'harness/store': ['harness/model', 'harness/measures', 'harness/truth/files', 'datasets/formats/parquet'],
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
    'harness/truth/top-lists',
    'harness/process',
    'engines/open',
    'engines/contract',
    'engines/kit',
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
  // The suite that holds every engine, ours and others'.
  'harness/conformance': [
    'harness/model',
    'harness/measures',
    'harness/process',
    'harness/run',
    'engines',
    'datasets',
    'filters',
  ],
  'harness/app': ['harness', 'engines', 'datasets', 'filters'],
  // Collections of the user's: read, exported, compared. What verifies shares no code with what loads.
  // Files of other tools as sources.
  'migration/files': ['engines/contract', 'engines/kit', 'datasets', 'filters'],
  'migration/connections': ['migration/files', 'engines/registry', 'engines/contract', 'engines/kit'],
  'migration/export': [
    'migration/connections',
    'engines/contract',
    'engines/kit',
    'datasets/dataset',
    'datasets/formats/parquet',
    'datasets/formats/lines',
  ],
  'migration/mapping': [
    'migration/connections',
    'migration/export',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'datasets/dataset',
    'datasets/formats/parquet',
    'filters',
    'harness/measures',
    'harness/suite',
  ],
  // From people's own logs.
  'migration/queries': [
    'migration/export',
    'migration/mapping',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'datasets/dataset',
    'filters',
    'harness/measures',
    'harness/suite',
  ],
  // Work that machines share, by leases in a database.
  'migration/work': ['engines/kit'],
  'migration/load': [
    'migration/work',
    'migration/connections',
    'migration/export',
    'migration/mapping',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'filters',
  ],
  // What is measured of a place, whatever for: statistics, its metric, its filters.
  'migration/probe': [
    'migration/connections',
    'migration/export',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'datasets/dataset',
    'filters',
  ],
  'migration/inventory': [
    'migration/probe',
    'migration/connections',
    'migration/export',
    'datasets/dataset',
    'filters',
  ],
  'migration/validate': [
    'migration/probe',
    'migration/inventory',
    'migration/connections',
    'migration/export',
    'engines/registry',
    'engines/contract',
    'engines/kit',
  ],
  'migration/verify': [
    'migration/probe',
    'migration/connections',
    'migration/export',
    'migration/mapping',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'filters',
  ],
  // Two places of the user's, asked and judged as the trials of a run.
  'migration/parity': [
    'harness',
    'migration/connections',
    'migration/export',
    'migration/mapping',
    'engines/contract',
    'engines/kit',
    'datasets',
    'filters',
  ],
  // Changes of rows as they happen: logs, feeds, and where they are applied.
  'migration/changes': ['migration/connections', 'migration/export', 'engines/contract', 'engines/kit'],
  // What applications use while they move.
  'migration/cutover': [
    'migration/changes',
    'migration/connections',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'harness/measures',
  ],
  // The library's own code under a seeded scheduler.
  'migration/rehearsal/simulation': [
    'migration/changes',
    'migration/cutover',
    'engines/contract',
    'harness/measures',
  ],
  // The cutover on scratch collections, with traffic and planted faults, in a process that is killed.
  'migration/rehearsal': [
    'migration/changes',
    'migration/cutover',
    'migration/connections',
    'migration/export',
    'migration/mapping',
    'migration/load',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'engines/launcher',
    'datasets',
  ],
  // All of it as one plan: stages with evidence and decisions.
  'migration/plan': [
    'migration',
    'harness',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'datasets/dataset',
  ],
  // Source and target while both are in use: what is watched of them, and judged after every round.
  'migration/monitor': [
    'migration/plan',
    'migration/connections',
    'migration/export',
    'migration/load',
    'migration/mapping',
    'migration/parity',
    'harness/measures',
    'harness/suite',
    'harness/app/places',
    'engines/registry',
    'engines/contract',
    'engines/kit',
    'datasets/dataset',
    'filters',
  ],
  // What a migration was, from its folder alone.
  'migration/record': ['migration/plan', 'migration/export', 'migration/mapping', 'migration/monitor'],
  reports: ['harness/model', 'harness/measures', 'harness/store', 'harness/derive'],
  cli: ['harness', 'migration', 'engines', 'datasets', 'reports', 'filters'],
  // Entry points and tools, which put parts together.
  index: ['harness', 'engines', 'datasets', 'reports', 'filters'],
  scripts: ['datasets', 'harness', 'migration', 'engines', 'reports', 'filters'],
};
const FOLDERS = [
  'common',
  'filters',
  'datasets',
  'engines',
  'harness',
  'migration',
  'reports',
  'cli',
  'scripts',
];

/** `to` is a path from the root without extension, or a package. */
interface Import {
  from: string;
  to: string;
}

const files = [...FOLDERS.flatMap(sources), 'index.ts'];
const sourceOf = new Map(files.map((file) => [file, readFileSync(join(packageRoot, file), 'utf8')]));
const everyImport = files.flatMap(importsOf);
/** Those that exist at run time. */
const imports = everyImport.filter(({ types }) => !types);

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** `types`: it is gone once compiled. */
function importsOf(file: string): (Import & { types: boolean })[] {
  const found: (Import & { types: boolean })[] = [];
  const add = (node: ts.Node | undefined, types: boolean) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const { text } = node;
    const to = text.startsWith('.') ? join(dirname(file), text).replace(/\.js$/, '') : text;
    found.push({ from: file.replace(/\.ts$/, ''), to, types });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, sourceOf.get(file)!, ts.ScriptTarget.Latest));
  return found;
}

const isOurs = (to: string) => FOLDERS.includes(to.split('/')[0]!) || to === 'index';
const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
const SHARED = ['contract', 'kit', 'native', 'launcher'];

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

/** Groups of files each of which imports itself by way of the others (Tarjan's strongly connected components), sorted. */
function circles(arrows: readonly Import[]): string[][] {
  const graph = new Map<string, string[]>();
  for (const { from, to } of arrows) if (isOurs(to)) graph.set(from, [...(graph.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (at: string): number => {
    const known = order.get(at);
    if (known !== undefined) return stack.includes(at) ? known : Number.POSITIVE_INFINITY;
    const mine = order.size;
    order.set(at, mine);
    stack.push(at);
    const low = Math.min(mine, ...(graph.get(at) ?? []).map(visit));
    if (low < mine) return low;
    const circle = stack.splice(stack.indexOf(at));
    if (circle.length > 1 || graph.get(at)?.includes(at)) found.push(circle.sort());
    return low;
  };
  for (const at of graph.keys()) visit(at);
  return found.sort((a, b) => (String(a) < String(b) ? -1 : 1));
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

  test('no arrow runs up, types included', () => {
    const rank = (path: string) => ORDER.indexOf(layerOf(path) ?? '');
    const up = everyImport.filter(({ from, to }) => isOurs(to) && rank(to) > rank(from));
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

  test('no file imports itself in a circle, at run time', () => {
    expect(circles(imports)).toEqual([]);
  });

  test('no file imports itself in a circle, types included', () => {
    expect(circles(everyImport)).toEqual([]);
  });

  test('circles are found, by whatever detour', () => {
    const arrows = ['a b', 'b c', 'c d', 'd b', 'd e', 'e e', 'f a'].map((each) => each.split(' '));
    const found = circles(arrows.map(([from, to]) => ({ from: `common/${from}`, to: `common/${to}` })));
    expect(found).toEqual([['common/b', 'common/c', 'common/d'], ['common/e']]);
  });

  test('the hash of the code that derives covers all that deriving imports', () => {
    const roots = ['harness/derive/current', 'harness/derive/measure-thread'];
    const reached = new Set(roots);
    for (const at of reached)
      for (const { from, to } of imports) if (from === at && isOurs(to)) reached.add(to);
    const hashed = modulesFrom(roots.map((root) => join(packageRoot, `${root}.ts`))).keys();
    const names = [...hashed].map((path) => relative(packageRoot, path).replace(/\.ts$/, ''));
    expect(names.sort()).toEqual([...reached].sort());
  });

  test('no code holds the version of a package: package.json has them', () => {
    const versions = [...sourceOf].flatMap(([file, text]) =>
      [...text.matchAll(/[a-z-]@\d+\.\d+\.\d+/g)].map((match) => `${file}: ${match[0]}`),
    );
    expect(versions).toEqual([]);
  });

  test('no file is longer than 400 lines', () => {
    const long = [...sourceOf].filter(([, text]) => text.split('\n').length > 400).map(([file]) => file);
    expect(long).toEqual([]);
  });
});

describe('engines', () => {
  test('each has a folder with the same files: engine, facts, options, and client where there is a package', async () => {
    for (const name of engineNames()) {
      const names = readdirSync(join(packageRoot, 'engines', name));
      expect(names, name).toEqual(expect.arrayContaining(['engine.ts', 'facts.ts', 'options.ts']));
      const { packages } = await loadEngine(name);
      expect(names.includes('client.ts'), name).toBe(packages.length > 0);
    }
    const folders = readdirSync(join(packageRoot, 'engines'), { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    // What an engine is, and what adapters share, is no engine.
    expect(names.filter((name) => !SHARED.includes(name)).sort()).toEqual(engineNames().sort());
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
