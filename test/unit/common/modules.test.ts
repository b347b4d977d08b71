import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeHash, modulesFrom } from '../../../common/modules.js';
import { packageRoot } from '../../../common/paths.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vecproof-modules-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
const names = (root: string) => [...modulesFrom([root]).keys()].map((path) => relative(folder, path));

describe('modules that a module loads', () => {
  it('are followed through every form of import that has code, into nested folders', () => {
    const root = write(
      'app/main.ts',
      `import { join } from 'node:path';
import type { Only } from './types.js';
import './effect.js';
import one, {
  two,
  type Three,
} from '../lib/deep/er/one.js';
export * from './again.js';
export type { Never } from './never.js';
const text = "import './text.js'";
const late = () => import('../late.js');
`,
    );
    for (const name of ['app/effect.ts', 'app/again.js', 'late.ts', 'app/types.ts', 'app/never.ts']) {
      write(name, 'export {};\n');
    }
    write('lib/deep/er/one.ts', "export { x } from '../../../app/main.js';\nimport '../two.js';\n");
    write('lib/deep/two.ts', 'export {};\n');
    const loaded = ['app/again.js', 'app/effect.ts', 'app/main.ts', 'late.ts', 'lib/deep/er/one.ts'];
    expect(names(root)).toEqual([...loaded, 'lib/deep/two.ts']);
  });

  it('that are missing are an error, as they were when it was loaded', () => {
    expect(() => modulesFrom([write('a.js', "import './b.js';\n")])).toThrow(/b\.js/);
  });
});

describe('hash of code', () => {
  const hash = (root: string, version = '1') => codeHash([root], version);

  it('changes with a file that is imported by way of others, not with one that is not', () => {
    const root = write('main.js', "import './a/b.js';\n");
    write('a/b.js', "import './c/d.js';\n");
    const nested = write('a/c/d.js', 'export const d = 1;\n');
    const stranger = write('a/c/stranger.js', '');
    const before = hash(root);
    expect(hash(root)).toBe(before);
    expect(hash(root, '2')).not.toBe(before);
    appendFileSync(stranger, '// changed\n');
    expect(hash(root)).toBe(before);
    appendFileSync(nested, '// changed\n');
    const changed = hash(root);
    expect(changed).not.toBe(before);
    write('a/c/e/new.js', '');
    expect(hash(root)).toBe(changed);
    appendFileSync(nested, "import './e/new.js';\n");
    expect(hash(root)).not.toBe(changed);
  });

  it('of deriving covers formulas and vocabulary in nested folders, and takes no time', () => {
    for (const [tree, ending] of [
      ['', 'ts'],
      ['dist/', 'js'],
    ] as const) {
      const roots = ['current', 'measure-thread'].map((name) =>
        join(packageRoot, `${tree}harness/derive/${name}.${ending}`),
      );
      const found = [...modulesFrom(roots).keys()].map((path) => relative(join(packageRoot, tree), path));
      for (const name of ['harness/measures/recall', 'harness/model/measures/speed', 'harness/truth/files']) {
        expect(found, tree).toContain(`${name}.${ending}`);
      }
      const times = Array.from({ length: 5 }, () => {
        const begin = performance.now();
        codeHash(roots, '1');
        return performance.now() - begin;
      });
      expect(Math.min(...times), tree).toBeLessThan(50);
    }
  });
});
