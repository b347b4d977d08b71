import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../../common/paths.js';
import { temporaryFolder } from './workspace.js';

/** Folder of the packages that this installation has. */
const packages = join(dirname(createRequire(import.meta.url).resolve('zod/package.json')), '..');

/** A copy of this installation, without some of its packages. */
export function installation(without: readonly string[] = []): string {
  const root = temporaryFolder();
  for (const part of [
    'dist',
    'package.json',
    'datasets/catalog',
    'docker',
    'suites',
    'reports/assets',
    'reports/html/assets',
  ])
    cpSync(join(packageRoot, part), join(root, part), { recursive: true });
  symlinkSync(join(packageRoot, 'datasets/bundled'), join(root, 'datasets/bundled'));
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(packages)) {
    if (!without.includes(name)) symlinkSync(join(packages, name), join(root, 'node_modules', name));
  }
  return root;
}
