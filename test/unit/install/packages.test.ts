import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../common/paths.js';

const { satisfies } = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string): boolean;
};
const read = (file: string) => JSON.parse(readFileSync(join(packageRoot, file), 'utf8'));
const manifest = read('package.json') as {
  overrides?: unknown;
  engines: { node: string };
  optionalDependencies: Record<string, string>;
};
interface Locked {
  dev?: boolean;
  engines?: { node?: string };
  optionalDependencies?: Record<string, string>;
}
const locked = (read('package-lock.json') as { packages: Record<string, Locked> }).packages;

/** Packages of an installation whose `engines` this Node does not meet: npm leaves optional ones out without a word. */
function leftOut(node: string): string[] {
  return Object.entries(locked)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .filter(([, { engines }]) => engines?.node !== undefined && !satisfies(node, engines.node))
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
}

describe('what an installation brings', () => {
  test('is the same for those who depend on vecproof: npm reads overrides in the root package alone', () => {
    expect(manifest.overrides).toBeUndefined();
    // Newer ones want Node 22, and with them npm leaves Milvus' client out on Node 20.
    expect(locked['']!.optionalDependencies).toMatchObject({ kerium: '1.3.8' });
    expect(Object.keys(locked).filter((path) => path.endsWith('/kerium'))).toEqual(['node_modules/kerium']);
  });

  test.each(['20.20.2', '22.12.0', '24.0.0'])('is complete on Node %s', (node) => {
    expect(satisfies(node, manifest.engines.node)).toBe(true);
    expect(leftOut(node)).toEqual([]);
  });

  test('lacks one package on the oldest Node, which takes Milvus’ client with it', () => {
    expect(leftOut('20.19.0')).toEqual(['@shanghaikid/parquetjs']);
  });
});
