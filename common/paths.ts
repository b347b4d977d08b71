import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the installed package, whether the code runs from source or from `dist/`. */
export const packageRoot: string = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(start: string): string {
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json')) && !dir.endsWith('dist')) return dir;
    if (dir === dirname(dir)) throw new Error(`no package.json above ${start}`);
  }
}

/** `name` and `version` of this package. */
export function packageInfo(): { name: string; version: string } {
  return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
}

/** A compiled module's file: child processes and worker threads always run from `dist/`. */
export function compiledModule(path: string): string {
  return join(packageRoot, 'dist', path);
}

/** Where `.runs/` and `.cache/` live: `VECPROOF_HOME`, else the working directory. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env['VECPROOF_HOME'] ?? process.cwd());
}
